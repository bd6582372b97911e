#!/bin/bash
# What is known of the release, from its two homes: the version in CMakeLists.txt, its day in CHANGELOG.md.
#
#   release.sh version     0.1.0
#   release.sh epoch       its day in seconds since 1970, for files that are the same whenever they are made
#   release.sh changelog   the changelog of the Debian package
#   release.sh archive DIRECTORY   DIRECTORY/session-gateway-proto-VERSION.tar.gz: the contract for clients
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)

version=$(sed -n 's/^project(session_gateway VERSION \([0-9.]*\) .*/\1/p' "$tree/CMakeLists.txt")
day=$(sed -n "s/^## \[${version//./\\.}\] - //p" "$tree/CHANGELOG.md")
if [ -z "$version" ] || [ -z "$day" ]; then
  echo "release.sh: CHANGELOG.md has no day for version ${version:-in CMakeLists.txt}" >&2
  exit 1
fi
epoch=$(date -u -d "$day" +%s)

changelog() {
  printf 'session-gateway (%s-1) stable; urgency=medium\n\n' "$version"
  printf '  * Release %s. What changed: /usr/share/doc/session-gateway/changelog.gz\n\n' "$version"
  printf ' -- session-gateway maintainers <maintainers@session-gateway.invalid>  %s\n' "$(LC_ALL=C date -u -R -d "$day")"
}

archive() {
  local name=session-gateway-proto-$version work
  work=$(mktemp -d)
  trap "rm -rf '$work'" EXIT
  mkdir -p "$1" "$work/$name"
  cp -r "$tree/proto/sessiongateway" "$tree/proto/README.md" "$tree/proto/buf.yaml" "$tree/LICENSE" "$tree/CHANGELOG.md" \
    "$work/$name"
  chmod -R u=rwX,go=rX "$work/$name"
  tar --create --directory "$work" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --format=gnu "$name" |
    gzip -9n >"$1/$name.tar.gz"
  echo "$1/$name.tar.gz"
}

case "${1:-}" in
  version) echo "$version" ;;
  epoch) echo "$epoch" ;;
  changelog) changelog ;;
  archive) archive "${2:?the folder for the archive}" ;;
  *) echo "usage: release.sh version|epoch|changelog|archive DIRECTORY" >&2; exit 2 ;;
esac
