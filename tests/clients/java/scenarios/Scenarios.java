package scenarios;

import static scenarios.Answer.equal;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import sessiongateway.v1.Qlik.ExecutionSession;
import sessiongateway.v1.RestRequestOuterClass.RestRequest;
import sessiongateway.v1.Symphony.CreateSessionRequest;
import sessiongateway.v1.Symphony.CreateSessionResponse;
import sessiongateway.v1.Symphony.Session;
import sessiongateway.v1.Symphony.TypedValue;

/** What a client of another language must see, call by call. All clients run the same list. */
final class Scenarios {
  private static final String SYMPHONY_PATH = "/platform/rest/symrest/v1/clientapi/session";
  private static final String QLIK_PATH = "/qrs/executionsession";
  private static final int LARGE = 1 << 20;
  private static final Map<String, String> PLAIN_HEADERS =
      Map.of(
          "accept", "application/json",
          "accept-encoding", "identity",
          "content-type", "application/json");

  private Scenarios() {}

  static void addTo(Map<String, Consumer<Context>> groups) {
    groups.put("session_extremes", Scenarios::runSessionExtremes);
    groups.put("session_absent", Scenarios::runSessionAbsent);
    groups.put("session_zero", Scenarios::runSessionZero);
    groups.put("session_additional_json", Scenarios::runSessionAdditional);
    groups.put("session_answer_additional_json", Scenarios::runSessionAnswerAdditional);
    groups.put("execution_session_extremes", Scenarios::runExecutionSessionExtremes);
    groups.put("execution_session_absent", Scenarios::runExecutionSessionAbsent);
    groups.put("execution_session_zero", Scenarios::runExecutionSessionZero);
    groups.put("execution_session_additional", Scenarios::runExecutionSessionAnswerAdditional);
    groups.put("large_messages", Scenarios::runLargeMessages);
  }

  /** Checks a `validate_only` answer, in which nothing else may be set; its url's target. */
  private static String preview(Message response, RestRequest request, Sandbox sandbox) {
    equal(Context.setFields(response), List.of("rest_request"), "the fields of the answer");
    equal(request.getMethod(), "POST", "method");
    equal(request.getUrl().startsWith(sandbox.endpoint()), true, "url " + request.getUrl());
    return request.getUrl().substring(sandbox.endpoint().length());
  }

  static void checkSessionAnswer(Context context, CreateSessionResponse response) {
    checkSessionAnswer(context, response, Context.APPLICATION, "");
  }

  private static void checkSessionAnswer(
      Context context, CreateSessionResponse response, String application, String cluster) {
    var row = context.symphony().lastRow();
    equal(response.getSessionId(), row.get("sessionId").getAsString(), "session_id");
    equal(response.getApplicationName(), application, "application_name");
    equal(response.getClusterId(), cluster, "cluster_id");
    equal(response.getEndpoint(), context.symphony().endpoint(), "endpoint");
    equal(response.getReplayed(), false, "replayed");
    equal(response.getAdditionalJsonMap(), Map.of(), "additional_json");
  }

  /** First what would be sent, then the same for real: both must be the expected text. */
  private static void previewAndCreateSession(
      Context context,
      String scenario,
      CreateSessionRequest.Builder fields,
      String query,
      String expected) {
    String masked = query;
    if (fields.hasCsrfToken()) { // it is the last parameter
      int end = query.length() - fields.getCsrfToken().length();
      masked = query.substring(0, end) + "***";
    }
    var validated = fields.clone().setValidateOnly(true);
    var shown = context.symphony().sees(0, 0, () -> context.create(validated)).expectOk();
    var request = shown.getRestRequest();
    String target = preview(shown, request, context.symphony());
    equal(target, SYMPHONY_PATH + masked, "target");
    equal(request.getHeadersMap(), PLAIN_HEADERS, "headers");
    equal(request.getBody(), expected, "body");

    var answer = context.symphony().sees(1, 1, () -> context.create(fields));
    var response = answer.expectOk();
    var sent = context.symphony().lastRequest();
    equal(sent.get("target").getAsString(), SYMPHONY_PATH + query, "the target that was sent");
    equal(sent.get("body").getAsString(), expected, "the body that was sent");
    checkSessionAnswer(context, response, fields.getApplicationName(), fields.getClusterId());
    answer.print(
        scenario,
        "target",
        target,
        "headers",
        request.getHeadersMap(),
        "body",
        request.getBody(),
        "application",
        response.getApplicationName(),
        "cluster",
        response.getClusterId());
  }

  private static void runSessionExtremes(Context context) {
    previewAndCreateSession(
        context,
        "session_extremes",
        CreateSessionRequest.newBuilder()
            .setApplicationName("Über app &+=/?#%")
            .setClusterId("c~\".-_")
            .setCsrfToken("TOKEN")
            .setSession(Messages.sessionExtremes()),
        "?applicationName=%C3%9Cber%20app%20%26%2B%3D%2F%3F%23%25"
            + "&clusterId=c~%22.-_&csrftoken=TOKEN",
        context.expectedBody("session_extremes"));
  }

