#!/bin/bash
# The linters: formatting of all C++, the contract under buf, scripts under shell's own check.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "clang-format"
git ls-files '*.h' '*.cc' | xargs clang-format-16 --dry-run --Werror

echo "shell scripts"
for script in .ci/run deploy/*.sh tests/*.sh tests/clients/*.sh tests/clients/*/*.sh examples/*/*.sh; do bash -n "$script"; done

# buf comes from PyPI into a folder of the build, pinned.
buf=build/lint/bin/buf
if [ ! -x "$buf" ]; then
  python3 -m venv build/lint
  build/lint/bin/pip install --quiet --disable-pip-version-check buf-bin==1.75.0
fi
echo "buf lint"
"$buf" lint proto

# The other languages' formatters and linters run with their clients; this one takes too long there.
echo "staticcheck"
status=0
tests/clients/run.sh staticcheck build || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || exit "$status"
echo "lint passed"
