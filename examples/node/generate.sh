#!/bin/sh
# Writes the contract's TypeScript code, and that of the error details, to src/generated, with protoc of the PATH.
# int64 and uint64 are bigint; a Timestamp keeps its nanoseconds, which a Date has not.
set -eu
cd "$(dirname "$0")"

options=outputServices=grpc-js,esModuleInterop=true,importSuffix=.js,env=node,forceLong=bigint,useDate=false
options=$options,outputJsonMethods=false,useExactTypes=false
mkdir -p src/generated
protoc --plugin=node_modules/.bin/protoc-gen-ts_proto --ts_proto_out=src/generated --ts_proto_opt="$options" \
  -I ../../proto -I node_modules/google-proto-files \
  ../../proto/sessiongateway/v1/*.proto google/rpc/status.proto google/rpc/error_details.proto
