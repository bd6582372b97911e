/** Calls that do not succeed, and what surrounds a call. */
import { randomUUID } from "node:crypto";

import { Metadata } from "@grpc/grpc-js";

import { ExecutionSession } from "../generated/sessiongateway/v1/qlik.js";
import { Session } from "../generated/sessiongateway/v1/symphony.js";
import { equal, type Answer, type Result } from "./answer.js";
import type { Context } from "./context.js";
import { executionSessionWithFaults, sessionWithFaults, ZERO_GUID } from "./messages.js";
import type { Fault, Sandbox } from "./sandbox.js";
import { checkSessionAnswer, type Scenario } from "./scenarios.js";

// How often the deadline scenarios are tried: where other programs take all of the processor, the client's own
// timer may win against an answer that comes 100 ms before it.
const DEADLINE_ATTEMPTS = 4;
const SHORT_TIMEOUT_MS = 1500;
const DELAY_MS = 4000;

const EMPTY = ExecutionSession.fromPartial({});

/** Nothing is sent for a message that breaks a rule, and the error names the fields. */
async function refusedHere(
  scenario: string,
  upstream: string,
  sandbox: Sandbox,
  create: () => Promise<Answer<unknown>>,
  expected: string[],
): Promise<Result> {
  const answer = await sandbox.sees(0, 0, create);
  answer.expectError("INVALID_ARGUMENT", "INVALID_FIELD", "not_sent", "validate");
  equal([...answer.fields].sort(), [...expected].sort(), "the fields");
  equal(answer.metadata["upstream"], upstream, "upstream");
  return answer.result(scenario, { fields: answer.fields });
}

async function* runInvalidRequests(context: Context) {
  const { symphony, qlik } = context;
  const wrong = {
    applicationName: "",
    clusterId: "\n",
    requestId: ZERO_GUID,
    session: sessionWithFaults(),
  };
  yield await refusedHere(
    "invalid_session",
    "symphony",
    symphony,
    () => context.createSession(wrong),
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
  );
  const session = Session.fromPartial({ commonData: Array.from({ length: 40 }, () => ({})) });
  yield await refusedHere(
    "many_faults",
    "symphony",
    symphony,
    () => context.createSession({ session }),
    Array.from({ length: 16 }, (_, i) => `session.common_data[${i}]`),
  );
  yield await refusedHere(
    "invalid_execution_session",
    "qlik",
    qlik,
    () => context.createExecutionSession(executionSessionWithFaults(), { requestId: "x" }),
    [
      "request_id",
      "execution_session.id",
      "execution_session.abort_at",
      "execution_session.execution_result.file_reference_id",
      "execution_session.execution_result.details[1].id",
      'execution_session.additional_json["/app"]',
    ],
  );
  yield await refusedHere(
    "no_execution_session",
    "qlik",
    qlik,
    () => context.createExecutionSession(undefined),
    ["execution_session"],
  );
}

/** A repeat creates nothing: it gets the first answer again, and other content is refused. */
async function* runRequestId(context: Context) {
  const requestId = randomUUID();
  const first = await context.symphony.sees(1, 1, () => context.createSession({ requestId }));
  const again = await context.symphony.sees(0, 0, () => context.createSession({ requestId }));
  equal(first.expectOk().replayed ?? false, false, "replayed");
  const replayed = again.expectOk().replayed;
  equal(replayed, true, "replayed");
  equal(again.expectOk().sessionId, first.expectOk().sessionId, "session_id");
  yield again.result("session_request_id", { replayed });
  const reused = await context.symphony.sees(0, 0, () =>
    context.createSession({ requestId, clusterId: "another" }),
  );
  reused.expectError("INVALID_ARGUMENT", "REQUEST_ID_REUSED", "not_sent", "validate");
  equal(reused.fields, ["request_id"], "fields");
  yield reused.result("session_request_id_reused", { message: reused.message });
  const row = await context.qlik.sees(1, 1, () =>
    context.createExecutionSession(EMPTY, { requestId }),
  );
  const sameRow = await context.qlik.sees(0, 0, () =>
    context.createExecutionSession(EMPTY, { requestId }),
  );
  equal(row.expectOk().replayed ?? false, false, "replayed");
  equal(sameRow.expectOk().replayed, true, "replayed");
  equal(sameRow.expectOk().executionSession, row.expectOk().executionSession, "execution_session");
  yield sameRow.result("execution_session_request_id", { replayed: true });
}

/** A refusal of the sandbox's own: it is strict, and it knows no such member. */
async function* runRefusedBySandbox(context: Context) {
  const session = Session.fromPartial({ additionalJson: { "/futureMember": "1" } });
  const answer = await context.symphony.sees(1, 0, () => context.createSession({ session }));
  answer.expectError("INVALID_ARGUMENT", "UPSTREAM_REFUSED", "refused", "receive");
  equal(answer.message.includes("futureMember"), true, "the message names the member");
  yield answer.result("refused_by_sandbox", { message: answer.message });
}

interface Failure {
  name: string;
  upstream: "symphony" | "qlik";
  fault: Fault;
  code: string;
  reason: string;
  outcome: string;
  phase: string;
  http_status?: string;
  session_id?: string;
  retry_after?: number;
}

