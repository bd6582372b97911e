package scenarios;

import static scenarios.Answer.equal;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.annotations.SerializedName;
import com.google.gson.reflect.TypeToken;
import io.grpc.Metadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import sessiongateway.v1.Qlik.CreateExecutionSessionRequest;
import sessiongateway.v1.Qlik.ExecutionSession;
import sessiongateway.v1.Symphony.CreateSessionRequest;
import sessiongateway.v1.Symphony.Session;
import sessiongateway.v1.Symphony.TypedValue;

/** Calls that do not succeed, and what surrounds a call. */
final class Failures {
  /**
   * How often the deadline scenarios are tried: where other programs take all of the processor, the
   * client's own timer may win against an answer that comes 100 ms before it.
   */
  private static final int DEADLINE_ATTEMPTS = 4;

  private static final Duration SHORT_TIMEOUT = Duration.ofMillis(1500);
  private static final Duration ORDINARY_TIMEOUT = Duration.ofSeconds(20);
  private static final int DELAY_MS = 4000;

  private Failures() {}

  static void addTo(Map<String, Consumer<Context>> groups) {
    groups.put("invalid_requests", Failures::runInvalidRequests);
    groups.put("request_id", Failures::runRequestId);
    groups.put("refused_by_sandbox", Failures::runRefusedBySandbox);
    groups.put("failures", Failures::runFailures);
    groups.put("deadlines", Failures::runDeadlines);
    groups.put("not_configured", Failures::runNotConfigured);
    groups.put("logon_refused", Failures::runLogonRefused);
    groups.put("upstream_tls", Failures::runUpstreamTls);
    groups.put("request_metadata", Failures::runRequestMetadata);
  }

  /** Nothing is sent for a message that breaks a rule, and the error names the fields. */
  private static void refusedHere(
      String scenario,
      String upstream,
      Sandbox sandbox,
      Supplier<Answer<?>> create,
      List<String> expected) {
    var answer = sandbox.sees(0, 0, create);
    answer.expectError("INVALID_ARGUMENT", "INVALID_FIELD", "not_sent", "validate");
    var seen = answer.fields.stream().sorted().toList();
    equal(seen, expected.stream().sorted().toList(), "the fields");
    equal(answer.metadata.get("upstream"), upstream, "upstream");
    answer.print(scenario, "fields", answer.fields);
  }

  private static void runInvalidRequests(Context context) {
    var wrong =
        CreateSessionRequest.newBuilder()
            .setRequestId(Messages.ZERO_GUID)
            .setApplicationName("")
            .setClusterId("\n")
            .setSession(Messages.sessionWithFaults());
    refusedHere(
        "invalid_session",
        "symphony",
        context.symphony(),
        () -> context.create(wrong),
        List.of(
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
            "session.additional_json[\"/sessionName\"]",
            "session.additional_json[\"/a\\\"b\"]"));
    var many = Session.newBuilder();
    var expected = new ArrayList<String>();
    for (int i = 0; i < 40; i++) {
      many.addCommonData(TypedValue.getDefaultInstance());
      if (i < 16) {
        expected.add("session.common_data[" + i + "]");
      }
    }
    refusedHere(
        "many_faults",
        "symphony",
        context.symphony(),
        () -> context.create(Context.session().setSession(many)),
        expected);
    var wrongRow = Context.row(Messages.executionSessionWithFaults()).setRequestId("x");
    refusedHere(
        "invalid_execution_session",
        "qlik",
        context.qlik(),
        () -> context.create(wrongRow),
        List.of(
            "request_id",
            "execution_session.id",
            "execution_session.abort_at",
            "execution_session.execution_result.file_reference_id",
            "execution_session.execution_result.details[1].id",
            "execution_session.additional_json[\"/app\"]"));
    refusedHere(
        "no_execution_session",
        "qlik",
        context.qlik(),
        () -> context.create(CreateExecutionSessionRequest.newBuilder()),
        List.of("execution_session"));
  }