  private static void runSessionAbsent(Context context) {
    String query = "?applicationName=" + Context.APPLICATION;
    previewAndCreateSession(context, "session_absent", Context.session(), query, "{}");
    var empty = Context.session().setSession(Session.getDefaultInstance());
    previewAndCreateSession(context, "session_empty", empty, query, "{}");
  }

  private static void runSessionZero(Context context) {
    previewAndCreateSession(
        context,
        "session_zero",
        CreateSessionRequest.newBuilder()
            .setApplicationName("0")
            .setClusterId("")
            .setCsrfToken("")
            .setSession(Messages.sessionZero()),
        "?applicationName=0&clusterId=&csrftoken=",
        context.expectedBody("session_zero"));
  }

  private static void runSessionAdditional(Context context) {
    var request = Context.session().setSession(Messages.sessionAdditional()).setValidateOnly(true);
    var answer = context.create(request);
    var response = answer.expectOk();
    preview(response, response.getRestRequest(), context.symphony());
    String body = response.getRestRequest().getBody();
    equal(body, context.expectedBody("session_additional"), "body");
    answer.print("session_additional_json", "body", body);
  }

  private static JsonObject rawAnswer(String status, String body) {
    int size = body.getBytes(StandardCharsets.UTF_8).length;
    var fault = new JsonObject();
    fault.addProperty("kind", "raw");
    fault.addProperty("create", true);
    fault.addProperty(
        "body",
        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(status, size, body));
    return fault;
  }

  private static void runSessionAnswerAdditional(Context context) {
    context
        .symphony()
        .addFault(
            rawAnswer(
                "200 OK",
                """
                {"x/y~z":{"n":12345678901234567890.10},"sessionId":123456789012345678901234567890,\
                "applicationName":7,"clusterId":null,"\\u00e4":"\\u00fc"}"""));
    var answer = context.create(Context.session());
    var response = answer.expectOk();
    equal(response.getSessionId(), "123456789012345678901234567890", "session_id");
    equal(response.hasApplicationName() || response.hasClusterId(), false, "presence");
    var additional = response.getAdditionalJsonMap();
    var expected =
        Map.of(
            "/x~1y~0z", "{\"n\":12345678901234567890.10}",
            "/applicationName", "7",
            "/ä", "\"\\u00fc\"");
    equal(additional, expected, "additional_json");
    answer.print(
        "session_answer_additional_json",
        "session_id",
        response.getSessionId(),
        "additional",
        additional);
  }

  /** What the gateway would send; `privileges` may be null, which is unset. */
  private static RestRequest previewExecutionSession(
      Context context, ExecutionSession row, Boolean privileges, String expected) {
    var fields = Context.row(row).setValidateOnly(true);
    if (privileges != null) {
      fields.setPrivileges(privileges);
    }
    var response = context.qlik().sees(0, 0, () -> context.create(fields)).expectOk();
    var request = response.getRestRequest();
    String target = preview(response, request, context.qlik());
    String query = fields.getPrivileges() ? "?xrfkey=***&privileges=true" : "?xrfkey=***";
    equal(target, QLIK_PATH + query, "target");
    var headers = new TreeMap<>(PLAIN_HEADERS);
    headers.put("x-qlik-user", "UserDirectory=INTERNAL;UserId=sa_api");
    headers.put("x-qlik-xrfkey", "***");
    equal(request.getHeadersMap(), headers, "headers");
    equal(request.getBody(), expected, "body");
    return request.toBuilder().setUrl(target).build();
  }

  private static void runExecutionSessionExtremes(Context context) {
    String id = UUID.randomUUID().toString().toUpperCase(Locale.ROOT);
    var row = Messages.executionSessionExtremes(id);
    String body = context.expectedBody("execution_session_extremes");
    String expected = body.replace("%ID%", id);
    final var shown = previewExecutionSession(context, row, true, expected);
    var fields = Context.row(row).setPrivileges(true);
    final var answer = context.qlik().sees(1, 1, () -> context.create(fields));
    equal(context.qlik().lastRequest().get("body").getAsString(), expected, "what was sent");
    // The repository answers the row as it was sent: dates in milliseconds, null is unset.
    var stored = row.toBuilder().clearAdditionalJson();
    stored.getCreatedDateBuilder().setNanos(999000000);
    stored.getExecutionResultBuilder().getStopTimeBuilder().setNanos(999000000);
    var response = answer.expectOk();
    equal(response.getExecutionSession(), stored.build(), "the row");
    equal(response.getReplayed(), false, "replayed");
    answer.print(
        "execution_session_extremes",
        "body",
        body,
        "status",
        response.getExecutionSession().getExecutionResult().getStatusValue(),
        "target",
        shown.getUrl(),
        "headers",
        shown.getHeadersMap());
  }

