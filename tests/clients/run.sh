#!/bin/bash
# A client in another language against the running gateway on its sandbox.
#
#   run.sh python|go|java|node BUILD   builds, checks and runs one example and its scenarios; what the scenarios saw goes
#                                      to BUILD/clients/<language>.jsonl
#   run.sh agree BUILD                 whether all saw the same
#   run.sh docs BUILD                  whether the pages show the programs that run here
#   run.sh staticcheck BUILD           the Go linter that is too slow for each run of the tests
#
# Exit 77, skipped: the language's tools are missing or too old, or its registry cannot be reached. With
# SESSION_GATEWAY_REQUIRE_CLIENTS=1 that is a failure.
set -euo pipefail

usage() {
  echo "usage: run.sh python|go|java|node|agree|docs|staticcheck BUILD" >&2
  exit 2
}

[ $# -eq 2 ] || usage
readonly what=$1
mkdir -p "$2"
build=$(cd "$2" && pwd)
readonly build
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
readonly here root
readonly work=$build/clients
rm -f "$work/$what.skipped"

# The file tells whoever called `make test`, for CTest shows a name alone.
skip() {
  mkdir -p "$work"
  echo "client $what did not run: $1" | tee "$work/$what.skipped"
  [ "${SESSION_GATEWAY_REQUIRE_CLIENTS:-}" != 1 ] || exit 1
  exit 77
}

# needs TOOL…
needs() {
  local tool
  for tool in "$@"; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
}

# needs_version TOOL VERSION MINIMUM
needs_version() { not_below "$2" "$3" || skip "$1 is $2, $3 is needed"; }

# not_below VERSION MINIMUM
not_below() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

# fetch COMMAND…: what needs the registry. Two attempts, then the client cannot run.
fetch() {
  local log=$work/$what-fetch.log
  "$@" >"$log" 2>&1 || "$@" >"$log" 2>&1 || {
    tail -n 5 "$log"
    skip "its packages cannot be fetched"
  }
}

# copy_example LANGUAGE: the example and the contract as they lie in the tree, where code can be generated beside them;
# without what somebody built there. Sets `example`, its folder.
copy_example() {
  local tree=$work/$1
  example=$tree/examples/$1
  rm -rf "$tree"
  mkdir -p "$tree/examples"
  cp -R "$root/proto" "$tree/proto"
  tar -C "$root/examples" --exclude=node_modules --exclude=.venv --exclude=target --exclude=dist --exclude=bin \
    --exclude=generated --exclude=sessiongateway -cf - "$1" | tar -C "$tree/examples" -xf -
}

# start NAME LINE COMMAND…: sets `started`, its first line like LINE, and ends the program together with this script.
start() {
  local log=$work/$what-$1.log line=$2 tries=200
  shift 2
  : >"$log"
  "$@" >"$log" 2>&1 &
  programs+=($!)
  logs+=("$log")
  started=
  while [ -z "$started" ]; do
    kill -0 "${programs[-1]}" 2>/dev/null && [ "$tries" -gt 0 ] || {
      cat "$log"
      echo "$1 does not start"
      exit 1
    }
    tries=$((tries - 1))
    sleep 0.1
    started=$(grep -m 1 "$line" "$log" || true)
  done
}

# start_gateway NAME FLAG…
start_gateway() {
  local name=$1
  shift
  start "$name" '"msg":"listening"' "$build/bin/session-gateway" "$@" --listen 127.0.0.1:0
}

# start_sandbox NAME FLAG…
start_sandbox() {
  local name=$1
  shift
  start "$name" '"qlik":' "$build/bin/session-gateway-sandbox" "$@"
}

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

# make_certificates: `ca`, what the listener's certificate is checked against, and `other_ca`, which has not signed it.
make_certificates() {
  local keys=$work/$what-tls
  rm -rf "$keys"
  mkdir -p "$keys"
  ca=$keys/ca.pem
  other_ca=$keys/other_ca.pem
  new_certificate "$ca" "$keys/ca_key.pem" "Test authority" -addext keyUsage=critical,keyCertSign
  new_certificate "$other_ca" "$keys/other_key.pem" "Another authority" -addext keyUsage=critical,keyCertSign
  new_certificate "$keys/server.pem" "$keys/server_key.pem" localhost -CA "$ca" -CAkey "$keys/ca_key.pem" \
    -addext subjectAltName=IP:127.0.0.1,DNS:localhost -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=serverAuth
}

# new_certificate FILE KEY NAME FLAG…
new_certificate() {
  local file=$1 key=$2 name=$3
  shift 3
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj "/CN=$name" \
    -out "$file" -keyout "$key" "$@" 2>"$work/$what-openssl.log" || {
    cat "$work/$what-openssl.log"
    echo "no certificate of $name"
    exit 1
  }
}

# One on both upstreams of the sandbox, one that is configured for its Symphony alone, one with TLS, and one that comes to
# neither upstream.
start_gateways() {
  programs=()
  logs=()
  trap stop_programs EXIT
  start_gateway gateway --sandbox
  gateway=$(field address "$started")
  symphony=$(field sandbox_symphony "$started")
  qlik=$(field sandbox_qlik "$started")
  printf 'symphony:\n  endpoints: ["%s"]\n' "$symphony" >"$work/$what-partial.yaml"
  start_gateway partial --config "$work/$what-partial.yaml"
  partial=$(field address "$started")
  make_certificates
  cat >"$work/$what-tls.yaml" <<YAML
listen:
  tls: {cert_file: "$work/$what-tls/server.pem", key_file: "$work/$what-tls/server_key.pem"}
symphony:
  endpoints: ["$symphony"]
qlik:
  endpoints: ["$qlik"]
  auth: {user_directory: INTERNAL, user_id: sa_api}
YAML
  start_gateway tls --config "$work/$what-tls.yaml"
  encrypted=$(field address "$started")
  encrypted=localhost:${encrypted##*:}  # its name, for not every language checks an address quietly
  start_shut_out
}

# Its password is wrong at one upstream, and another authority than it trusts has signed the other's certificate. The
# lockout outlasts the scenarios.
start_shut_out() {
  start_sandbox logon --symphony-user svc:right
  logon=$(field symphony "$started")
  rm -rf "$work/$what-stranger"
  start_sandbox stranger --tls --tls-dir "$work/$what-stranger"
  echo wrong >"$work/$what-password"
  cat >"$work/$what-shut-out.yaml" <<YAML
symphony:
  endpoints: ["$logon"]
  auth: {mode: service_account, user: svc, password_file: "$work/$what-password", lockout_min: 10m}
qlik:
  endpoints: ["$(field qlik "$started")"]
  auth: {user_directory: INTERNAL, user_id: sa_api}
  tls:
    ca_file: "$other_ca"
    cert_file: "$work/$what-stranger/client.pem"
    key_file: "$work/$what-stranger/client_key.pem"
YAML
  start_gateway shut-out --config "$work/$what-shut-out.yaml"
  shut_out=$(field address "$started")
}

stop_programs() {
  local result=$? i
  trap - EXIT
  for i in "${!programs[@]}"; do
    kill -TERM "${programs[i]}" 2>/dev/null || true
    if ! wait "${programs[i]}"; then
      tail -n 20 "${logs[i]}"
      echo "${logs[i]##*/}: the program did not end well"
      result=1
    fi
  done
  exit "$result"
}

# create_both COMMAND…: creates both sessions.
create_both() {
  local said line
  said=$("$@") || { echo "the example failed: $said"; exit 1; }
  for line in "^session [0-9]* at $symphony\$" '^execution session [0-9a-f-]\{36\}$'; do
    grep -q "$line" <<<"$said" || { echo "the example said: $said"; exit 1; }
  done
}

# run_example COMMAND…: what a user copies: once well, once with TLS, once refused, and once before a stranger.
run_example() {
  local said line
  create_both "$@" "$gateway" symping7.3.2
  create_both "$@" "$encrypted" symping7.3.2 "$ca"
  said=$("$@" "$encrypted" symping7.3.2 "$other_ca" 2>&1) && { echo "the example trusts everybody: $said"; exit 1; }
  grep -qi unavailable <<<"$said" || { echo "the example said of a stranger: $said"; exit 1; }
  said=$("$@" "$gateway" "") && { echo "the example took a refusal for a success: $said"; exit 1; }
  for line in '^reason INVALID_FIELD, outcome not_sent$' '^field application_name: '; do
    grep -q "$line" <<<"$said" || { echo "the example said: $said"; exit 1; }
  done
}

# ask ENDPOINT METHOD NAME [BODY]: a call of the sandbox's control plane.
ask() {
  local host=${1#http://} connection
  exec {connection}<>"/dev/tcp/${host%:*}/${host##*:}"
  printf '%s /sandbox/%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
    "$2" "$3" "$host" "${#4}" "${4:-}" >&"$connection"
  cat <&"$connection"
  exec {connection}>&-
}

# creates ENDPOINT: how many sessions or rows there are.
creates() { ask "$1" GET counters "" | grep -o '"creates":[0-9]*' | tail -n 1 | tr -dc 0-9; }

# says_once ENDPOINT LINE SAID BEFORE: one more is there than before, and the example told of it by this line.
says_once() {
  local made=$(($(creates "$1") - $4))
  [ "$made" -eq 1 ] || { echo "$made created in place of one; the example said: $3"; exit 1; }
  grep -q "^$2 (made by an earlier attempt)\$" <<<"$3" || { echo "the example said of a repeat: $3"; exit 1; }
}

# run_example_too_late COMMAND…: the first answer comes after the example's deadline, of either create.
run_example_too_late() {
  local said symphony_before qlik_before late='{"kind": "delay", "ms": 5400}'
  symphony_before=$(creates "$symphony")
  qlik_before=$(creates "$qlik")
  ask "$symphony" POST faults "$late" >/dev/null
  ask "$qlik" POST faults "$late" >/dev/null
  said=$("$@" "$gateway" symping7.3.2) || { echo "the example failed: $said"; exit 1; }
  says_once "$symphony" "session [0-9]* at $symphony" "$said" "$symphony_before"
  says_once "$qlik" 'execution session [0-9a-f-]\{36\}' "$said" "$qlik_before"
}

# run_example_cut_off COMMAND…: its connection to the gateway is reset while the create is under way.
run_example_cut_off() {
  local said_file=$work/$what-cut-off.log before port line example proxy_id tries=300
  # It ends with its input, at the latest with this script.
  coproc proxy { exec "$build/bin/session-gateway-chaos-proxy" "${gateway##*:}"; }
  proxy_id=$proxy_PID
  read -r line port <&"${proxy[0]}"
  [ "$line" = port ] || { echo "the proxy said: $line"; exit 1; }
  before=$(creates "$symphony")
  ask "$symphony" POST faults '{"kind": "delay", "ms": 1500}' >/dev/null
  "$@" "127.0.0.1:$port" symping7.3.2 >"$said_file" &
  example=$!
  while [ "$(creates "$symphony")" -eq "$before" ] && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.1
  done
  echo "end reset" >&"${proxy[1]}"
  wait "$example" || { echo "the example failed: $(cat "$said_file")"; exit 1; }
  exec {proxy[1]}>&-
  wait "$proxy_id"
  says_once "$symphony" "session [0-9]* at $symphony" "$(cat "$said_file")" "$before"
}

run_client() {
  # Each sets the arrays example_command and scenarios_command.
  # shellcheck source=/dev/null
  . "$here/$what/build.sh"
  needs openssl
  build_client
  start_gateways
  run_example "${example_command[@]}"
  run_example_too_late "${example_command[@]}"
  run_example_cut_off "${example_command[@]}"
  "${scenarios_command[@]}" "$gateway" "$partial" "$shut_out" "$symphony" "$qlik" "$logon" \
    "$here" >"$work/$what.jsonl"
}

readonly languages=(python go java node)

agree() {
  needs python3
  local language seen=()
  for language in "${languages[@]}"; do
    if [ -s "$work/$language.jsonl" ]; then seen+=("$work/$language.jsonl"); fi
  done
  [ ${#seen[@]} -ge 2 ] || skip "there is nothing of two clients to compare"
  python3 "$here/agree.py" "${seen[@]}"
  [ ${#seen[@]} -eq ${#languages[@]} ] || skip "only ${#seen[@]} of ${#languages[@]} clients ran; these agree"
}

docs() {
  needs python3
  python3 "$here/docs.py" "$root/docs/clients.md" "$root/docs/once.md" "$root/README.md" "$root"/examples/README.md \
    "$root/examples/python/create_sessions.py" "$root/examples/go/main.go" \
    "$root/examples/java/src/main/java/example/CreateSessions.java" "$root/examples/node/src/create-sessions.ts"
}

staticcheck() {
  . "$here/go/build.sh"
  build_client
  check_client
}

mkdir -p "$work"
case $what in
  python | go | java | node)
    rm -f "$work/$what.jsonl"
    run_client
    ;;
  agree | docs | staticcheck) "$what" ;;
  *) usage ;;
esac
