#!/bin/bash
# The linters: formatting of all C++, the contract under buf, scripts under shell's own check.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "clang-format"
git ls-files '*.h' '*.cc' | xargs clang-format-16 --dry-run --Werror

echo "shell scripts"
for script in .ci/run deploy/*.sh deploy/packaging/*.sh tests/*.sh tests/clients/*.sh; do bash -n "$script"; done

tests/contract.sh check
echo "lint passed"
