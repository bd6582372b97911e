#!/bin/sh
# Installs the Debian packages that are missing, and only those.
#
#   install-packages.sh build     what compiling the programs needs
#   install-packages.sh package   what a Debian package and an image's root file system need beside that
#   install-packages.sh test      what `make test` needs beside both
#   install-packages.sh lint      what the linters need beside that
#   install-packages.sh bench     what the benchmarks need beside what `make test` does
#   install-packages.sh fuzz      what `make fuzz` needs beside what `make build` does
#   install-packages.sh clients   the toolchains of the clients in other languages, where another one is not there
set -eu

build='g++ cmake ninja-build pkg-config libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
  libcpp-httplib-dev nlohmann-json3-dev libboost-dev libsimdjson-dev libssl-dev libyaml-cpp-dev libcli11-dev
  libspdlog-dev libhiredis-dev libjemalloc-dev golang-github-gogo-googleapis-dev'
package='dpkg-dev file openssl ca-certificates'
test='libgtest-dev libgmock-dev python3 python3-venv mmdebstrap mandoc redis-server
  valgrind libnghttp2-dev'
lint='clang-format-16 lintian'
bench='libbenchmark-dev linux-perf strace'
fuzz='clang-16 libclang-rt-16-dev'
clients='python3 python3-venv protobuf-compiler'
command -v go >/dev/null || clients="$clients golang-go"
command -v javac >/dev/null || clients="$clients default-jdk-headless"
command -v mvn >/dev/null || clients="$clients maven"
command -v node >/dev/null || clients="$clients nodejs"
command -v npm >/dev/null || clients="$clients npm"

case "${1:-}" in
  build) wanted=$build ;;
  package) wanted="$build $package" ;;
  test) wanted="$build $package $test" ;;
  lint) wanted="$build $package $test $lint" ;;
  bench) wanted="$build $package $test $bench" ;;
  fuzz) wanted="$build $fuzz" ;;
  clients) wanted=$clients ;;
  *) echo "usage: $0 build|package|test|lint|bench|fuzz|clients" >&2; exit 2 ;;
esac

missing=
for package in $wanted; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" -ne 0 ]; then
  echo "These Debian packages are missing:$missing" >&2
  echo "Install them as root, then run the same command again:" >&2
  echo "  apt-get update && $command" >&2
  exit 1
fi
echo "Installing$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists of a fresh machine may be empty or old; installing says so only when it fails.
if ! { apt-get update && $command; } >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
