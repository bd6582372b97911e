/** What a client of another language must see, call by call. All clients run the same list. */
import { randomUUID } from "node:crypto";

import {
  ExecutionSession,
  type CreateExecutionSessionResponse,
} from "../generated/sessiongateway/v1/qlik.js";
import type { RestRequest } from "../generated/sessiongateway/v1/rest_request.js";
import {
  Session,
  type CreateSessionRequest,
  type CreateSessionResponse,
} from "../generated/sessiongateway/v1/symphony.js";
import { equal, type Result, type Values } from "./answer.js";
import { APPLICATION, setFields, type Context } from "./context.js";
import {
  executionSessionExtremes,
  executionSessionZero,
  sessionAdditional,
  sessionExtremes,
  sessionZero,
} from "./messages.js";
import type { Fault, Sandbox } from "./sandbox.js";

export type Scenario = (context: Context) => AsyncGenerator<Result>;

const SYMPHONY_PATH = "/platform/rest/symrest/v1/clientapi/session";
const QLIK_PATH = "/qrs/executionsession";
const LARGE = 1 << 20;

/** Target, headers and body of a `validate_only` answer, in which nothing else may be set. */
function preview(
  response: CreateSessionResponse | CreateExecutionSessionResponse,
  sandbox: Sandbox,
): { target: string; request: RestRequest } {
  equal(setFields(response), ["rest_request"], "the fields of the answer");
  const request = response.restRequest;
  const url = request?.url ?? "";
  if (!request || !url.startsWith(sandbox.endpoint)) throw new Error(`the url is ${url}`);
  equal(request.method, "POST", "method");
  return { target: url.slice(sandbox.endpoint.length), request };
}

export async function checkSessionAnswer(
  context: Context,
  response: CreateSessionResponse,
  application = APPLICATION,
  cluster = "",
) {
  const row = await context.symphony.lastRow();
  equal(response.sessionId, String(row.sessionId), "session_id");
  equal(response.applicationName, application, "application_name");
  equal(response.clusterId, cluster, "cluster_id");
  equal(response.endpoint, context.symphony.endpoint, "endpoint");
  equal(response.replayed ?? false, false, "replayed");
  equal({ ...response.additionalJson }, {}, "additional_json");
}

const PLAIN_HEADERS = {
  accept: "application/json",
  "accept-encoding": "identity",
  "content-type": "application/json",
};

/** First what would be sent, then the same for real: both must be the expected text. */
async function previewAndCreateSession(
  context: Context,
  scenario: string,
  fields: Partial<CreateSessionRequest>,
  query: string,
  expected: string,
): Promise<Result> {
  let masked = query;
  if (fields.csrfToken !== undefined) {
    masked = query.slice(0, query.length - fields.csrfToken.length) + "***";
  }
  const shown = await context.symphony.sees(0, 0, () =>
    context.createSession({ ...fields, validateOnly: true }),
  );
  const { target, request } = preview(shown.expectOk(), context.symphony);
  equal(target, SYMPHONY_PATH + masked, "target");
  equal({ ...request.headers }, PLAIN_HEADERS, "headers");
  equal(request.body, expected, "body");

  const answer = await context.symphony.sees(1, 1, () => context.createSession(fields));
  const response = answer.expectOk();
  const sent = await context.symphony.lastRequest();
  equal([sent.target, sent.body], [SYMPHONY_PATH + query, expected], "what was sent");
  await checkSessionAnswer(context, response, fields.applicationName, fields.clusterId);
  return answer.result(scenario, {
    target,
    headers: request.headers,
    body: request.body,
    application: response.applicationName,
    cluster: response.clusterId,
  });
}

async function* runSessionExtremes(context: Context) {
  yield await previewAndCreateSession(
    context,
    "session_extremes",
    {
      applicationName: "Über app &+=/?#%",
      clusterId: 'c~".-_',
      csrfToken: "TOKEN",
      session: sessionExtremes(),
    },
    "?applicationName=%C3%9Cber%20app%20%26%2B%3D%2F%3F%23%25&clusterId=c~%22.-_&csrftoken=TOKEN",
    context.expectedBody("session_extremes"),
  );
}

