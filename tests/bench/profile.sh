#!/bin/sh
# Where a call's time goes, of the program as it was built:
#
#   profile.sh BUILD [CALLS]
#
# For each kind of call, with 64 in flight before an upstream that answers at once: what it takes of the
# processor, where the processor is found (sampled by perf), and the calls of the system (strace, which slows
# the program down: counts, not times). Then the instructions of one call at a time by library, as Valgrind
# counts them. docs/profile.md explains the rows.
set -eu
build=$(cd "$1" && pwd)
calls=${2:-60000}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
load=
end() {
  [ -z "$load" ] || kill "$load" 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT

# Begins the calls; the gateway's process is in $gateway.
begin() {
  "$build/bin/call_profile" "$@" >"$work/load" &
  load=$!
  until gateway=$(awk '/^process/ { print $2 }' "$work/load") && [ -n "$gateway" ]; do :; done
}

for kind in symphony symphony_once qlik qlik_once; do
  echo "== $kind"
  begin "$kind" 64 "$calls"
  perf record -q -e cpu-clock -F 2000 -p "$gateway" -o "$work/perf" >/dev/null 2>&1 &
  perf=$!
  wait "$load"
  load=
  wait "$perf" || true
  awk '/processor/' "$work/load"
  perf report -i "$work/perf" --sort dso 2>/dev/null | awk '/%/ && ++n <= 12 { print "  " $0 }'

  begin "$kind" 64 1000000
  timeout -s INT 3 strace -f -c -o "$work/strace" -p "$gateway" 2>/dev/null || true
  kill "$load" && wait "$load" || true
  load=
  awk '$4 ~ /^[0-9]+$/ && $NF != "total" { print "  " $NF " " $4 }' "$work/strace" | sort -k2 -rn | head -12

  begin "$kind" 1 1000000 /usr/bin/valgrind -q --tool=callgrind "--callgrind-out-file=$work/counts"
  sleep 6
  vgdb --pid="$gateway" zero >/dev/null 2>&1
  sleep 4
  vgdb --pid="$gateway" dump >/dev/null 2>&1
  kill "$load" && wait "$load" || true
  load=
  python3 -B "$here/instructions_by_library.py" "$work"/counts.1
  rm -f "$work"/counts*
done