async function runFailure(context: Context, failure: Failure): Promise<Result> {
  const sandbox = context[failure.upstream];
  const isAnswered = failure.fault["kind"] === "status" || failure.fault["kind"] === "html";
  const isCreated = !isAnswered && ["done", "unknown"].includes(failure.outcome);
  await sandbox.addFault(failure.fault);
  const answer = await sandbox.sees<Answer<unknown>>(1, isCreated ? 1 : 0, () =>
    failure.upstream === "symphony"
      ? context.createSession()
      : context.createExecutionSession(EMPTY),
  );
  answer.expectError(failure.code, failure.reason, failure.outcome, failure.phase);
  const { message, metadata, retryAfter: retry_after, pushback } = answer;
  equal(metadata["upstream"], failure.upstream, "upstream");
  equal(metadata["http_status"], failure.http_status, "http_status");
  equal(metadata["session_id"], failure.session_id, "session_id");
  equal(retry_after, failure.retry_after ?? 0, "the delay of RetryInfo");
  return answer.result(failure.name, { message, metadata, retry_after, pushback });
}

async function* runFailures(context: Context) {
  for (const failure of JSON.parse(context.read("failures.json")) as Failure[]) {
    try {
      yield await runFailure(context, failure);
    } catch (error) {
      throw new Error(`${failure.name}: ${String(error)}`, { cause: error });
    }
  }
}

async function beforeOwnTimer<T>(
  context: Context,
  attempt: () => Promise<Answer<T>>,
): Promise<Answer<T>> {
  for (let i = 1; ; i++) {
    await context.clearFaults();
    const answer = await attempt();
    if (answer.reason !== "" || i === DEADLINE_ATTEMPTS) return answer;
  }
}

async function* runDeadlines(context: Context) {
  const settings = { timeoutMs: SHORT_TIMEOUT_MS };
  const waiting = await beforeOwnTimer(context, async () => {
    await context.symphony.addFault({ kind: "delay", ms: DELAY_MS });
    return context.createSession({}, settings);
  });
  waiting.expectError("DEADLINE_EXCEEDED", "DEADLINE", "unknown", "wait");
  yield waiting.result("deadline_before_the_answer", { metadata: waiting.metadata });

  const row = ExecutionSession.fromPartial({ user: "u".repeat(20000) });
  const receiving = await beforeOwnTimer(context, async () => {
    await context.qlik.addFault({ kind: "delay", ms: DELAY_MS, after_bytes: 5000 });
    return context.createExecutionSession(row, {}, settings);
  });
  receiving.expectError("DEADLINE_EXCEEDED", "DEADLINE", "done", "receive");
  const { id, http_status } = receiving.metadata;
  equal(id, (await context.qlik.lastRow()).id, "the id that the answer gave away");
  equal(http_status, "201", "http_status");
  yield receiving.result("deadline_within_the_answer");
}

/** A gateway of one upstream serves that one and says that it has no other. */
async function* runNotConfigured(context: Context) {
  const settings = { gateway: context.partial };
  const absent = await context.qlik.sees(0, 0, () =>
    context.createExecutionSession(EMPTY, {}, settings),
  );
  absent.expectError("UNIMPLEMENTED", "UPSTREAM_NOT_CONFIGURED", "not_sent", "validate");
  const { message, metadata } = absent;
  yield absent.result("not_configured", { message, metadata });

  const present = await context.symphony.sees(1, 1, () => context.createSession({}, settings));
  await checkSessionAnswer(context, present.expectOk());
  yield present.result("configured");
}

/** One attempt with a wrong password; the next call fails without one, so that no account is locked. */
async function* runLogonRefused(context: Context) {
  const settings = { gateway: context.shutOut };
  const create = () => context.createSession({}, settings);

  const refused = await context.logon.sees(1, 0, create);
  refused.expectError("INTERNAL", "LOGON_REFUSED", "not_sent", "logon");
  equal(refused.metadata["http_status"], "401", "http_status");
  yield refused.result("logon_refused", { metadata: refused.metadata });

  const lockedOut = await context.logon.sees(0, 0, create);
  lockedOut.expectError("INTERNAL", "LOGON_REFUSED", "not_sent", "logon");
  equal(lockedOut.metadata["http_status"], undefined, "http_status");
  yield lockedOut.result("logon_locked_out", { metadata: lockedOut.metadata });
}

/** Nothing is sent to a server whose certificate another authority has signed. */
async function* runUpstreamTls(context: Context) {
  const answer = await context.createExecutionSession(EMPTY, {}, { gateway: context.shutOut });
  answer.expectError("INTERNAL", "UPSTREAM_TLS", "not_sent", "handshake");
  const { message, metadata } = answer;
  yield answer.result("upstream_tls", { message, metadata });
}

/** What a client or mesh adds to a call is accepted, and the upstream is not told. */
async function* runRequestMetadata(context: Context) {
  const metadata = new Metadata();
  metadata.add("x-request-id", "4711");
  metadata.add("x-twice", "a");
  metadata.add("x-twice", "b");
  metadata.add("x-bytes-bin", Buffer.from([0x00, 0xff]));
  const accepted = await context.symphony.sees(1, 1, () => context.createSession({}, { metadata }));
  await checkSessionAnswer(context, accepted.expectOk());
  const sent = await context.symphony.lastRequest();
  const headers = sent.headers.map((header) => header.name).sort();
  const handedOn = headers.filter((name) => name.startsWith("x-"));
  equal(handedOn, [], "headers handed on");
  yield accepted.result("metadata_accepted", { headers });

  const refused = await context.createExecutionSession(undefined, {}, { metadata });
  refused.expectError("INVALID_ARGUMENT", "INVALID_FIELD", "not_sent", "validate");
  yield refused.result("metadata_refused_call", { fields: refused.fields });
}

export const FAILURES: Scenario[] = [
  runInvalidRequests,
  runRequestId,
  runRefusedBySandbox,
  runFailures,
  runDeadlines,
  runNotConfigured,
  runLogonRefused,
  runUpstreamTls,
  runRequestMetadata,
];
