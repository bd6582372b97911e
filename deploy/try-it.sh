#!/bin/bash
# Shows the gateway at work on its embedded sandbox: starts it on free ports, creates one session of each kind with
# the client program, shows the exchange that the sandbox saw, and lets the sandbox compare what the client was told
# with what it holds.
#
#   deploy/try-it.sh build/bin
set -euo pipefail

bin=${1:?the folder with the programs}
examples=$(dirname "$0")/examples
work=$(mktemp -d)
log=$work/log
gateway=
finish() {
  [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
  [ -z "$gateway" ] || wait "$gateway" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "try-it: $*" >&2
  cat "$log" >&2
  exit 1
}

# One field of the line with which the gateway says that it listens.
listening() { sed -n "s/.*\"msg\":\"listening\".*\"$1\":\"\([^\"]*\)\".*/\1/p" "$log"; }

# METHOD URL PATH [FILE]: the answer's body; the status line goes to $work/status. Over bash's own sockets, for a fresh
# machine may have no curl.
http() {
  local address=${2#http://} length=0
  [ $# -lt 4 ] || length=$(wc -c <"$4")
  exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
  printf '%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' "$1" "$3" "$address" "$length" >&3
  [ $# -lt 4 ] || cat "$4" >&3
  cat <&3 >"$work/answer"
  exec 3>&-
  head -n 1 "$work/answer" >"$work/status"
  sed '1,/^\r*$/d' "$work/answer"
}

headline() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# UPSTREAM-URL DOCUMENT: the row that was just made must say the same.
compare() {
  local difference
  difference=$(http POST "$1" /sandbox/compare "$2")
  grep -q ' 200 ' "$work/status" || fail "the client was told something else: $difference"
}

headline 'Starting session-gateway on its sandbox'
"$bin/session-gateway" --sandbox --listen 127.0.0.1:0 2>"$log" &
gateway=$!
for _ in $(seq 200); do
  [ -z "$(listening address)" ] || break
  kill -0 "$gateway" 2>/dev/null || fail 'the gateway ended'
  sleep 0.05
done
address=$(listening address)
[ -n "$address" ] || fail 'the gateway did not start to listen'
symphony=$(listening sandbox_symphony)
qlik=$(listening sandbox_qlik)
echo "gRPC at $address, in front of stand-ins for Symphony at $symphony and Qlik at $qlik"
client=("$bin/session-gateway-client" --target "$address")

headline '1. CreateSession: what the client sends by gRPC, and what it is answered'
"${client[@]}" --explain --save "$work/symphony" create-session --application symping7.3.2 \
  --body "$examples/symphony.json" || fail 'CreateSession failed'
headline '   The REST exchange that Symphony saw'
http GET "$symphony" /sandbox/transcript

headline '2. CreateExecutionSession: what the client sends by gRPC, and what it is answered'
"${client[@]}" --explain --save "$work/qlik" create-execution-session --privileges \
  --body "$examples/qlik.json" || fail 'CreateExecutionSession failed'
headline '   The REST exchange that Qlik saw'
http GET "$qlik" /sandbox/transcript

headline '3. --dry-run: what would be sent, without sending it; a flag wins over the file'
"${client[@]}" create-session --application symping7.3.2 --body "$examples/symphony.json" --priority 10000 \
  --set '/parent/taskID="7"' --dry-run || fail 'the dry run failed'

headline 'Compared with the rows that the sandbox holds'
session=$(sed -n 's/.*"sessionId":"\([0-9]*\)".*/\1/p' "$work/symphony.answer.json")
printf '{"sessionId":%s,"applicationName":"symping7.3.2","clusterId":"","session":%s}' \
  "$session" "$(cat "$work/symphony.request.json")" >"$work/symphony.row"
compare "$symphony" "$work/symphony.row"
compare "$qlik" "$work/qlik.answer.json"
row=$(sed -n 's/^{"id":"\([^"]*\)".*/\1/p' "$work/qlik.answer.json")
echo "Symphony session $session and Qlik execution session $row: there, and equal to what the client was told."
echo
echo "Next: README.md. To call it yourself: $bin/session-gateway --sandbox, then $bin/session-gateway-client --help"
