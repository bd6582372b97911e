#!/bin/sh
# Writes the contract's Go code to sessiongateway/v1, with the generators of go.mod and protoc of the PATH. The files of
# the contract name no Go package; here it is told to the generators.
set -eu
cd "$(dirname "$0")"

proto=../../proto
module=$(go list -m)
mapping=module=$module
for file in "$proto"/sessiongateway/v1/*.proto; do
  mapping="$mapping,Msessiongateway/v1/$(basename "$file")=$module/sessiongateway/v1"
done
GOBIN=$PWD/bin go install google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
PATH=$PWD/bin:$PATH protoc -I "$proto" --go_out=. --go_opt="$mapping" --go-grpc_out=. --go-grpc_opt="$mapping" \
  "$proto"/sessiongateway/v1/*.proto
