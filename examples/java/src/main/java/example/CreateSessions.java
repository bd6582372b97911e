package example;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import sessiongateway.v1.Qlik.CreateExecutionSessionRequest;
import sessiongateway.v1.Qlik.ExecutionSession;
import sessiongateway.v1.Qlik.Task;
import sessiongateway.v1.SessionGatewayGrpc;
import sessiongateway.v1.SessionGatewayGrpc.SessionGatewayBlockingStub;
import sessiongateway.v1.Symphony.CreateSessionRequest;
import sessiongateway.v1.Symphony.Session;
import sessiongateway.v1.Symphony.TypedValue;

/** Creates a Symphony session and a Qlik execution session: ADDRESS APPLICATION [CA_FILE]. */
public final class CreateSessions {
  /** For everything together: queue, connection, REST call and answer. */
  private static final long DEADLINE_SECONDS = 5;

  private CreateSessions() {}

  private static void createSession(SessionGatewayBlockingStub gateway, String application) {
    var request =
        CreateSessionRequest.newBuilder()
            .setApplicationName(application)
            .setSession(
                Session.newBuilder()
                    .setSessionName("nightly risk")
                    .setSessionPriority(5000)
                    // A uint64 is a long in Java: -1 is its highest value, 2^64-1.
                    .addCommonData(TypedValue.newBuilder().setUint64(-1L)))
            .build();
    var response =
        gateway.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS).createSession(request);
    System.out.printf("session %s at %s%n", response.getSessionId(), response.getEndpoint());
  }

  private static void createExecutionSession(SessionGatewayBlockingStub gateway) {
    var inOneHour = Instant.now().plus(Duration.ofHours(1));
    var request =
        CreateExecutionSessionRequest.newBuilder()
            .setExecutionSession(
                ExecutionSession.newBuilder()
                    .setReloadTask(Task.newBuilder().setName("nightly reload"))
                    .setAbortAt(Timestamp.newBuilder().setSeconds(inOneHour.getEpochSecond())))
            .build();
    var response =
        gateway
            .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
            .createExecutionSession(request);
    System.out.printf("execution session %s%n", response.getExecutionSession().getId());
  }

  private static void explain(StatusRuntimeException error) throws InvalidProtocolBufferException {
    var status = StatusProto.fromThrowable(error);
    System.out.printf("%s: %s%n", error.getStatus().getCode(), status.getMessage());
    // Without details the error was not made by the gateway.
    for (Any detail : status.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        var info = detail.unpack(ErrorInfo.class);
        // outcome says whether the session exists: not_sent, refused, done or unknown
        var outcome = info.getMetadataOrDefault("outcome", "unknown");
        System.out.printf("reason %s, outcome %s%n", info.getReason(), outcome);
      } else if (detail.is(BadRequest.class)) {
        for (var violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
          System.out.printf("field %s: %s%n", violation.getField(), violation.getDescription());
        }
      }
    }
  }

  private static ChannelCredentials credentials(String[] arguments) throws IOException {
    if (arguments.length < 3) {
      return InsecureChannelCredentials.create();
    }
    return TlsChannelCredentials.newBuilder().trustManager(new File(arguments[2])).build();
  }

  private static boolean run(String[] arguments) throws IOException {
    ManagedChannel channel = Grpc.newChannelBuilder(arguments[0], credentials(arguments)).build();
    try {
      SessionGatewayBlockingStub gateway = SessionGatewayGrpc.newBlockingStub(channel);
      createSession(gateway, arguments[1]);
      createExecutionSession(gateway);
      return true;
    } catch (StatusRuntimeException error) {
      explain(error);
      return false;
    } finally {
      channel.shutdownNow();
    }
  }

  /** Exit code 1: a call failed. */
  public static void main(String[] arguments) throws IOException {
    System.exit(run(arguments) ? 0 : 1);
  }
}
