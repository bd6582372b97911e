#!/bin/bash
# Shows the gateway at work on its embedded sandbox: starts it on free ports, creates one session of each kind with
# the client program, and compares what the client was told with what the sandbox holds.
#
#   deploy/try-it.sh build/bin
set -euo pipefail

bin=${1:?the folder with the programs}
data=$(dirname "$0")/../tests/data
log=$(mktemp)
gateway=
finish() {
  [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
  [ -z "$gateway" ] || wait "$gateway" 2>/dev/null || true
  rm -f "$log"
}
trap finish EXIT

fail() {
  echo "try-it: $*" >&2
  cat "$log" >&2
  exit 1
}

# One field of the line with which the gateway says that it listens.
listening() { sed -n "s/.*\"msg\":\"listening\".*\"$1\":\"\([^\"]*\)\".*/\1/p" "$log"; }

# GET over bash's own sockets: a fresh machine may have no curl.
get() {
  local address=${1#http://}
  exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
  printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$address" >&3
  sed '1,/^\r*$/d' <&3
  exec 3>&-
}

headline() { printf '\n\033[1m%s\033[0m\n' "$*"; }

headline 'Starting session-gateway on its sandbox'
"$bin/session-gateway" --sandbox --listen 127.0.0.1:0 2>"$log" &
gateway=$!
for _ in $(seq 100); do
  [ -z "$(listening address)" ] || break
  kill -0 "$gateway" 2>/dev/null || fail 'the gateway ended'
  sleep 0.05
done
address=$(listening address)
[ -n "$address" ] || fail 'the gateway did not start to listen'
symphony=$(listening sandbox_symphony)
qlik=$(listening sandbox_qlik)
echo "gRPC at $address; in front of Symphony at $symphony and Qlik at $qlik (both built in)"

headline '1. CreateSession: gRPC -> Symphony'
"$bin/session-gateway-client" --target "$address" --explain --id-to "$log.symphony" \
  create-session --application symping7.3.2 --body "$data/symphony.json" || fail 'CreateSession failed'

headline '2. CreateExecutionSession: gRPC -> Qlik'
"$bin/session-gateway-client" --target "$address" --explain --id-to "$log.qlik" \
  create-execution-session --privileges --body "$data/qlik.json" || fail 'CreateExecutionSession failed'

headline 'What the sandbox holds now'
session_id=$(cat "$log.symphony")
row_id=$(cat "$log.qlik")
rm -f "$log.symphony" "$log.qlik"
get "$symphony" /sandbox/rows | grep -q "\"sessionId\":$session_id[,}]" || fail "Symphony has no session $session_id"
get "$qlik" /sandbox/rows | grep -q "\"id\":\"$row_id\"" || fail "Qlik has no row $row_id"
echo "Symphony session $session_id and Qlik execution session $row_id: both are there."
echo
echo "Next: README.md. To call it yourself: $bin/session-gateway --sandbox"
