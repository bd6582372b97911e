#!/bin/sh
# Builds the peers in Go.
#
#   build.sh DESCRIPTOR_SET WORK     copies them to WORK, generates the contract's code from the descriptor set, and builds
#                                    WORK/bin/{gateway,vanguard}
set -eu

here=$(cd "$(dirname "$0")" && pwd)
descriptor=$1
work=$2
# A newer toolchain is never fetched for it, and what the user has set for other work is not used.
export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOWORK=off

mkdir -p "$work/bin" "$work/contract"
cp -R "$here/go.mod" "$here/go.sum" "$here/tools.go" "$here/gateway" "$here/vanguard" "$work"
cd "$work"
go build -o bin/ google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc

files=
for name in qlik rest_options rest_request session_gateway symphony; do
  files="$files sessiongateway/v1/$name.proto"
done
names=
for file in $files; do names="$names,M$file=peers/contract"; done
# shellcheck disable=SC2086  # the names have no spaces
PATH=$work/bin:$PATH protoc --descriptor_set_in="$descriptor" \
  --go_out=. --go_opt="module=peers$names" --go-grpc_out=. --go-grpc_opt="module=peers$names" $files
go build -o bin/ ./gateway ./vanguard
