"""Creates a Symphony session and a Qlik execution session: ADDRESS APPLICATION [CA_FILE]"""

import datetime
import pathlib
import sys
import time
import uuid

import grpc
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from sessiongateway.v1 import qlik_pb2, session_gateway_pb2_grpc, symphony_pb2

TIMEOUT = 5  # seconds of an attempt, for everything together: queue, connection, REST call and answer
PAUSES = (0.2, 0.4, 0.8)  # seconds between attempts, where the gateway asks for no other
PAUSE_MAX = 30
REPEATABLE = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def create_session(gateway, application):
    request = symphony_pb2.CreateSessionRequest(
        request_id=str(uuid.uuid4()),  # of this one session, in every attempt
        application_name=application,
        session=symphony_pb2.Session(
            session_name="nightly risk",
            session_priority=5000,
            common_data=[symphony_pb2.TypedValue(uint64=2**64 - 1)],
        ),
    )
    response = repeat(gateway.CreateSession, request)
    print(f"session {response.session_id} at {response.endpoint}{made_by(response)}")


def create_execution_session(gateway):
    abort_at = timestamp_pb2.Timestamp()
    abort_at.FromDatetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1))
    request = qlik_pb2.CreateExecutionSessionRequest(
        request_id=str(uuid.uuid4()),
        execution_session=qlik_pb2.ExecutionSession(
            reload_task=qlik_pb2.Task(name="nightly reload"),
            abort_at=abort_at,
        ),
    )
    response = repeat(gateway.CreateExecutionSession, request)
    print(f"execution session {response.execution_session.id}{made_by(response)}")


def made_by(response):
    return " (made by an earlier attempt)" if response.replayed else ""


def repeat(method, request):
    """The answer of the first attempt that has one. Never two sessions, for all have the same request_id."""
    for pause in PAUSES:
        try:
            return method(request, timeout=TIMEOUT)
        except grpc.RpcError as error:
            wait = pause_after(error, pause)
            if wait is None:
                raise
        time.sleep(wait)
    return method(request, timeout=TIMEOUT)


def pause_after(error, pause):
    """Seconds until the next attempt, or None: there is nothing to gain by one."""
    info = detail_of(error, error_details_pb2.ErrorInfo)
    asked = detail_of(error, error_details_pb2.RetryInfo)
    outcome = info.metadata["outcome"] if info else "unknown"
    if outcome == "done" or (outcome == "refused" and not asked) or error.code() not in REPEATABLE:
        return None
    wait = asked.retry_delay.ToTimedelta().total_seconds() if asked else pause
    return wait if wait <= PAUSE_MAX else None


def detail_of(error, kind):
    status = rpc_status.from_call(error)  # None: the error was not made by the gateway
    for packed in status.details if status else ():
        detail = kind()
        if packed.Unpack(detail):
            return detail
    return None


def explain(error):
    print(f"{error.code().name}: {error.details()}")
    info = detail_of(error, error_details_pb2.ErrorInfo)
    if info:
        # outcome says whether the session exists: not_sent, refused, done or unknown
        print(f"reason {info.reason}, outcome {info.metadata['outcome']}")
    bad_request = detail_of(error, error_details_pb2.BadRequest)
    for violation in bad_request.field_violations if bad_request else ():
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
