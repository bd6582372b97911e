#!/bin/sh
# Writes the contract's Python code to sessiongateway/v1, with the grpcio-tools of requirements.txt.
set -eu
cd "$(dirname "$0")"

proto=../../proto
python -m grpc_tools.protoc -I "$proto" --python_out=. --pyi_out=. --grpc_python_out=. \
  "$proto"/sessiongateway/v1/*.proto
