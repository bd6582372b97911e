"""Calls to both gateways, and what the scenarios share."""

import contextlib

from gateway import CALL_TIMEOUT, call, equal
from sessiongateway.v1 import qlik_pb2, symphony_pb2

APPLICATION = "symping7.3.2"


class Context:
    def __init__(self, stub, partial_stub, shut_out_stub, symphony, qlik, logon, shared):
        self.stub = stub
        self.partial_stub = partial_stub  # of a gateway that knows Symphony alone
        self.shut_out_stub = shut_out_stub  # of a gateway that comes to neither upstream
        self.symphony = symphony
        self.qlik = qlik
        self.logon = logon  # the Symphony that refuses the other gateway's password
        self.shared = shared

    def expected_body(self, name):
        """The file's line ends are for its reader, the text has none."""
        return (self.shared / "expected" / f"{name}.json").read_text(encoding="utf-8").replace("\n", "")

    def clear_faults(self):
        self.symphony.clear_faults()
        self.qlik.clear_faults()

    def create_session(self, session=None, timeout=CALL_TIMEOUT, metadata=None, **fields):
        fields.setdefault("application_name", APPLICATION)
        request = symphony_pb2.CreateSessionRequest(session=session, **fields)
        return call(self.stub.CreateSession, request, timeout, metadata)

    def create_execution_session(self, execution_session, timeout=CALL_TIMEOUT, metadata=None, **fields):
        request = qlik_pb2.CreateExecutionSessionRequest(execution_session=execution_session, **fields)
        return call(self.stub.CreateExecutionSession, request, timeout, metadata)


@contextlib.contextmanager
def upstream_sees(sandbox, requests, creates):
    """Exactly so many requests and new rows: nothing is sent twice, nothing is sent that must not be."""
    before = sandbox.counters()
    yield
    after = sandbox.counters()
    equal(after["requests"] - before["requests"], requests, "requests at the upstream")
    equal(after["creates"] - before["creates"], creates, "creates at the upstream")


def check_session_answer(context, response, application, cluster):
    row = context.symphony.last_row()
    equal(response.session_id, str(row["sessionId"]), "session_id")
    equal(response.application_name, application, "application_name")
    equal(response.cluster_id, cluster, "cluster_id")
    equal(response.endpoint, context.symphony.endpoint, "endpoint")
    equal(response.replayed, False, "replayed")
    equal(dict(response.additional_json), {}, "additional_json")
