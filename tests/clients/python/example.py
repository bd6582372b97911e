"""Creates a Symphony session through the gateway: example.py ADDRESS APPLICATION"""

import sys

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from sessiongateway.v1 import session_gateway_pb2_grpc, symphony_pb2


def explain(error):
    print(f"{error.code().name}: {error.details()}")
    status = rpc_status.from_call(error)  # None: the error was not made by the gateway
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        bad_request = error_details_pb2.BadRequest()
        if detail.Unpack(info):
            # outcome says whether the session exists: not_sent, refused, done or unknown
            print(f"reason {info.reason}, outcome {info.metadata['outcome']}")
        elif detail.Unpack(bad_request):
            for violation in bad_request.field_violations:
                print(f"field {violation.field}: {violation.description}")


def main(address, application):
    request = symphony_pb2.CreateSessionRequest(
        application_name=application,
        session=symphony_pb2.Session(
            session_name="nightly risk",
            session_priority=5000,
            common_data=[symphony_pb2.TypedValue(uint64=2**64 - 1)],
        ),
    )
    with grpc.insecure_channel(address) as channel:
        gateway = session_gateway_pb2_grpc.SessionGatewayStub(channel)
        try:
            response = gateway.CreateSession(request, timeout=5)  # seconds, for everything together
        except grpc.RpcError as error:
            explain(error)
            return 1
    print(f"session {response.session_id} at {response.endpoint}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
