#include "tests/replicas/replica_site.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "tests/exchange/channel.h"
#include "tests/server/signal.h"

namespace session_gateway {
namespace {

constexpr int kManyRequests = 100'000;

SandboxOptions ForMany(SandboxOptions options) {
  options.seed = 6;
  options.rows_max = kManyRequests;
  return options;
}

std::string Ms(std::chrono::milliseconds duration) { return std::to_string(duration.count()) + "ms"; }

std::string ConfigOf(const Sandbox& sandbox, const ReplicaOptions& options) {
  std::string yaml = ConfigFor(
      options.symphony.empty() ? sandbox.Endpoint(SandboxUpstream::kSymphony) : options.symphony, "");
  if (!options.symphony_auth.empty()) yaml += "  auth: {" + options.symphony_auth + "}\n";
  yaml += EndpointsYaml("", options.qlik.empty() ? sandbox.Endpoint(SandboxUpstream::kQlik) : options.qlik);
  return yaml + "creates:\n  linger: " + Ms(options.linger) + "\n  redis: {address: \"" + options.redis +
         "\", lease: " + Ms(options.lease) + ", timeout: " + Ms(options.timeout) + options.more_redis +
         "}\n" + options.more;
}

}  // namespace

Replica::Replica(const Sandbox& sandbox, const ReplicaOptions& options)
    : config_(ConfigOf(sandbox, options)),
      program_({"--config", config_.path(), "--listen", options.listen}),
      callee_(ConnectTo(program_.address())) {}

void Replica::Kill() {
  program_.process().Signal(SIGKILL);
  EXPECT_EQ(program_.process().WaitForEnd(), -SIGKILL);
}

void StopAll(const std::vector<Replica*>& replicas) {
  for (Replica* const replica : replicas) replica->program().process().Signal(SIGTERM);
  for (Replica* const replica : replicas) {
    EXPECT_EQ(replica->program().process().WaitForEnd(), 0) << replica->log();
  }
}

ReplicaOptions ShortLived(const std::string& redis) {
  return {.redis = redis, .lease = std::chrono::seconds(1), .timeout = std::chrono::milliseconds(333)};
}

ReplicaSite::ReplicaSite(std::vector<std::string> redis_options)
    : ReplicaSite(std::move(redis_options), SandboxOptions()) {}

ReplicaSite::ReplicaSite(std::vector<std::string> redis_options, const SandboxOptions& sandbox_options)
    : sandbox(ForMany(sandbox_options)), redis(std::move(redis_options)) {
  EXPECT_EQ(sandbox.Start(), std::nullopt);
}

void ReplicaSite::Delay(SandboxUpstream upstream, std::chrono::milliseconds delay, int count) {
  EXPECT_TRUE(sandbox.AddFault(
      upstream, {.kind = SandboxFaultKind::kDelay, .count = count, .method = "POST", .wait = delay}));
}

std::vector<std::string> ReplicaSite::KeysWith(const std::string& text) const {
  std::vector<std::string> names;
  for (const RedisReply& key : redis.Ask({"KEYS", "*once:*" + text + "*"}).elements) {
    names.push_back(key.text);
  }
  return names;
}

bool ReplicaSite::WaitForEntry(const std::string& request_id, bool is_there) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (KeysWith(request_id).empty() == is_there) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

bool ReplicaSite::WaitForRequests(SandboxUpstream upstream, std::uint64_t requests) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (sandbox.counters(upstream).requests < requests) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace session_gateway
