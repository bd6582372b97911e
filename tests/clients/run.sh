#!/bin/bash
# A client in another language against the running gateway on its sandbox.
#
#   run.sh python|go BUILD   runs one client; what it saw goes to BUILD/clients/<language>.jsonl
#   run.sh agree BUILD       whether both saw the same
#   run.sh docs BUILD        whether the pages show the programs that run here
#
# Exit 77, skipped: the language's tools are missing or too old, or its registry cannot be reached. With
# SESSION_GATEWAY_REQUIRE_CLIENTS=1 that is a failure.
set -euo pipefail

[ $# -eq 2 ] || { echo "usage: run.sh python|go|agree|docs BUILD"; exit 2; }
readonly what=$1
build=$(cd "$2" && pwd)
readonly build
here=$(cd "$(dirname "$0")" && pwd)
proto=$here/../../proto
readonly here proto
readonly work=$build/clients
rm -f "$work/$what.skipped"
readonly python_min=3.11 go_min=1.19

# The file tells whoever called `make test`, for CTest shows a name alone.
skip() {
  mkdir -p "$work"
  echo "client $what did not run: $1" | tee "$work/$what.skipped"
  [ "${SESSION_GATEWAY_REQUIRE_CLIENTS:-}" != 1 ] || exit 1
  exit 77
}

# not_below VERSION MINIMUM
not_below() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

# fetch COMMAND…: what needs the registry. Two attempts, then the client cannot run.
fetch() {
  "$@" >"$work/fetch.log" 2>&1 || "$@" >"$work/fetch.log" 2>&1 || {
    tail -n 5 "$work/fetch.log"
    skip "its packages cannot be fetched"
  }
}

# Sets gateway, symphony and qlik, and ends the gateway together with this script.
start_gateway() {
  local log=$work/$what-gateway.log tries=200 line=
  : >"$log"
  "$build/bin/session-gateway" --sandbox --listen 127.0.0.1:0 2>"$log" &
  gateway_pid=$!
  trap stop_gateway EXIT
  while [ -z "$line" ]; do
    kill -0 "$gateway_pid" 2>/dev/null && [ "$tries" -gt 0 ] || {
      cat "$log"
      echo "the gateway does not start"
      exit 1
    }
    tries=$((tries - 1))
    sleep 0.1
    line=$(grep -m 1 '"msg":"listening"' "$log" || true)
  done
  gateway=$(field address "$line")
  symphony=$(field sandbox_symphony "$line")
  qlik=$(field sandbox_qlik "$line")
}

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

stop_gateway() {
  local result=$?
  trap - EXIT
  kill -TERM "$gateway_pid" 2>/dev/null || true
  if ! wait "$gateway_pid"; then
    tail -n 20 "$work/$what-gateway.log"
    echo "the gateway did not end well"
    result=1
  fi
  exit "$result"
}

# run_example COMMAND…: the program of docs/clients.md, once well and once refused.
run_example() {
  local said
  said=$("$@" "$gateway" symping7.3.2)
  [[ $said == "session "*" at $symphony" ]] || { echo "the example said: $said"; exit 1; }
  said=$("$@" "$gateway" "") && { echo "the example took a refusal for a success: $said"; exit 1; }
  local line
  for line in '^reason INVALID_FIELD, outcome not_sent$' '^field application_name: '; do
    grep -q "$line" <<<"$said" || { echo "the example said: $said"; exit 1; }
  done
}

prepare_python() {
  command -v python3 >/dev/null || skip "python3 is not installed"
  local version
  version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  not_below "$version" "$python_min" || skip "python3 is $version, $python_min is needed"
  local venv=$work/python-venv
  # Made anew when the interpreter or the list of packages has changed.
  local stamp
  stamp="$(python3 -VV) $(cksum <"$here/python/requirements.txt")"
  if [ "$(cat "$venv/made-of" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" || skip "python3 cannot make a venv"
    fetch "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: \
      -r "$here/python/requirements.txt"
    echo "$stamp" >"$venv/made-of"
  fi
  python=$venv/bin/python
  rm -rf "$work/python"
  mkdir -p "$work/python"
  "$python" -m grpc_tools.protoc -I "$proto" --python_out="$work/python" --grpc_python_out="$work/python" \
    "$proto"/sessiongateway/v1/*.proto
  export PYTHONPATH=$work/python PYTHONDONTWRITEBYTECODE=1
}

client_python() {
  prepare_python
  start_gateway
  run_example "$python" "$here/python/example.py"
  "$python" "$here/python/client.py" "$gateway" "$symphony" "$qlik" >"$work/python.jsonl"
}

# The sources and the generated code beside them, so that the tree stays clean.
prepare_go() {
  command -v go >/dev/null || skip "go is not installed"
  command -v protoc >/dev/null || skip "protoc is not installed"
  # A newer toolchain is never fetched for it, and what the user has set for other work is not used.
  export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOWORK=off
  local version
  version=$(go env GOVERSION)
  not_below "${version#go}" "$go_min" || skip "go is ${version#go}, $go_min is needed"
  local module=session-gateway.example/clients mapping='' proto_file
  rm -rf "$work/go"
  mkdir -p "$work/go"
  cp -R "$here/go/." "$work/go"
  cd "$work/go"
  fetch go mod download
  GOBIN=$work/go/bin go install google.golang.org/protobuf/cmd/protoc-gen-go \
    google.golang.org/grpc/cmd/protoc-gen-go-grpc
  for proto_file in "$proto"/sessiongateway/v1/*.proto; do
    mapping+=",Msessiongateway/v1/$(basename "$proto_file")=$module/sessiongateway/v1"
  done
  PATH=$work/go/bin:$PATH protoc -I "$proto" --go_out=. --go_opt="module=$module$mapping" \
    --go-grpc_out=. --go-grpc_opt="module=$module$mapping" "$proto"/sessiongateway/v1/*.proto
  local unformatted
  unformatted=$(gofmt -l "$here/go")
  [ -z "$unformatted" ] || { echo "gofmt: $unformatted"; exit 1; }
  go vet ./...
  go build -o bin/ . ./example
}

client_go() {
  prepare_go
  start_gateway
  run_example "$work/go/bin/example"
  "$work/go/bin/clients" "$gateway" "$symphony" "$qlik" "$here" >"$work/go.jsonl"
}

agree() {
  local language
  for language in python go; do
    [ -f "$work/$language.jsonl" ] || skip "there is nothing of the $language client to compare"
  done
  command -v python3 >/dev/null || skip "python3 is not installed"
  python3 "$here/agree.py" "$work/python.jsonl" "$work/go.jsonl"
}

docs() {
  command -v python3 >/dev/null || skip "python3 is not installed"
  python3 "$here/docs.py" "$here/../../docs/clients.md" "$here/../../README.md" \
    "$here/python/example.py" "$here/go/example/main.go"
}

mkdir -p "$work"
case $what in
  python | go)
    rm -f "$work/$what.jsonl"
    "client_$what"
    ;;
  agree | docs) "$what" ;;
  *) echo "usage: run.sh python|go|agree|docs BUILD" >&2; exit 2 ;;
esac