  /** A repeat creates nothing: it gets the first answer again, and other content is refused. */
  private static void runRequestId(Context context) {
    String id = UUID.randomUUID().toString();
    var session = Context.session().setRequestId(id);
    var first = context.symphony().sees(1, 1, () -> context.create(session)).expectOk();
    var again = context.symphony().sees(0, 0, () -> context.create(session));
    equal(first.getReplayed(), false, "replayed");
    equal(again.expectOk().getReplayed(), true, "replayed");
    equal(again.expectOk().getSessionId(), first.getSessionId(), "session_id");
    again.print("session_request_id", "replayed", again.expectOk().getReplayed());

    var other = Context.session().setRequestId(id).setClusterId("another");
    var reused = context.symphony().sees(0, 0, () -> context.create(other));
    reused.expectError("INVALID_ARGUMENT", "REQUEST_ID_REUSED", "not_sent", "validate");
    equal(reused.fields, List.of("request_id"), "fields");
    reused.print("session_request_id_reused", "message", reused.message);

    var row = Context.row().setRequestId(id);
    var firstRow = context.qlik().sees(1, 1, () -> context.create(row)).expectOk();
    var sameRow = context.qlik().sees(0, 0, () -> context.create(row));
    equal(firstRow.getReplayed(), false, "replayed");
    equal(sameRow.expectOk().getReplayed(), true, "replayed");
    equal(sameRow.expectOk().getExecutionSession(), firstRow.getExecutionSession(), "the same row");
    sameRow.print("execution_session_request_id", "replayed", sameRow.expectOk().getReplayed());
  }

  /** A refusal of the sandbox's own: it is strict, and it knows no such member. */
  private static void runRefusedBySandbox(Context context) {
    var session = Session.newBuilder().putAdditionalJson("/futureMember", "1");
    var request = Context.session().setSession(session);
    var answer = context.symphony().sees(1, 0, () -> context.create(request));
    answer.expectError("INVALID_ARGUMENT", "UPSTREAM_REFUSED", "refused", "receive");
    equal(answer.message.contains("futureMember"), true, "whether the message names the member");
    answer.print("refused_by_sandbox", "message", answer.message);
  }

  /** An entry of failures.json. */
  private static final class Failure {
    private String name;
    private String upstream;
    private JsonObject fault;
    private String code;
    private String reason;
    private String outcome;
    private String phase;

    @SerializedName("http_status")
    private String httpStatus;

    @SerializedName("session_id")
    private String sessionId;

    @SerializedName("retry_after")
    private long retryAfter;
  }

  private static void runFailures(Context context) {
    var type = new TypeToken<List<Failure>>() {};
    for (Failure failure : new Gson().fromJson(context.read("failures.json"), type)) {
      try {
        runFailure(context, failure);
      } catch (AssertionError error) {
        throw new AssertionError(failure.name + ": " + error.getMessage(), error);
      }
    }
  }

  private static void runFailure(Context context, Failure failure) {
    boolean isSymphony = failure.upstream.equals("symphony");
    var sandbox = isSymphony ? context.symphony() : context.qlik();
    String kind = failure.fault.get("kind").getAsString();
    boolean isAnswered = kind.equals("status") || kind.equals("html");
    boolean isCreated = !isAnswered && List.of("done", "unknown").contains(failure.outcome);
    sandbox.addFault(failure.fault);
    Supplier<Answer<?>> create =
        () -> isSymphony ? context.create(Context.session()) : context.create(Context.row());
    var answer = sandbox.sees(1, isCreated ? 1 : 0, create);
    answer.expectError(failure.code, failure.reason, failure.outcome, failure.phase);
    equal(answer.metadata.get("upstream"), failure.upstream, "upstream");
    equal(answer.metadata.get("http_status"), failure.httpStatus, "http_status");
    equal(answer.metadata.get("session_id"), failure.sessionId, "session_id");
    equal(answer.retryAfter, failure.retryAfter, "the delay of RetryInfo");
    answer.print(
        failure.name,
        "message",
        answer.message,
        "metadata",
        answer.metadata,
        "retry_after",
        answer.retryAfter,
        "pushback",
        answer.pushback);
  }

  private static Answer<?> beforeOwnTimer(Context context, Supplier<Answer<?>> attempt) {
    for (int i = 1; ; i++) {
      context.clearFaults();
      var answer = attempt.get();
      if (!answer.reason.isEmpty() || i == DEADLINE_ATTEMPTS) {
        return answer;
      }
    }
  }

  private static JsonObject delay() {
    var fault = new JsonObject();
    fault.addProperty("kind", "delay");
    fault.addProperty("ms", DELAY_MS);
    return fault;
  }

