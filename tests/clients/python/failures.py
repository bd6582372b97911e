"""Calls that do not succeed, and what surrounds a call."""

import json
import uuid

import messages
from context import APPLICATION, check_session_answer, upstream_sees
from gateway import call, equal, expect_error, expect_ok
from sessiongateway.v1 import qlik_pb2, symphony_pb2

# How often the deadline scenarios are tried: where other programs take all of the processor, the client's own
# timer may win against an answer that comes 100 ms before it.
DEADLINE_ATTEMPTS = 4


def refused_here(context, scenario, sandbox, create, expected):
    """Nothing is sent for a message that breaks a rule, and the error names the fields."""
    with upstream_sees(sandbox, requests=0, creates=0):
        answer = create()
    expect_error(answer, "INVALID_ARGUMENT", "INVALID_FIELD", "not_sent", "validate")
    equal(sorted(answer.fields), sorted(expected), "the fields")
    equal(answer.metadata["upstream"], "symphony" if sandbox is context.symphony else "qlik", "upstream")
    yield answer.result(scenario, fields=answer.fields)


def invalid_requests(context):
    yield from refused_here(
        context,
        "invalid_session",
        context.symphony,
        lambda: context.create_session(
            messages.session_with_faults(),
            application_name="",
            cluster_id="\n",
            request_id=messages.ZERO_GUID,
        ),
        [
            "request_id",
            "application_name",
            "cluster_id",
            "session.session_tag",
            "session.session_priority",
            "session.common_data[1].other.type",
            "session.common_data[2]",
            "session.service_to_slot_ratio",
            "session.preemption_rank",
            "session.default_resource_attribute_value",
            "session.docker_mount_definition[1].host_dir",
            'session.additional_json["/sessionName"]',
            'session.additional_json["/a\\"b"]',
        ],
    )
    yield from refused_here(
        context,
        "many_faults",
        context.symphony,
        lambda: context.create_session(symphony_pb2.Session(common_data=[symphony_pb2.TypedValue()] * 40)),
        [f"session.common_data[{i}]" for i in range(16)],
    )
    yield from refused_here(
        context,
        "invalid_execution_session",
        context.qlik,
        lambda: context.create_execution_session(messages.execution_session_with_faults(), request_id="x"),
        [
            "request_id",
            "execution_session.id",
            "execution_session.abort_at",
            "execution_session.execution_result.file_reference_id",
            "execution_session.execution_result.details[1].id",
            'execution_session.additional_json["/app"]',
        ],
    )
    yield from refused_here(
        context,
        "no_execution_session",
        context.qlik,
        lambda: context.create_execution_session(None),
        ["execution_session"],
    )


def request_id(context):
    """A repeat creates nothing: it gets the first answer again, and other content is refused."""
    fields = {"request_id": str(uuid.uuid4())}
    with upstream_sees(context.symphony, requests=1, creates=1):
        first = expect_ok(context.create_session(**fields))
        answer = context.create_session(**fields)
    again = expect_ok(answer)
    equal((first.replayed, again.replayed), (False, True), "replayed")
    equal(again.session_id, first.session_id, "session_id")
    yield answer.result("session_request_id", replayed=again.replayed)
    with upstream_sees(context.symphony, requests=0, creates=0):
        answer = context.create_session(cluster_id="another", **fields)
    expect_error(answer, "INVALID_ARGUMENT", "REQUEST_ID_REUSED", "not_sent", "validate")
    equal(answer.fields, ["request_id"], "fields")
    yield answer.result("session_request_id_reused", message=answer.message)
    with upstream_sees(context.qlik, requests=1, creates=1):
        first = expect_ok(context.create_execution_session(qlik_pb2.ExecutionSession(), **fields))
        answer = context.create_execution_session(qlik_pb2.ExecutionSession(), **fields)
    again = expect_ok(answer)
    equal((first.replayed, again.replayed), (False, True), "replayed")
    equal(again.execution_session, first.execution_session, "execution_session")
    yield answer.result("execution_session_request_id", replayed=again.replayed)


def refused_by_sandbox(context):
    """A refusal of the sandbox's own: it is strict, and it knows no such member."""
    with upstream_sees(context.symphony, requests=1, creates=0):
        answer = context.create_session(symphony_pb2.Session(additional_json={"/futureMember": "1"}))
    expect_error(answer, "INVALID_ARGUMENT", "UPSTREAM_REFUSED", "refused", "receive")
    equal("futureMember" in answer.message, True, "the message names the member")
    yield answer.result("refused_by_sandbox", message=answer.message)


