"""Calls to the gateway, and what their errors say."""

import dataclasses

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

CALL_TIMEOUT = 20  # seconds; only a broken gateway takes that long
TRAILERS_BYTES_MAX = 4096


@dataclasses.dataclass
class Answer:
    """How a call ended: a response, or an error with its details."""

    code: str = "OK"
    response: object = None
    message: str = ""
    reason: str = ""
    outcome: str = ""  # the trailer
    pushback: str = ""  # the trailer
    metadata: dict = dataclasses.field(default_factory=dict)  # of the ErrorInfo
    fields: list = dataclasses.field(default_factory=list)  # of the BadRequest
    retry_after: int = 0  # seconds, of the RetryInfo

    def result(self, scenario, **values):
        """What every client must have seen alike."""
        return {
            "scenario": scenario,
            "code": self.code,
            "reason": self.reason,
            "outcome": self.outcome,
            "values": values,
        }


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} where {expected!r} was expected")


def call(method, request, timeout=CALL_TIMEOUT, metadata=None):
    try:
        return Answer(response=method(request, timeout=timeout, metadata=metadata))
    except grpc.RpcError as error:
        return _read_error(error)


def _read_error(error):
    trailers = error.trailing_metadata() or ()
    trailer = dict(trailers)
    answer = Answer(
        code=error.code().name,
        message=error.details(),
        outcome=trailer.get("session-gateway-outcome", ""),
        pushback=trailer.get("grpc-retry-pushback-ms", ""),
    )
    status = rpc_status.from_call(error)
    if status is None:  # the error is this client's own, such as its timer's
        return answer
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        bad_request = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            equal(info.domain, "sessiongateway.v1", "domain")
            answer.reason = info.reason
            answer.metadata = dict(info.metadata)
        elif detail.Unpack(bad_request):
            answer.fields = [violation.field for violation in bad_request.field_violations]
        elif detail.Unpack(retry):
            answer.retry_after = retry.retry_delay.seconds
        else:
            raise AssertionError(f"an unexpected detail: {detail.type_url}")
    _check_error(answer, sum(len(key) + len(value) for key, value in trailers))
    return answer


def _check_error(answer, trailers_size):
    """What holds of every error that the gateway makes."""
    equal(answer.outcome, answer.metadata.get("outcome"), "the trailer's outcome")
    equal(answer.pushback, "-1" if answer.outcome in ("unknown", "done") else "", "grpc-retry-pushback-ms")
    if answer.code == "UNAVAILABLE":
        equal(answer.outcome, "not_sent", "the outcome of UNAVAILABLE")
    if trailers_size >= TRAILERS_BYTES_MAX:
        raise AssertionError(f"the trailers have {trailers_size} bytes")


def expect_ok(answer):
    equal((answer.code, answer.message), ("OK", ""), "the call's status")
    return answer.response


def expect_error(answer, code, reason, outcome, phase):
    seen = (answer.code, answer.reason, answer.outcome, answer.metadata.get("phase"))
    equal(seen, (code, reason, outcome, phase), f"the error ({answer.message})")
