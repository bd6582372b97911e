"""Runs all scenarios, one JSON line for each on stdout.

client.py GATEWAY GATEWAY_OF_SYMPHONY_ALONE GATEWAY_SHUT_OUT SYMPHONY_SANDBOX QLIK_SANDBOX LOGON_SANDBOX
          SHARED_FOLDER
"""

import json
import pathlib
import sys

import grpc

import failures
import scenarios
from context import Context
from sandbox import Sandbox
from sessiongateway.v1 import session_gateway_pb2_grpc


def main(address, partial_address, shut_out_address, symphony, qlik, logon, shared):
    failed = 0
    with (
        grpc.insecure_channel(address) as channel,
        grpc.insecure_channel(partial_address) as partial,
        grpc.insecure_channel(shut_out_address) as shut_out,
    ):
        context = Context(
            session_gateway_pb2_grpc.SessionGatewayStub(channel),
            session_gateway_pb2_grpc.SessionGatewayStub(partial),
            session_gateway_pb2_grpc.SessionGatewayStub(shut_out),
            Sandbox(symphony),
            Sandbox(qlik),
            Sandbox(logon),
            pathlib.Path(shared),
        )
        groups = (*scenarios.SCENARIOS, *failures.FAILURES)
        for scenario in groups:
            context.clear_faults()
            try:
                for result in scenario(context):
                    print(json.dumps(result, sort_keys=True, ensure_ascii=False))
            except AssertionError as error:
                failed += 1
                print(f"FAILED {scenario.__name__}: {error}", file=sys.stderr)
    print(f"python: {len(groups)} groups of scenarios, {failed} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
