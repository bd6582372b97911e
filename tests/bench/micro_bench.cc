// The parts of a call by themselves: codec, status mapping, ledger, pool, log line, hash. To be compared with
// each other and with themselves before a change; `make bench-micro` also runs the ledger's own benchmark.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "server/keyed_hash.h"
#include "server/ledger/memory_ledger.h"
#include "server/ledger/request_key.h"
#include "server/log.h"
#include "server/upstream/connection_pool.h"
#include "server/upstream/request_text.h"
#include "tests/bench/once_bed.h"
#include "tests/bench/translate_steps.h"

namespace session_gateway {
namespace {

constexpr std::size_t kLogLinesMax = 8192;

void AddTranslation(const std::string& name, const OnceSample& sample) {
  const auto steps = std::make_shared<TranslateSteps>(sample);
  benchmark::RegisterBenchmark(("codec/" + name + "/request").c_str(), [steps](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(steps->Request());
  });
  benchmark::RegisterBenchmark(("codec/" + name + "/reply").c_str(), [steps](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(steps->Response());
  });
  benchmark::RegisterBenchmark(("status/" + name + "/refusal").c_str(), [steps](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(steps->Refusal());
  });
}

HttpRequest SampleRequest() {
  HttpRequest request;
  request.method = "POST";
  request.path = "/platform/rest/symrest/v1/clientapi/session";
  request.query = {{"applicationName", "symping7.3.2"}, {"csrftoken", "0123456789abcdef", Secrecy::kSecret}};
  request.headers = {
      {"accept", "application/json"}, {"accept-encoding", "identity"}, {"content-type", "application/json"}};
  request.body = SymphonySample().body;
  return request;
}

// Claimed, and remembered.
void Ledger(benchmark::State& state) {
  const SystemClock clock;
  MemoryLedger ledger(clock, {.entries = 100'000, .bytes = std::size_t{1} << 30, .keep_min = Duration(0)});
  OnceBed bed(SymphonySample(), clock, ledger);
  constexpr int kBatch = 64;
  while (state.KeepRunningBatch(kBatch)) bed.Fill(kBatch);
}
BENCHMARK(Ledger)->Name("ledger/claim_and_remember");

struct KeptConnection {
  TimePoint opened = {};
  TimePoint idle_since = {};
  bool Quiet() const { return true; }
  void Close() {}
};

// Of many that are kept, without the look at the socket.
void Pool(benchmark::State& state) {
  ConnectionPool<KeptConnection> pool({});
  const TimePoint now = {};
  for (int i = 0; i < 64 && pool.Reserve(); ++i) pool.Keep(std::make_shared<KeptConnection>(), now);
  for (auto _ : state) pool.Keep(pool.Take(now), now);
}
BENCHMARK(Pool)->Name("pool/take_and_keep");

void LogLine(benchmark::State& state) {
  const SystemClock clock;
  Log log(clock, LogLevel::kInfo, kLogLinesMax, [](std::string_view) {});
  CallRecord record;
  record.method = "sessiongateway.v1.SessionGateway/CreateSession";
  record.status = "OK";
  record.upstream = "symphony";
  record.duration = std::chrono::microseconds(1234);
  record.deadline = std::chrono::seconds(20);
  record.peer = "ipv4:127.0.0.1:40000";
  for (auto _ : state) log.Call(record);
}
BENCHMARK(LogLine)->Name("log/line");

void ContentHashOf(benchmark::State& state) {
  const HttpRequest request = SampleRequest();
  for (auto _ : state) benchmark::DoNotOptimize(ContentOf(request));
}
BENCHMARK(ContentHashOf)->Name("hash/content");

void CredentialHash(benchmark::State& state) {
  SystemRandom random;
  const KeyedHash hash(random);
  const Secret credential("Basic dXNlcjpwYXNzd29yZA==");
  for (auto _ : state) benchmark::DoNotOptimize(hash.Hash(credential));
}
BENCHMARK(CredentialHash)->Name("hash/credential");

void Head(benchmark::State& state) {
  const HttpRequest request = SampleRequest();
  const Endpoint endpoint = {"http", "symphony.example", 8050, ""};
  for (auto _ : state) benchmark::DoNotOptimize(RequestHead(endpoint, request));
}
BENCHMARK(Head)->Name("http/request_head");

// What each attempt does before its credentials are added.
void Copy(benchmark::State& state) {
  const HttpRequest request = SampleRequest();
  for (auto _ : state) {
    HttpRequest copy = request;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(Copy)->Name("http/request_copy");

}  // namespace
}  // namespace session_gateway

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  session_gateway::AddTranslation("symphony", session_gateway::SymphonySample());
  session_gateway::AddTranslation("qlik", session_gateway::LargestQlikSample());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
