// The ledger's way to one Redis: connects, checks what it finds (redis_handshake.h), runs scripts, and
// connects again with growing pauses when the connection is lost or the server unusable.
//
// An operation that comes while the first attempt after the start or after a loss is under way waits for its
// end. Between attempts it fails at once. Bounds: operations under way, the time of each, the time of an
// attempt. Thread rule: loop thread only. Never here: what a script's answer means, a second run of a script
// that may have run.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config.h"
#include "server/event_loop.h"
#include "server/ledger/redis_connection.h"
#include "server/ledger/redis_scripts.h"
#include "server/random.h"
#include "server/secret.h"

namespace session_gateway {

// Pauses between attempts; each is drawn from the upper half of its length.
inline constexpr std::chrono::milliseconds kRedisPauseMin{100};
inline constexpr std::chrono::milliseconds kRedisPauseMax{5000};

class RedisClient {
 public:
  // Called with why Redis cannot be used, once per reason, and with an empty text when it can be again.
  using Report = std::function<void(const std::string& problem)>;

  // Begins to connect. The loop, the clock and the random numbers outlive this.
  RedisClient(const RedisConfig& config, Loop& loop, const Clock& clock, Random& random, Secret password,
              Report report);
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // From the next connect on.
  void SetPassword(Secret password);
  // Called each time that Redis can be used again.
  void OnUsable(std::function<void()> callback);

  enum class Priority {
    kBegin,  // may be refused when many operations are under way
    kEnd,    // of what has begun: has room beyond that
  };
  // All parameters outlive the task. `context` may be nullptr.
  Task<RedisOutcome> Run(RedisScript script, std::span<const std::string_view> keys,
                         std::span<const std::string_view> values, CallContext* context, Priority priority,
                         RedisLateEnd late);

  // Sends a script for whose end nobody waits. `end` is told of it, with nullptr at once when Redis cannot be
  // used.
  void Post(RedisScript script, std::span<const std::string_view> keys,
            std::span<const std::string_view> values, RedisLateEnd end);

  bool is_usable() const;
  // Ends every wait and connects no more.
  void Close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace session_gateway
