package scenarios;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import sessiongateway.v1.SessionGatewayGrpc;

/**
 * Runs all scenarios, one JSON line for each on stdout: GATEWAY GATEWAY_OF_SYMPHONY_ALONE
 * GATEWAY_SHUT_OUT SYMPHONY_SANDBOX QLIK_SANDBOX LOGON_SANDBOX SHARED_FOLDER.
 */
final class Main {
  private Main() {}

  private static ManagedChannel open(String address) {
    return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
  }

  private static int run(Context context) {
    var groups = new LinkedHashMap<String, Consumer<Context>>();
    Scenarios.addTo(groups);
    Failures.addTo(groups);
    int failed = 0;
    for (Map.Entry<String, Consumer<Context>> group : groups.entrySet()) {
      context.clearFaults();
      try {
        group.getValue().accept(context);
      } catch (AssertionError | RuntimeException error) {
        failed++;
        System.err.println("FAILED " + group.getKey() + ": " + error);
      }
    }
    System.err.printf("java: %d groups of scenarios, %d failed%n", groups.size(), failed);
    return failed;
  }

  /** Exit code 1: a scenario failed. */
  public static void main(String[] arguments) {
    System.setOut(
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
    ManagedChannel channel = open(arguments[0]);
    ManagedChannel partial = open(arguments[1]);
    ManagedChannel shutOut = open(arguments[2]);
    final int failed =
        run(
            new Context(
                SessionGatewayGrpc.newBlockingStub(channel),
                SessionGatewayGrpc.newBlockingStub(partial),
                SessionGatewayGrpc.newBlockingStub(shutOut),
                new Sandbox(arguments[3]),
                new Sandbox(arguments[4]),
                new Sandbox(arguments[5]),
                Path.of(arguments[6])));
    channel.shutdownNow();
    partial.shutdownNow();
    shutOut.shutdownNow();
    System.exit(failed > 0 ? 1 : 0);
  }
}
