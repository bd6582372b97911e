package scenarios;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.InternalMetadata;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** How a call ended: a response, or an error with its details. */
final class Answer<T extends Message> {
  private static final int TRAILERS_BYTES_MAX = 4096;
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  String code = "OK";
  String message = "";
  String reason = "";
  String outcome = ""; // the trailer
  String pushback = ""; // the trailer
  Map<String, String> metadata = Map.of(); // of the ErrorInfo
  List<String> fields = List.of(); // of the BadRequest
  long retryAfter; // seconds, of the RetryInfo
  private T response;

  static <T extends Message> Answer<T> of(Supplier<T> call) {
    var answer = new Answer<T>();
    try {
      answer.response = call.get();
    } catch (StatusRuntimeException error) {
      answer.read(error);
    }
    return answer;
  }

  static void equal(Object actual, Object expected, String what) {
    if (!Objects.equals(actual, expected)) {
      throw new AssertionError(what + ": " + actual + " where " + expected + " was expected");
    }
  }

  private static String trailer(Metadata trailers, String name) {
    var value = trailers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
    return value == null ? "" : value;
  }

  private void read(StatusRuntimeException error) {
    var trailers = Objects.requireNonNullElseGet(error.getTrailers(), Metadata::new);
    code = error.getStatus().getCode().name();
    message = Objects.requireNonNullElse(error.getStatus().getDescription(), "");
    outcome = trailer(trailers, "session-gateway-outcome");
    pushback = trailer(trailers, "grpc-retry-pushback-ms");
    var status = StatusProto.fromThrowable(error);
    if (status.getDetailsCount() == 0) { // this client's own error, such as its timer's
      return;
    }
    try {
      for (Any detail : status.getDetailsList()) {
        readDetail(detail);
      }
    } catch (InvalidProtocolBufferException broken) {
      throw new AssertionError("a broken detail", broken);
    }
    check(trailers);
  }

  private void readDetail(Any detail) throws InvalidProtocolBufferException {
    if (detail.is(ErrorInfo.class)) {
      var info = detail.unpack(ErrorInfo.class);
      equal(info.getDomain(), "sessiongateway.v1", "domain");
      reason = info.getReason();
      metadata = info.getMetadataMap();
    } else if (detail.is(BadRequest.class)) {
      fields = new ArrayList<>();
      for (var violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
        fields.add(violation.getField());
      }
    } else if (detail.is(RetryInfo.class)) {
      retryAfter = detail.unpack(RetryInfo.class).getRetryDelay().getSeconds();
    } else {
      throw new AssertionError("an unexpected detail: " + detail.getTypeUrl());
    }
  }

  /** What holds of every error that the gateway makes. */
  private void check(Metadata trailers) {
    equal(outcome, metadata.get("outcome"), "the trailer's outcome");
    boolean isFinal = outcome.equals("unknown") || outcome.equals("done");
    equal(pushback, isFinal ? "-1" : "", "grpc-retry-pushback-ms");
    if (code.equals(Status.Code.UNAVAILABLE.name())) {
      equal(outcome, "not_sent", "the outcome");
    }
    int size = 0;
    for (byte[] text : InternalMetadata.serialize(trailers)) {
      size += text.length;
    }
    if (size >= TRAILERS_BYTES_MAX) {
      throw new AssertionError("the trailers have " + size + " bytes");
    }
  }

  T expectOk() {
    equal(List.of(code, message), List.of("OK", ""), "the call's status");
    return response;
  }

  void expectError(String code, String reason, String outcome, String phase) {
    var seen = List.of(this.code, this.reason, this.outcome, metadata.getOrDefault("phase", ""));
    equal(seen, List.of(code, reason, outcome, phase), "the error (" + message + ")");
  }

  /** What every client must have seen alike: names and values in turn. */
  void print(String scenario, Object... namesAndValues) {
    var values = new LinkedHashMap<String, Object>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      values.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    var result = new LinkedHashMap<String, Object>();
    result.put("scenario", scenario);
    result.put("code", code);
    result.put("reason", reason);
    result.put("outcome", outcome);
    result.put("values", values);
    System.out.println(GSON.toJson(result));
  }
}
