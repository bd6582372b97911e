package example;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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
  /** Of an attempt, for everything together: queue, connection, REST call and answer. */
  private static final long DEADLINE_SECONDS = 5;

  private static final int ATTEMPTS = 4;

  /** Doubles, where the gateway asks for no other. */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private static final Set<Status.Code> REPEATABLE =
      Set.of(
          Status.Code.UNAVAILABLE,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.UNKNOWN,
          Status.Code.CANCELLED,
          Status.Code.RESOURCE_EXHAUSTED);

  private CreateSessions() {}

  private static void createSession(SessionGatewayBlockingStub gateway, String application)
      throws InterruptedException {
    var request =
        CreateSessionRequest.newBuilder()
            .setRequestId(UUID.randomUUID().toString()) // of this one session, in every attempt
            .setApplicationName(application)
            .setSession(
                Session.newBuilder()
                    .setSessionName("nightly risk")
                    .setSessionPriority(5000)
                    // A uint64 is a long in Java: -1 is its highest value, 2^64-1.
                    .addCommonData(TypedValue.newBuilder().setUint64(-1L)))
            .build();
    var response = repeat(gateway, stub -> stub.createSession(request));
    System.out.printf(
        "session %s at %s%s%n",
        response.getSessionId(), response.getEndpoint(), madeBy(response.getReplayed()));
  }

  private static void createExecutionSession(SessionGatewayBlockingStub gateway)
      throws InterruptedException {
    var inOneHour = Instant.now().plus(Duration.ofHours(1));
    var request =
        CreateExecutionSessionRequest.newBuilder()
            .setRequestId(UUID.randomUUID().toString())
            .setExecutionSession(
                ExecutionSession.newBuilder()
                    .setReloadTask(Task.newBuilder().setName("nightly reload"))
                    .setAbortAt(Timestamp.newBuilder().setSeconds(inOneHour.getEpochSecond())))
            .build();
    var response = repeat(gateway, stub -> stub.createExecutionSession(request));
    System.out.printf(
        "execution session %s%s%n",
        response.getExecutionSession().getId(), madeBy(response.getReplayed()));
  }

  private static String madeBy(boolean replayed) {
    return replayed ? " (made by an earlier attempt)" : "";
  }

  /**
   * The answer of the first attempt that has one. Never two sessions, for all have the same
   * request_id.
   */
  private static <T> T repeat(
      SessionGatewayBlockingStub gateway, Function<SessionGatewayBlockingStub, T> call)
      throws InterruptedException {
    var pause = FIRST_PAUSE;
    for (int attempt = 1; ; attempt++) {
      try {
        return call.apply(gateway.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS));
      } catch (StatusRuntimeException error) {
        var wait = pauseAfter(error, pause);
        if (wait.isEmpty() || attempt == ATTEMPTS) {
          throw error;
        }
        Thread.sleep(wait.get().toMillis());
        pause = pause.multipliedBy(2);
      }
    }
  }

  /** How long to wait for the next attempt; empty: there is nothing to gain by one. */
  private static Optional<Duration> pauseAfter(StatusRuntimeException error, Duration pause) {
    var info = detailOf(error, ErrorInfo.class);
    var asked =
        detailOf(error, RetryInfo.class)
            .map(RetryInfo::getRetryDelay)
            .map(delay -> Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
    var outcome = info.map(i -> i.getMetadataOrDefault("outcome", "unknown")).orElse("unknown");
    var isOver = outcome.equals("done") || (outcome.equals("refused") && asked.isEmpty());
    if (isOver || !REPEATABLE.contains(error.getStatus().getCode())) {
      return Optional.empty();
    }
    return asked.or(() -> Optional.of(pause)).filter(wait -> wait.compareTo(LONGEST_PAUSE) <= 0);
  }

  /** Empty: there is no such detail, or the error was not made by the gateway. */
  private static <T extends Message> Optional<T> detailOf(
      StatusRuntimeException error, Class<T> kind) {
    try {
      for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
        if (detail.is(kind)) {
          return Optional.of(detail.unpack(kind));
        }
      }
    } catch (InvalidProtocolBufferException notReadable) {
      // Then nothing is known of it.
    }
    return Optional.empty();
  }

  private static void explain(StatusRuntimeException error) {
    var status = error.getStatus();
    System.out.printf("%s: %s%n", status.getCode(), status.getDescription());
    detailOf(error, ErrorInfo.class)
        .ifPresent(
            info -> {
              // outcome says whether the session exists: not_sent, refused, done or unknown
              var outcome = info.getMetadataOrDefault("outcome", "unknown");
              System.out.printf("reason %s, outcome %s%n", info.getReason(), outcome);
            });
    detailOf(error, BadRequest.class)
        .ifPresent(
            badRequest -> {
              for (var violation : badRequest.getFieldViolationsList()) {
                System.out.printf(
                    "field %s: %s%n", violation.getField(), violation.getDescription());
              }
            });
  }

  private static ChannelCredentials credentials(String[] arguments) throws IOException {
    if (arguments.length < 3) {
      return InsecureChannelCredentials.create();
    }
    return TlsChannelCredentials.newBuilder().trustManager(new File(arguments[2])).build();
  }

  private static boolean run(String[] arguments) throws IOException, InterruptedException {
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
  public static void main(String[] arguments) throws IOException, InterruptedException {
    System.exit(run(arguments) ? 0 : 1);
  }
}