  private static void runExecutionSessionAbsent(Context context) {
    final var shown =
        previewExecutionSession(context, ExecutionSession.getDefaultInstance(), null, "{}");
    var answer = context.create(Context.row());
    var row = answer.expectOk().getExecutionSession();
    equal(context.qlik().lastRequest().get("body").getAsString(), "{}", "what was sent");
    equal(row.getId(), context.qlik().lastRow().get("id").getAsString(), "id");
    var set = Context.setFields(row);
    var own =
        List.of("created_date", "id", "modified_by_user_name", "modified_date", "schema_path");
    equal(set, own, "the row");
    answer.print(
        "execution_session_absent",
        "set",
        set,
        "target",
        shown.getUrl(),
        "headers",
        shown.getHeadersMap());
  }

  private static void runExecutionSessionZero(Context context) {
    var row = Messages.executionSessionZero();
    String body = context.expectedBody("execution_session_zero");
    final var shown = previewExecutionSession(context, row, false, body);
    var answer = context.create(Context.row(row).setPrivileges(false));
    equal(context.qlik().lastRequest().get("body").getAsString(), body, "what was sent");
    var got = answer.expectOk().getExecutionSession();
    boolean isOwnSet =
        !got.getId().isEmpty()
            && !got.getModifiedByUserName().isEmpty()
            && !got.getSchemaPath().isEmpty();
    equal(isOwnSet, true, "whether the server's own fields are set");
    var expected =
        row.toBuilder()
            .setId(got.getId())
            .setModifiedByUserName(got.getModifiedByUserName())
            .setSchemaPath(got.getSchemaPath())
            .setCreatedDate(got.getCreatedDate())
            .setModifiedDate(got.getModifiedDate());
    equal(got, expected.build(), "the row");
    answer.print(
        "execution_session_zero",
        "body",
        body,
        "target",
        shown.getUrl(),
        "headers",
        shown.getHeadersMap());
  }

  private static void runExecutionSessionAnswerAdditional(Context context) {
    context
        .qlik()
        .addFault(
            rawAnswer(
                "201 Created",
                """
                {"id":"not checked","retries":2147483648,\
                "createdDate":"1753-01-01T01:00:00+01:00","modifiedDate":"2024-01-01 00:00:00",\
                "executionResult":{"status":"7","duration":8.0,"scriptLogSize":-1},\
                "abortReason":-7,"new":null}"""));
    var answer = context.create(Context.row());
    var row = answer.expectOk().getExecutionSession();
    var additional = row.getAdditionalJsonMap();
    var expected =
        Map.of(
            "/retries", "2147483648",
            "/modifiedDate", "\"2024-01-01 00:00:00\"",
            "/executionResult/status", "\"7\"",
            "/executionResult/duration", "8.0",
            "/new", "null");
    equal(additional, expected, "additional_json");
    var set = Context.setFields(row);
    equal(set, List.of("abort_reason", "additional_json", "execution_result", "id"), "the row");
    equal(row.getId(), "not checked", "id");
    equal(row.getAbortReasonValue(), -7, "abort_reason");
    equal(row.getExecutionResult().getScriptLogSize(), -1L, "script_log_size");
    answer.print("execution_session_answer_additional_json", "set", set, "additional", additional);
  }

  private static void runLargeMessages(Context context) {
    byte[] bytes = new byte[LARGE];
    Arrays.fill(bytes, (byte) 0xa5);
    var value = TypedValue.newBuilder().setBytes(ByteString.copyFrom(bytes));
    var answer =
        context.create(Context.session().setSession(Session.newBuilder().addCommonData(value)));
    checkSessionAnswer(context, answer.expectOk());
    JsonElement pair = storedSession(context).getAsJsonArray("commonData").get(0);
    equal(pair.getAsJsonArray().get(0).getAsString(), "SOAM_BYTES", "the type");
    String encoded = pair.getAsJsonArray().get(1).getAsString();
    equal(Arrays.equals(Base64.getDecoder().decode(encoded), bytes), true, "the bytes are whole");
    answer.print("large_common_data", "size", encoded.length());

    String text = "é".repeat(LARGE / 2);
    answer =
        context.create(Context.session().setSession(Session.newBuilder().setSessionMetaData(text)));
    checkSessionAnswer(context, answer.expectOk());
    String stored = storedSession(context).get("sessionMetaData").getAsString();
    int size = stored.getBytes(StandardCharsets.UTF_8).length;
    equal(size, LARGE, "bytes at the upstream");
    answer.print("large_session", "size", size);

    String user = "\"".repeat(LARGE); // twice as long in JSON
    var row = context.create(Context.row(ExecutionSession.newBuilder().setUser(user).build()));
    boolean isWhole = row.expectOk().getExecutionSession().getUser().equals(user);
    equal(isWhole, true, "whether the text comes back whole");
    row.print("large_execution_session", "size", user.length());
  }

  private static JsonObject storedSession(Context context) {
    return context.symphony().lastRow().getAsJsonObject("session");
  }
}
