"""What a client of another language must see, call by call. All clients run the same list."""

import base64
import uuid

import messages
from context import check_session_answer, upstream_sees
from gateway import equal, expect_ok
from sessiongateway.v1 import qlik_pb2, symphony_pb2

SYMPHONY_PATH = "/platform/rest/symrest/v1/clientapi/session"
QLIK_PATH = "/qrs/executionsession"
LARGE = 1 << 20


def preview_of(answer, sandbox):
    """Target, headers and body of a `validate_only` answer, in which nothing else may be set."""
    response = expect_ok(answer)
    equal([field.name for field, _ in response.ListFields()], ["rest_request"], "the fields of the answer")
    request = response.rest_request
    equal(request.method, "POST", "method")
    equal(request.url[: len(sandbox.endpoint)], sandbox.endpoint, "the start of the url")
    return request.url[len(sandbox.endpoint) :], dict(request.headers), request.body


def preview_and_create_session(context, scenario, session, expected, target, application, **fields):
    """First what would be sent, then the same for real: both must be the expected text."""
    fields["application_name"] = application
    with upstream_sees(context.symphony, requests=0, creates=0):
        preview = preview_of(context.create_session(session, validate_only=True, **fields), context.symphony)
    headers = {
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
    }
    masked = target
    if "csrf_token" in fields:  # it is the last parameter
        masked = target.removesuffix(fields["csrf_token"]) + "***"
    equal(preview, (SYMPHONY_PATH + masked, headers, expected), "the preview")
    with upstream_sees(context.symphony, requests=1, creates=1):
        answer = context.create_session(session, **fields)
    response = expect_ok(answer)
    sent = context.symphony.last_request()
    equal((sent["target"], sent["body"]), (SYMPHONY_PATH + target, expected), "what was sent")
    check_session_answer(context, response, application, fields.get("cluster_id", ""))
    yield answer.result(
        scenario,
        target=preview[0],
        headers=headers,
        body=preview[2],
        application=response.application_name,
        cluster=response.cluster_id,
    )


def session_extremes(context):
    yield from preview_and_create_session(
        context,
        "session_extremes",
        messages.session_extremes(),
        context.expected_body("session_extremes"),
        "?applicationName=%C3%9Cber%20app%20%26%2B%3D%2F%3F%23%25&clusterId=c~%22.-_&csrftoken=TOKEN",
        "Über app &+=/?#%",
        cluster_id='c~".-_',
        csrf_token="TOKEN",
    )


def session_absent(context):
    yield from preview_and_create_session(
        context, "session_absent", None, "{}", "?applicationName=symping7.3.2", "symping7.3.2"
    )
    yield from preview_and_create_session(
        context,
        "session_empty",
        symphony_pb2.Session(),
        "{}",
        "?applicationName=symping7.3.2",
        "symping7.3.2",
    )


def session_zero(context):
    yield from preview_and_create_session(
        context,
        "session_zero",
        messages.session_zero(),
        context.expected_body("session_zero"),
        "?applicationName=0&clusterId=&csrftoken=",
        "0",
        cluster_id="",
        csrf_token="",
    )


def session_additional_json(context):
    answer = context.create_session(messages.session_additional(), validate_only=True)
    _, _, body = preview_of(answer, context.symphony)
    equal(body, context.expected_body("session_additional"), "body")
    yield answer.result("session_additional_json", body=body)


def raw_answer(status, body):
    size = len(body.encode())
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    return {"kind": "raw", "create": True, "body": head + body}


def session_answer_additional_json(context):
    context.symphony.add_fault(
        raw_answer(
            "200 OK",
            '{"x/y~z":{"n":12345678901234567890.10},"sessionId":123456789012345678901234567890,'
            '"applicationName":7,"clusterId":null,"\\u00e4":"\\u00fc"}',
        )
    )
    answer = context.create_session()
    response = expect_ok(answer)
    equal(response.session_id, "123456789012345678901234567890", "session_id")
    equal(
        (response.HasField("application_name"), response.HasField("cluster_id")), (False, False), "presence"
    )
    additional = dict(response.additional_json)
    equal(
        additional,
        {"/x~1y~0z": '{"n":12345678901234567890.10}', "/applicationName": "7", "/ä": '"\\u00fc"'},
        "additional_json",
    )
    yield answer.result(
        "session_answer_additional_json", session_id=response.session_id, additional=additional
    )


def execution_session_preview(context, row, privileges, expected):
    with upstream_sees(context.qlik, requests=0, creates=0):
        answer = context.create_execution_session(row, privileges=privileges, validate_only=True)
    target, headers, body = preview_of(answer, context.qlik)
    equal(target, QLIK_PATH + "?xrfkey=***" + ("&privileges=true" if privileges else ""), "target")
    equal(
        headers,
        {
            "accept": "application/json",
            "accept-encoding": "identity",
            "content-type": "application/json",
            "x-qlik-user": "UserDirectory=INTERNAL;UserId=sa_api",
            "x-qlik-xrfkey": "***",
        },
        "headers",
    )
    equal(body, expected, "body")
    return {"target": target, "headers": headers}


