#!/bin/bash
# The contract under buf: its form, and that clients of the newest release still understand it.
#
#   contract.sh check      lints, compares with proto/baseline.binpb, and sees that a breaking change would be found
#   contract.sh baseline   makes today's protos the baseline
set -euo pipefail
cd "$(dirname "$0")/.."
readonly baseline=proto/baseline.binpb

# buf comes from PyPI into a folder of the build, pinned.
readonly buf=build/lint/bin/buf
if [ ! -x "$buf" ]; then
  python3 -m venv build/lint
  build/lint/bin/pip install --quiet --disable-pip-version-check buf-bin==1.75.0
fi

check() {
  echo "buf lint"
  "$buf" lint proto
  echo "buf breaking"
  "$buf" breaking proto --against "$baseline"
  local changed found
  changed=$(mktemp -d)
  trap "rm -rf '$changed'" EXIT
  breaks 's/string application_name = 2;/string application_name = 92;/' FIELD_NO_DELETE
  breaks 's/optional bool privileges = 2;/optional string privileges = 2;/' FIELD_SAME_TYPE
  breaks 's/rpc CreateSession(/rpc MakeSession(/' RPC_NO_DELETE
}

# breaks SED-SCRIPT RULE: the change is refused for this reason.
breaks() {
  rm -rf "$changed/proto"
  cp -r proto "$changed/proto"
  sed -i "$1" "$changed"/proto/sessiongateway/v1/*.proto
  if found=$("$buf" breaking "$changed/proto" --against "$baseline" --error-format=json); then
    echo "contract.sh: nothing is said against $1" >&2
    exit 1
  fi
  grep -q "\"$2\"" <<<"$found" || { printf 'contract.sh: not refused as %s:\n%s\n' "$2" "$found" >&2; exit 1; }
}

case "${1:-}" in
  check) check ;;
  # Comments are no part of it, so that one that is worded anew changes nothing.
  baseline) "$buf" build proto --exclude-source-info -o "$baseline" ;;
  *) echo "usage: contract.sh check|baseline" >&2; exit 2 ;;
esac
