"""Creates a Symphony session and a Qlik execution session: ADDRESS APPLICATION [CA_FILE]"""

import datetime
import pathlib
import sys

import grpc
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from sessiongateway.v1 import qlik_pb2, session_gateway_pb2_grpc, symphony_pb2

TIMEOUT = 5  # seconds, for everything together: queue, connection, REST call and answer


def create_session(gateway, application):
    request = symphony_pb2.CreateSessionRequest(
        application_name=application,
        session=symphony_pb2.Session(
            session_name="nightly risk",
            session_priority=5000,
            common_data=[symphony_pb2.TypedValue(uint64=2**64 - 1)],
        ),
    )
    response = gateway.CreateSession(request, timeout=TIMEOUT)
    print(f"session {response.session_id} at {response.endpoint}")


def create_execution_session(gateway):
    abort_at = timestamp_pb2.Timestamp()
    abort_at.FromDatetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1))
    request = qlik_pb2.CreateExecutionSessionRequest(
        execution_session=qlik_pb2.ExecutionSession(
            reload_task=qlik_pb2.Task(name="nightly reload"),
            abort_at=abort_at,
        ),
    )
    response = gateway.CreateExecutionSession(request, timeout=TIMEOUT)
    print(f"execution session {response.execution_session.id}")


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


def open_channel(address, ca_file=None):
    if ca_file is None:
        return grpc.insecure_channel(address)
    root_certificates = pathlib.Path(ca_file).read_bytes()
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(root_certificates))


def main(address, application, ca_file=None):
    with open_channel(address, ca_file) as channel:
        gateway = session_gateway_pb2_grpc.SessionGatewayStub(channel)
        try:
            create_session(gateway, application)
            create_execution_session(gateway)
        except grpc.RpcError as error:
            explain(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