def execution_session_extremes(context):
    row_id = str(uuid.uuid4()).upper()
    row = messages.execution_session_extremes(row_id)
    body = context.expected_body("execution_session_extremes")
    expected = body.replace("%ID%", row_id)
    preview = execution_session_preview(context, row, True, expected)
    with upstream_sees(context.qlik, requests=1, creates=1):
        answer = context.create_execution_session(row, privileges=True)
    equal(context.qlik.last_request()["body"], expected, "what was sent")
    # The repository answers the row as it was sent: dates in milliseconds, and what is null is unset.
    row.created_date.nanos = row.execution_result.stop_time.nanos = 999000000
    row.additional_json.clear()
    response = expect_ok(answer)
    equal(response.execution_session, row, "the row")
    equal(response.replayed, False, "replayed")
    yield answer.result(
        "execution_session_extremes", body=body, status=int(row.execution_result.status), **preview
    )


def execution_session_absent(context):
    preview = execution_session_preview(context, qlik_pb2.ExecutionSession(), None, "{}")
    answer = context.create_execution_session(qlik_pb2.ExecutionSession())
    row = expect_ok(answer).execution_session
    equal(context.qlik.last_request()["body"], "{}", "what was sent")
    equal(row.id, context.qlik.last_row()["id"], "id")
    set_fields = sorted(field.name for field, _ in row.ListFields())
    equal(
        set_fields, ["created_date", "id", "modified_by_user_name", "modified_date", "schema_path"], "the row"
    )
    yield answer.result("execution_session_absent", set=set_fields, **preview)


def execution_session_zero(context):
    row = messages.execution_session_zero()
    expected = context.expected_body("execution_session_zero")
    preview = execution_session_preview(context, row, False, expected)
    answer = context.create_execution_session(row, privileges=False)
    response = expect_ok(answer)
    equal(context.qlik.last_request()["body"], expected, "what was sent")
    got = response.execution_session
    for server_owned in ("id", "modified_by_user_name", "schema_path"):
        equal(bool(getattr(got, server_owned)), True, server_owned)
        setattr(row, server_owned, getattr(got, server_owned))
    row.created_date.CopyFrom(got.created_date)
    row.modified_date.CopyFrom(got.modified_date)
    equal(got, row, "the row")
    yield answer.result("execution_session_zero", body=expected, **preview)


def execution_session_answer_additional_json(context):
    context.qlik.add_fault(
        raw_answer(
            "201 Created",
            '{"id":"not checked","retries":2147483648,"createdDate":"1753-01-01T01:00:00+01:00",'
            '"modifiedDate":"2024-01-01 00:00:00",'
            '"executionResult":{"status":"7","duration":8.0,"scriptLogSize":-1},'
            '"abortReason":-7,"new":null}',
        )
    )
    answer = context.create_execution_session(qlik_pb2.ExecutionSession())
    row = expect_ok(answer).execution_session
    additional = dict(row.additional_json)
    equal(
        additional,
        {
            "/retries": "2147483648",
            "/modifiedDate": '"2024-01-01 00:00:00"',
            "/executionResult/status": '"7"',
            "/executionResult/duration": "8.0",
            "/new": "null",
        },
        "additional_json",
    )
    set_fields = sorted(field.name for field, _ in row.ListFields())
    equal(set_fields, ["abort_reason", "additional_json", "execution_result", "id"], "the row")
    equal((row.id, row.abort_reason, row.execution_result.script_log_size), ("not checked", -7, -1), "values")
    yield answer.result("execution_session_answer_additional_json", set=set_fields, additional=additional)


def large_messages(context):
    answer = context.create_session(
        symphony_pb2.Session(common_data=[symphony_pb2.TypedValue(bytes=b"\xa5" * LARGE)])
    )
    check_session_answer(context, expect_ok(answer), "symping7.3.2", "")
    [[kind, encoded]] = context.symphony.last_row()["session"]["commonData"]
    equal(kind, "SOAM_BYTES", "the type")
    equal(base64.b64decode(encoded) == b"\xa5" * LARGE, True, "the bytes arrive whole")
    yield answer.result("large_common_data", size=len(encoded))

    answer = context.create_session(symphony_pb2.Session(session_meta_data="é" * (LARGE // 2)))
    check_session_answer(context, expect_ok(answer), "symping7.3.2", "")
    stored = context.symphony.last_row()["session"]["sessionMetaData"]
    equal(len(stored.encode()), LARGE, "bytes at the upstream")
    yield answer.result("large_session", size=len(stored.encode()))

    text = '"' * LARGE  # twice as long in JSON
    answer = context.create_execution_session(qlik_pb2.ExecutionSession(user=text))
    equal(expect_ok(answer).execution_session.user == text, True, "the text comes back whole")
    yield answer.result("large_execution_session", size=len(text))


SCENARIOS = (
    session_extremes,
    session_absent,
    session_zero,
    session_additional_json,
    session_answer_additional_json,
    execution_session_extremes,
    execution_session_absent,
    execution_session_zero,
    execution_session_answer_additional_json,
    large_messages,
)