async function* runSessionAbsent(context: Context) {
  const query = `?applicationName=${APPLICATION}`;
  yield await previewAndCreateSession(context, "session_absent", {}, query, "{}");
  const session = Session.fromPartial({});
  yield await previewAndCreateSession(context, "session_empty", { session }, query, "{}");
}

async function* runSessionZero(context: Context) {
  yield await previewAndCreateSession(
    context,
    "session_zero",
    { applicationName: "0", clusterId: "", csrfToken: "", session: sessionZero() },
    "?applicationName=0&clusterId=&csrftoken=",
    context.expectedBody("session_zero"),
  );
}

async function* runSessionAdditional(context: Context) {
  const answer = await context.createSession({ session: sessionAdditional(), validateOnly: true });
  const { body } = preview(answer.expectOk(), context.symphony).request;
  equal(body, context.expectedBody("session_additional"), "body");
  yield answer.result("session_additional_json", { body });
}

function rawAnswer(status: string, body: string): Fault {
  const size = Buffer.byteLength(body);
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`;
  return { kind: "raw", create: true, body: head + body };
}

async function* runSessionAnswerAdditional(context: Context) {
  const body =
    '{"x/y~z":{"n":12345678901234567890.10},"sessionId":123456789012345678901234567890,' +
    '"applicationName":7,"clusterId":null,"\\u00e4":"\\u00fc"}';
  await context.symphony.addFault(rawAnswer("200 OK", body));
  const answer = await context.createSession();
  const response = answer.expectOk();
  equal(response.sessionId, "123456789012345678901234567890", "session_id");
  equal([response.applicationName, response.clusterId], [undefined, undefined], "presence");
  const additional = { ...response.additionalJson };
  equal(
    additional,
    { "/x~1y~0z": '{"n":12345678901234567890.10}', "/applicationName": "7", "/ä": '"\\u00fc"' },
    "additional_json",
  );
  yield answer.result("session_answer_additional_json", {
    session_id: response.sessionId,
    additional,
  });
}

async function previewExecutionSession(
  context: Context,
  row: ExecutionSession,
  privileges: boolean | undefined,
  expected: string,
): Promise<Values> {
  const answer = await context.qlik.sees(0, 0, () =>
    context.createExecutionSession(row, { privileges, validateOnly: true }),
  );
  const { target, request } = preview(answer.expectOk(), context.qlik);
  const query = privileges ? "?xrfkey=***&privileges=true" : "?xrfkey=***";
  equal(target, QLIK_PATH + query, "target");
  const own = {
    "x-qlik-user": "UserDirectory=INTERNAL;UserId=sa_api",
    "x-qlik-xrfkey": "***",
  };
  equal({ ...request.headers }, { ...PLAIN_HEADERS, ...own }, "headers");
  equal(request.body, expected, "body");
  return { target, headers: request.headers };
}

async function* runExecutionSessionExtremes(context: Context) {
  const id = randomUUID().toUpperCase();
  const row = executionSessionExtremes(id);
  const body = context.expectedBody("execution_session_extremes");
  const expected = body.replaceAll("%ID%", id);
  const shown = await previewExecutionSession(context, row, true, expected);
  const answer = await context.qlik.sees(1, 1, () =>
    context.createExecutionSession(row, { privileges: true }),
  );
  equal((await context.qlik.lastRequest()).body, expected, "what was sent");
  const response = answer.expectOk();
  // The repository answers the row as it was sent: dates in milliseconds, and what is null is unset.
  if (row.createdDate) row.createdDate.nanos = 999000000;
  if (row.executionResult?.stopTime) row.executionResult.stopTime.nanos = 999000000;
  row.additionalJson = {};
  equal(response.executionSession, row, "the row");
  equal(response.replayed ?? false, false, "replayed");
  const status = response.executionSession?.executionResult?.status;
  yield answer.result("execution_session_extremes", { body, status, ...shown });
}

async function* runExecutionSessionAbsent(context: Context) {
  const empty = ExecutionSession.fromPartial({});
  const shown = await previewExecutionSession(context, empty, undefined, "{}");
  const answer = await context.createExecutionSession(empty);
  const row = answer.expectOk().executionSession ?? empty;
  equal((await context.qlik.lastRequest()).body, "{}", "what was sent");
  equal(row.id, (await context.qlik.lastRow()).id, "id");
  const set = setFields(row);
  const own = ["created_date", "id", "modified_by_user_name", "modified_date", "schema_path"];
  equal(set, own, "the row");
  yield answer.result("execution_session_absent", { set, ...shown });
}

async function* runExecutionSessionZero(context: Context) {
  const row = executionSessionZero();
  const body = context.expectedBody("execution_session_zero");
  const shown = await previewExecutionSession(context, row, false, body);
  const answer = await context.createExecutionSession(row, { privileges: false });
  equal((await context.qlik.lastRequest()).body, body, "what was sent");
  const got = answer.expectOk().executionSession;
  if (!got?.id || !got.modifiedByUserName || !got.schemaPath) {
    throw new Error("the server's own fields are not set");
  }
  const { id, modifiedByUserName, schemaPath, createdDate, modifiedDate } = got;
  const own = { id, modifiedByUserName, schemaPath, createdDate, modifiedDate };
  equal(got, { ...row, ...own }, "the row");
  yield answer.result("execution_session_zero", { body, ...shown });
}

async function* runExecutionSessionAnswerAdditional(context: Context) {
  const body =
    '{"id":"not checked","retries":2147483648,"createdDate":"1753-01-01T01:00:00+01:00",' +
    '"modifiedDate":"2024-01-01 00:00:00",' +
    '"executionResult":{"status":"7","duration":8.0,"scriptLogSize":-1},' +
    '"abortReason":-7,"new":null}';
  await context.qlik.addFault(rawAnswer("201 Created", body));
  const answer = await context.createExecutionSession(ExecutionSession.fromPartial({}));
  const row = answer.expectOk().executionSession ?? ExecutionSession.fromPartial({});
  const additional = { ...row.additionalJson };
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
  );
  const set = setFields(row);
  equal(set, ["abort_reason", "additional_json", "execution_result", "id"], "the row");
  const values = [row.id, row.abortReason, row.executionResult?.scriptLogSize];
  equal(values, ["not checked", -7, -1n], "values");
  yield answer.result("execution_session_answer_additional_json", { set, additional });
}

async function* runLargeMessages(context: Context) {
  const bytes = Buffer.alloc(LARGE, 0xa5);
  let answer = await context.createSession({
    session: Session.fromPartial({ commonData: [{ bytes }] }),
  });
  await checkSessionAnswer(context, answer.expectOk());
  const [kind, encoded = ""] = (await context.symphony.lastRow()).session?.commonData?.[0] ?? [];
  equal(kind, "SOAM_BYTES", "the type");
  equal(Buffer.from(encoded, "base64").equals(bytes), true, "the bytes arrive whole");
  yield answer.result("large_common_data", { size: encoded.length });

  const sessionMetaData = "é".repeat(LARGE / 2);
  answer = await context.createSession({ session: Session.fromPartial({ sessionMetaData }) });
  await checkSessionAnswer(context, answer.expectOk());
  const stored = (await context.symphony.lastRow()).session?.sessionMetaData ?? "";
  const size = Buffer.byteLength(stored);
  equal(size, LARGE, "bytes at the upstream");
  yield answer.result("large_session", { size });

  const user = '"'.repeat(LARGE); // twice as long in JSON
  const row = await context.createExecutionSession(ExecutionSession.fromPartial({ user }));
  equal(row.expectOk().executionSession?.user === user, true, "the text comes back whole");
  yield row.result("large_execution_session", { size: user.length });
}

export const SCENARIOS: Scenario[] = [
  runSessionExtremes,
  runSessionAbsent,
  runSessionZero,
  runSessionAdditional,
  runSessionAnswerAdditional,
  runExecutionSessionExtremes,
  runExecutionSessionAbsent,
  runExecutionSessionZero,
  runExecutionSessionAnswerAdditional,
  runLargeMessages,
];
