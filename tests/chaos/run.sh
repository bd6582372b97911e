#!/bin/sh
# run.sh BUILD: the long form of the chaos suite, and its figures at the end. SESSION_GATEWAY_SEED repeats a run.
set -eu
log="$1/chaos.log"
status=0
SESSION_GATEWAY_CHAOS=long "$1/bin/chaos_test" >"$log" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then grep -v '^\[ FIGURE' "$log"; fi
grep -F 'SESSION_GATEWAY_SEED=' "$log" | sort -u
sed -n 's/^\[ FIGURE   \] //p' "$log"
tail -n 3 "$log"
exit "$status"
