// Gateways of one site: a Redis that they share, both upstreams behind them, and each gateway a process of
// its own.
//
// Thread rule: one thread. Never here: what a call should give.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/gateway/programs.h"
#include "tests/replicas/creates_book.h"
#include "tests/sandbox/sandbox.h"
#include "tests/server/redis_server.h"

namespace session_gateway {

struct ReplicaOptions {
  std::string redis;          // `creates.redis.address`
  std::string symphony = {};  // endpoints; empty: the sandbox's
  std::string qlik = {};
  std::string listen = "127.0.0.1:0";
  // By default as long as a busy machine may need. A short lease is for those that are killed.
  std::chrono::milliseconds lease = std::chrono::seconds(60);
  std::chrono::milliseconds timeout = std::chrono::seconds(5);
  std::chrono::milliseconds linger = std::chrono::seconds(10);
  std::string symphony_auth = {};  // of symphony.auth
  std::string more_redis = {};     // further keys of creates.redis, each `, key: value`
  std::string more = {};           // further lines of the configuration
};

// One gateway.
class Replica {
 public:
  Replica(const Sandbox& sandbox, const ReplicaOptions& options);

  const Callee& callee() const { return callee_; }
  const std::string& address() const { return program_.address(); }
  std::string log() { return program_.process().log(); }
  GatewayProgram& program() { return program_; }

  // Once its log has that; which line it is.
  std::string WaitForLog(const std::string& part) { return program_.process().WaitForLine(part); }
  void Kill();
  // Until its log says so.
  void WaitUntilUsesRedis() { program_.process().WaitForLine(R"("msg":"ledger_usable")"); }

 private:
  const TemporaryFile config_;
  GatewayProgram program_;
  Callee callee_;
};

// SIGTERM to all of them, which has to end well.
void StopAll(const std::vector<Replica*>& replicas);

// What a gateway that will be killed is told: its claims die soon.
ReplicaOptions ShortLived(const std::string& redis);

class ReplicaSite {
 public:
  explicit ReplicaSite(std::vector<std::string> redis_options);
  ReplicaSite(std::vector<std::string> redis_options, const SandboxOptions& sandbox_options);

  std::unique_ptr<Replica> Start(const ReplicaOptions& options) const {
    return std::make_unique<Replica>(sandbox, options);
  }
  std::unique_ptr<Replica> Start() const { return Start({.redis = redis.address()}); }

  // All answers of the upstream come so late; what they tell of is there before.
  void Delay(SandboxUpstream upstream, std::chrono::milliseconds delay, int count);
  // The names of the ledger's keys that have this in them.
  std::vector<std::string> KeysWith(const std::string& text) const;
  // Whether the ledger has an entry of this request_id, or has none any more.
  bool WaitForEntry(const std::string& request_id, bool is_there) const;
  // Whether so many requests have reached it.
  bool WaitForRequests(SandboxUpstream upstream, std::uint64_t requests) const;

  Sandbox sandbox;
  RedisServer redis;
};

}  // namespace session_gateway
