#!/bin/bash
# The linters: formatting of all C++, the contract under buf, scripts under shell's own check.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "clang-format"
git ls-files '*.h' '*.cc' | xargs clang-format-16 --dry-run --Werror

echo "shell scripts"
for script in .ci/run deploy/*.sh deploy/packaging/*.sh tests/*.sh tests/bench/*/*.sh tests/chaos/*.sh tests/clients/*.sh tests/clients/*/*.sh \
  tests/fuzz/*.sh tests/mesh/*.sh examples/*/*.sh; do bash -n "$script"; done

if command -v gofmt >/dev/null; then
  echo "gofmt"
  unformatted=$(gofmt -l tests/bench/peers)
  [ -z "$unformatted" ] || { echo "gofmt: $unformatted"; exit 1; }
fi

tests/contract.sh check

# The other languages' formatters and linters run with their clients; this one takes too long there.
echo "staticcheck"
status=0
tests/clients/run.sh staticcheck build || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || exit "$status"
echo "lint passed"
