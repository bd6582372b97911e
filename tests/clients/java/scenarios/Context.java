package scenarios;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import sessiongateway.v1.Qlik.CreateExecutionSessionRequest;
import sessiongateway.v1.Qlik.CreateExecutionSessionResponse;
import sessiongateway.v1.Qlik.ExecutionSession;
import sessiongateway.v1.SessionGatewayGrpc.SessionGatewayBlockingStub;
import sessiongateway.v1.Symphony.CreateSessionRequest;
import sessiongateway.v1.Symphony.CreateSessionResponse;

/**
 * Calls to both gateways, and what the scenarios share. `partial` knows Symphony alone, `shutOut`
 * comes to neither upstream: `logon` is the Symphony that refuses its password.
 */
record Context(
    SessionGatewayBlockingStub gateway,
    SessionGatewayBlockingStub partial,
    SessionGatewayBlockingStub shutOut,
    Sandbox symphony,
    Sandbox qlik,
    Sandbox logon,
    Path shared) {
  static final String APPLICATION = "symping7.3.2";
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(20); // only a broken gateway

  void clearFaults() {
    symphony.clearFaults();
    qlik.clearFaults();
  }

  static CreateSessionRequest.Builder session() {
    return CreateSessionRequest.newBuilder().setApplicationName(APPLICATION);
  }

  static CreateExecutionSessionRequest.Builder row() {
    return row(ExecutionSession.getDefaultInstance());
  }

  static CreateExecutionSessionRequest.Builder row(ExecutionSession row) {
    return CreateExecutionSessionRequest.newBuilder().setExecutionSession(row);
  }

  Answer<CreateSessionResponse> create(CreateSessionRequest.Builder request) {
    return create(gateway, request, CALL_TIMEOUT);
  }

  Answer<CreateExecutionSessionResponse> create(CreateExecutionSessionRequest.Builder request) {
    return create(gateway, request, CALL_TIMEOUT);
  }

  static Answer<CreateSessionResponse> create(
      SessionGatewayBlockingStub stub, CreateSessionRequest.Builder request, Duration timeout) {
    return Answer.of(() -> stub.withDeadlineAfter(timeout).createSession(request.build()));
  }

  static Answer<CreateExecutionSessionResponse> create(
      SessionGatewayBlockingStub stub,
      CreateExecutionSessionRequest.Builder request,
      Duration timeout) {
    return Answer.of(() -> stub.withDeadlineAfter(timeout).createExecutionSession(request.build()));
  }

  /** The gateway, each call to which carries the metadata. */
  SessionGatewayBlockingStub withMetadata(Metadata metadata) {
    return gateway
        .withDeadlineAfter(CALL_TIMEOUT)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  String read(String name) {
    try {
      return Files.readString(shared.resolve(name));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** The file's line ends are for its reader, the text has none. */
  String expectedBody(String name) {
    return read("expected/" + name + ".json").replace("\n", "");
  }

  /** The contract's names of the members that are set. */
  static List<String> setFields(Message message) {
    return message.getAllFields().keySet().stream().map(FieldDescriptor::getName).sorted().toList();
  }
}
