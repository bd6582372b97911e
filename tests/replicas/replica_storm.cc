#include "tests/replicas/replica_storm.h"

#include <gtest/gtest.h>

#include <csignal>

#include "tests/server/signal.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;
constexpr int kCallers = 12;
constexpr std::size_t kAnswersBetween = 150;
constexpr std::uint64_t kRepeatedLately = 8;  // ids that one caller may call again
// Beyond the handshake with Redis there are the bytes of many requests.
constexpr std::uint64_t kBytesOfConnection = 30'000;

}  // namespace

ReplicaStorm::ReplicaStorm(std::uint64_t seed)
    : port_(std::to_string(FreeLoopbackPort())),
      site_({"--port", port_, "--appendonly", "yes", "--appendfsync", "always"}),
      ways_{ChaosProxy({.upstream_port = std::stoi(port_)}), ChaosProxy({.upstream_port = std::stoi(port_)})},
      book_(kSymphony, seed),
      random_(seed) {
  for (std::size_t i = 0; i < kReplicas; ++i) Restart(i);
}

ReplicaStorm::~ReplicaStorm() {
  stopped_ = true;
  for (std::thread& caller : callers_) caller.join();
}

std::vector<std::string> ReplicaStorm::addresses() const {
  std::vector<std::string> all;
  for (const auto& replica : replicas_) all.push_back(replica->address());
  return all;
}

void ReplicaStorm::Restart(std::size_t replica) {
  ReplicaOptions options = ShortLived("127.0.0.1:" + std::to_string(ways_[replica].port()));
  options.linger = milliseconds(500);
  options.more = "pool: {idle_connections: 0}\n";  // each fault meets a connection of its own
  if (replicas_[replica]) options.listen = replicas_[replica]->address();
  replicas_[replica].reset();
  replicas_[replica] = site_.Start(options);
}

void ReplicaStorm::CallOn(std::uint64_t seed, const std::vector<Callee>& callees) {
  std::mt19937_64 random(seed);
  std::vector<std::string> own;
  bool has_end = true;
  while (!stopped_) {
    // As a client does that keeps to its request until it has an end.
    if (has_end && (own.empty() || random() % 3 == 0)) own.push_back(book_.NewRequestId());
    const std::size_t lately = std::min<std::size_t>(own.size(), kRepeatedLately);
    const std::string& id = own[own.size() - 1 - random() % lately];
    const auto deadline = random() % 4 == 0 ? milliseconds(20 + random() % 300) : kCallPatience;
    const Told told = book_.Call(callees[random() % callees.size()], id, deadline, "same");
    has_end = told.heard && told.outcome != "not_sent";
    EXPECT_FALSE(told.code == "UNAVAILABLE" && told.heard && told.outcome != "not_sent") << told;
  }
}

void ReplicaStorm::WaitForAnswers(std::size_t answers) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (book_.answers() < answers && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

void ReplicaStorm::Run(const std::vector<Callee>& callees, int disturbances) {
  stopped_ = false;
  for (int i = 0; i < kCallers; ++i) {
    callers_.emplace_back([this, seed = random_(), callees] { CallOn(seed, callees); });
  }
  for (int i = 0; i < disturbances; ++i) {
    WaitForAnswers(book_.answers() + kAnswersBetween);
    Disturb();
  }
  WaitForAnswers(book_.answers() + kAnswersBetween);
  stopped_ = true;
  for (std::thread& caller : callers_) caller.join();
  callers_.clear();
}

void ReplicaStorm::Disturb() {
  const std::size_t replica = random_() % kReplicas;
  switch (random_() % 6) {
    case 0:
      replicas_[replica]->Kill();
      return Restart(replica);
    case 1:
      site_.redis.Pause();
      WaitForAnswers(book_.answers() + kAnswersBetween);
      return site_.redis.Continue();
    case 2:
      site_.redis.Kill();
      WaitForAnswers(book_.answers() + kAnswersBetween);
      return site_.redis.Start();
    case 3:
      site_.redis.Ask({"CONFIG", "SET", "maxmemory", "1"});
      WaitForAnswers(book_.answers() + kAnswersBetween);
      site_.redis.Ask({"CONFIG", "SET", "maxmemory", "0"});
      return;
    case 4: {
      ChaosMix mix = EvenMix(0.7);
      mix.request_bytes_max = mix.answer_bytes_max = mix.life_bytes_max = kBytesOfConnection;
      ways_[replica].SetChooser(RandomPlans(random_(), mix));
      return ways_[replica].EndOpen(ChaosEnd::kReset);
    }
    default:
      return DisturbUpstream();
  }
}

void ReplicaStorm::DisturbUpstream() {
  const bool creates = random_() % 2 == 0;
  const SandboxFault faults[] = {
      {.kind = SandboxFaultKind::kReset, .count = 10, .create = creates},
      {.kind = SandboxFaultKind::kDelay, .count = 10, .wait = milliseconds(200)},
      {.kind = SandboxFaultKind::kCut, .count = 10, .after_bytes = random_() % 300},
      {.kind = SandboxFaultKind::kStatus, .count = 10, .status = 503},
      {.kind = SandboxFaultKind::kGarbage, .count = 10, .create = creates},
  };
  // A full queue of faults is full enough.
  [[maybe_unused]] const bool added =
      site_.sandbox.AddFault(kSymphony, faults[random_() % std::size(faults)]);
}

void ReplicaStorm::ExpectHonest(const std::vector<Callee>& callees) {
  for (ChaosProxy& way : ways_) {
    way.Forward();
    way.EndOpen(ChaosEnd::kReset);
  }
  site_.sandbox.ClearFaults(kSymphony);
  // Whose claims outlive it.
  replicas_[0]->Kill();
  Restart(0);
  std::vector<std::future<void>> asking;
  const std::vector<std::string> ids = book_.request_ids();
  std::atomic<std::size_t> next = 0;
  for (int i = 0; i < kCallers; ++i) {
    asking.push_back(std::async(std::launch::async, [&] {
      for (std::size_t at = next++; at < ids.size(); at = next++) {
        const Told told = book_.AskUntilTold(callees[at % callees.size()], ids[at]);
        EXPECT_TRUE(told.ok || told.outcome == "unknown" || told.outcome == "done") << told;
      }
    }));
  }
  for (auto& one : asking) one.wait();
  book_.ExpectHonest(site_.sandbox);
}

std::string ReplicaStorm::Figures() const {
  return std::to_string(book_.answers()) + " answers about " + std::to_string(book_.distinct()) +
         " requests, " + std::to_string(site_.sandbox.counters(kSymphony).creates) + " sessions\n" +
         book_.Words();
}

}  // namespace session_gateway
