#!/bin/bash
# run.sh BUILD SECONDS: each fuzzer for that long, one after the other, and a table of what they did. What one finds lies
# in BUILD/findings/, what it learns in BUILD/corpus/ for the next run. Fails when one found something.
set -euo pipefail
build=$1
seconds=$2
mkdir -p "$build/findings" "$build/logs"

stat() { sed -n "s/^stat::$2: *//p" "$1"; }
# The last number behind a word of the progress lines.
progress() { grep -E '^#[0-9]+' "$1" | grep -oE "$2: [0-9]+" | tail -1 | grep -oE '[0-9]+$' || echo 0; }

found=0
rows=()
for program in "$build"/bin/fuzz_*; do
  name=${program##*/fuzz_}
  log=$build/logs/$name.log
  mkdir -p "$build/corpus/$name"
  "$build/bin/write_fuzz_seeds" "$name" "$build/seeds/$name" "$build/seeds/$name.dict"
  past=tests/fuzz/regressions/$name
  [ -d "$past" ] || past=
  status=0
  "$program" "$build/corpus/$name" "$build/seeds/$name" $past -dict="$build/seeds/$name.dict" \
    -artifact_prefix="$build/findings/$name-" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1 || status=$?
  finding=none
  if [ "$status" -ne 0 ]; then
    found=1
    finding=$(grep -oE 'broken: .*|runtime error: .*|ERROR: .*' "$log" | head -1)
    finding=${finding:-exit $status, see $log}
    grep -E 'Test unit written|what\(\)' "$log" || tail -5 "$log"
  fi
  executed=$(stat "$log" number_of_executed_units)
  rows+=("$name|${executed:-?}|$(progress "$log" cov)|$(progress "$log" ft)|$(grep -oE 'corp: [0-9]+' "$log" | tail -1 | grep -oE '[0-9]+' || echo 0)|$finding")
done

{
  echo "fuzzer|executions|coverage|features|corpus|finding"
  printf '%s\n' "${rows[@]}"
} | column -t -s '|'
exit "$found"