def failures(context):
    for case in json.loads((context.shared / "failures.json").read_text(encoding="utf-8")):
        sandbox = context.symphony if case["upstream"] == "symphony" else context.qlik
        sandbox.add_fault(case["fault"])
        created = case["outcome"] in ("done", "unknown") and case["fault"]["kind"] not in ("status", "html")
        with upstream_sees(sandbox, requests=1, creates=1 if created else 0):
            if case["upstream"] == "symphony":
                answer = context.create_session()
            else:
                answer = context.create_execution_session(qlik_pb2.ExecutionSession())
        try:
            expect_error(answer, case["code"], case["reason"], case["outcome"], case["phase"])
            equal(answer.metadata["upstream"], case["upstream"], "upstream")
            equal(answer.metadata.get("http_status"), case.get("http_status"), "http_status")
            equal(answer.metadata.get("session_id"), case.get("session_id"), "session_id")
            equal(answer.retry_after, case.get("retry_after", 0), "the delay of RetryInfo")
        except AssertionError as failed:
            raise AssertionError(f"{case['name']}: {failed}") from None
        yield answer.result(
            case["name"],
            message=answer.message,
            metadata=answer.metadata,
            retry_after=answer.retry_after,
            pushback=answer.pushback,
        )


def before_own_timer(context, attempt):
    for _ in range(DEADLINE_ATTEMPTS):
        context.clear_faults()
        answer = attempt()
        if answer.reason:
            return answer
    return answer


def deadlines(context):
    def wait():
        context.symphony.add_fault({"kind": "delay", "ms": 4000})
        return context.create_session(timeout=1.5)

    answer = before_own_timer(context, wait)
    expect_error(answer, "DEADLINE_EXCEEDED", "DEADLINE", "unknown", "wait")
    yield answer.result("deadline_before_the_answer", metadata=answer.metadata)

    def receive():
        context.qlik.add_fault({"kind": "delay", "ms": 4000, "after_bytes": 5000})
        return context.create_execution_session(qlik_pb2.ExecutionSession(user="u" * 20000), timeout=1.5)

    answer = before_own_timer(context, receive)
    expect_error(answer, "DEADLINE_EXCEEDED", "DEADLINE", "done", "receive")
    equal(answer.metadata.get("id"), context.qlik.last_row()["id"], "the id that the answer gave away")
    equal(answer.metadata.get("http_status"), "201", "http_status")
    yield answer.result("deadline_within_the_answer")


def not_configured(context):
    """A gateway of one upstream serves that one and says that it has no other."""
    with upstream_sees(context.qlik, requests=0, creates=0):
        answer = call(
            context.partial_stub.CreateExecutionSession,
            qlik_pb2.CreateExecutionSessionRequest(execution_session=qlik_pb2.ExecutionSession()),
        )
    expect_error(answer, "UNIMPLEMENTED", "UPSTREAM_NOT_CONFIGURED", "not_sent", "validate")
    yield answer.result("not_configured", message=answer.message, metadata=answer.metadata)

    with upstream_sees(context.symphony, requests=1, creates=1):
        answer = call(
            context.partial_stub.CreateSession,
            symphony_pb2.CreateSessionRequest(application_name=APPLICATION),
        )
    check_session_answer(context, expect_ok(answer), APPLICATION, "")
    yield answer.result("configured")


def logon_refused(context):
    """One attempt with a wrong password; the next call fails without one, so that no account is locked."""
    for scenario, attempts, http_status in (("logon_refused", 1, "401"), ("logon_locked_out", 0, None)):
        with upstream_sees(context.logon, requests=attempts, creates=0):
            answer = call(
                context.shut_out_stub.CreateSession,
                symphony_pb2.CreateSessionRequest(application_name=APPLICATION),
            )
        expect_error(answer, "INTERNAL", "LOGON_REFUSED", "not_sent", "logon")
        equal(answer.metadata.get("http_status"), http_status, "http_status")
        yield answer.result(scenario, metadata=answer.metadata)


def upstream_tls(context):
    """Nothing is sent to a server whose certificate another authority has signed."""
    answer = call(
        context.shut_out_stub.CreateExecutionSession,
        qlik_pb2.CreateExecutionSessionRequest(execution_session=qlik_pb2.ExecutionSession()),
    )
    expect_error(answer, "INTERNAL", "UPSTREAM_TLS", "not_sent", "handshake")
    yield answer.result("upstream_tls", message=answer.message, metadata=answer.metadata)


def request_metadata(context):
    """What a client or mesh adds to a call is accepted, and the upstream is not told."""
    metadata = (("x-request-id", "4711"), ("x-twice", "a"), ("x-twice", "b"), ("x-bytes-bin", b"\x00\xff"))
    with upstream_sees(context.symphony, requests=1, creates=1):
        answer = context.create_session(metadata=metadata)
    check_session_answer(context, expect_ok(answer), APPLICATION, "")
    headers = sorted(header["name"] for header in context.symphony.last_request()["headers"])
    equal([name for name in headers if name.startswith("x-")], [], "headers handed on")
    yield answer.result("metadata_accepted", headers=headers)

    answer = context.create_execution_session(None, metadata=metadata)
    expect_error(answer, "INVALID_ARGUMENT", "INVALID_FIELD", "not_sent", "validate")
    yield answer.result("metadata_refused_call", fields=answer.fields)


FAILURES = (
    invalid_requests,
    request_id,
    refused_by_sandbox,
    failures,
    deadlines,
    not_configured,
    logon_refused,
    upstream_tls,
    request_metadata,
)