  private static void runDeadlines(Context context) {
    var waiting =
        beforeOwnTimer(
            context,
            () -> {
              context.symphony().addFault(delay());
              return Context.create(context.gateway(), Context.session(), SHORT_TIMEOUT);
            });
    waiting.expectError("DEADLINE_EXCEEDED", "DEADLINE", "unknown", "wait");
    waiting.print("deadline_before_the_answer", "metadata", waiting.metadata);

    var row = ExecutionSession.newBuilder().setUser("u".repeat(20000)).build();
    var receiving =
        beforeOwnTimer(
            context,
            () -> {
              var fault = delay();
              fault.addProperty("after_bytes", 5000);
              context.qlik().addFault(fault);
              return Context.create(context.gateway(), Context.row(row), SHORT_TIMEOUT);
            });
    receiving.expectError("DEADLINE_EXCEEDED", "DEADLINE", "done", "receive");
    String id = context.qlik().lastRow().get("id").getAsString();
    equal(receiving.metadata.get("id"), id, "the id that the answer gave away");
    equal(receiving.metadata.get("http_status"), "201", "http_status");
    receiving.print("deadline_within_the_answer");
  }

  /** A gateway of one upstream serves that one and says that it has no other. */
  private static void runNotConfigured(Context context) {
    var absent =
        context
            .qlik()
            .sees(0, 0, () -> Context.create(context.partial(), Context.row(), ORDINARY_TIMEOUT));
    absent.expectError("UNIMPLEMENTED", "UPSTREAM_NOT_CONFIGURED", "not_sent", "validate");
    absent.print("not_configured", "message", absent.message, "metadata", absent.metadata);

    var present =
        context
            .symphony()
            .sees(
                1, 1, () -> Context.create(context.partial(), Context.session(), ORDINARY_TIMEOUT));
    Scenarios.checkSessionAnswer(context, present.expectOk());
    present.print("configured");
  }

  private static void refusedLogon(
      Context context, String scenario, int attempts, String httpStatus) {
    var answer =
        context
            .logon()
            .sees(
                attempts,
                0,
                () -> Context.create(context.shutOut(), Context.session(), ORDINARY_TIMEOUT));
    answer.expectError("INTERNAL", "LOGON_REFUSED", "not_sent", "logon");
    equal(answer.metadata.get("http_status"), httpStatus, "http_status");
    answer.print(scenario, "metadata", answer.metadata);
  }

  /** One attempt with a wrong password; the next call fails without, so no account is locked. */
  private static void runLogonRefused(Context context) {
    refusedLogon(context, "logon_refused", 1, "401");
    refusedLogon(context, "logon_locked_out", 0, null);
  }

  /** Nothing is sent to a server whose certificate another authority has signed. */
  private static void runUpstreamTls(Context context) {
    var answer = Context.create(context.shutOut(), Context.row(), ORDINARY_TIMEOUT);
    answer.expectError("INTERNAL", "UPSTREAM_TLS", "not_sent", "handshake");
    answer.print("upstream_tls", "message", answer.message, "metadata", answer.metadata);
  }

  private static Metadata requestMetadata() {
    var metadata = new Metadata();
    var twice = Metadata.Key.of("x-twice", Metadata.ASCII_STRING_MARSHALLER);
    var id = Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
    metadata.put(id, "4711");
    metadata.put(twice, "a");
    metadata.put(twice, "b");
    var bytes = Metadata.Key.of("x-bytes-bin", Metadata.BINARY_BYTE_MARSHALLER);
    metadata.put(bytes, new byte[] {0, (byte) 0xff});
    return metadata;
  }

  /** What a client or mesh adds to a call is accepted, and the upstream is not told. */
  private static void runRequestMetadata(Context context) {
    var gateway = context.withMetadata(requestMetadata());
    var accepted =
        context
            .symphony()
            .sees(1, 1, () -> Context.create(gateway, Context.session(), ORDINARY_TIMEOUT));
    Scenarios.checkSessionAnswer(context, accepted.expectOk());
    var headers = new ArrayList<String>();
    for (var header : context.symphony().lastRequest().getAsJsonArray("headers")) {
      headers.add(header.getAsJsonObject().get("name").getAsString());
    }
    headers.sort(null);
    equal(headers.stream().filter(name -> name.startsWith("x-")).toList(), List.of(), "handed on");
    accepted.print("metadata_accepted", "headers", headers);

    var nothing = CreateExecutionSessionRequest.newBuilder();
    var refused = Context.create(gateway, nothing, ORDINARY_TIMEOUT);
    refused.expectError("INVALID_ARGUMENT", "INVALID_FIELD", "not_sent", "validate");
    refused.print("metadata_refused_call", "fields", refused.fields);
  }
}
