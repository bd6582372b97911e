package scenarios;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.function.Supplier;

/** One upstream of the sandbox, through its control plane. */
record Sandbox(String endpoint) {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final Duration CONTROL_TIMEOUT = Duration.ofSeconds(10);

  private JsonElement call(String method, String name, String body) {
    var request =
        HttpRequest.newBuilder(URI.create(endpoint + "/sandbox/" + name))
            .method(method, BodyPublishers.ofString(body))
            .timeout(CONTROL_TIMEOUT)
            .build();
    try {
      var answer = CLIENT.send(request, BodyHandlers.ofString());
      Answer.equal(answer.statusCode(), 200, "the sandbox's answer to " + name);
      return JsonParser.parseString(answer.body());
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }

  private JsonObject last(String name) {
    JsonArray all = call("GET", name, "").getAsJsonArray();
    return all.get(all.size() - 1).getAsJsonObject();
  }

  JsonObject lastRequest() {
    return last("requests");
  }

  JsonObject lastRow() {
    return last("rows");
  }

  void addFault(JsonObject fault) {
    call("POST", "faults", fault.toString());
  }

  /** Forgets those that no request has met. */
  void clearFaults() {
    call("DELETE", "faults", "");
  }

  private int counter(String name) {
    return call("GET", "counters", "").getAsJsonObject().get(name).getAsInt();
  }

  /** So many requests and new rows: nothing is sent twice, nothing that must not be. */
  <T> T sees(int requests, int creates, Supplier<T> during) {
    int requestsBefore = counter("requests");
    int createsBefore = counter("creates");
    T result = during.get();
    Answer.equal(counter("requests") - requestsBefore, requests, "requests at the upstream");
    Answer.equal(counter("creates") - createsBefore, creates, "creates at the upstream");
    return result;
  }
}
