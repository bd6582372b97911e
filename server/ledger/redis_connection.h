// One connection to Redis: commands go out in order, and replies come back in the same.
//
// A command has a time limit. One that ran out of it, or whose caller left, may still run: its place in the
// order is kept, and `late` learns what it came to. While the oldest command is beyond its limit the
// connection is stalled and takes no further ones; one that stalls for long is broken off.
//
// Where an exception comes in the middle of something, for want of memory, the connection is broken off: the
// order of what is asked and answered is never in doubt.
//
// Bounds: commands that are not answered, bytes that wait to leave (kRedisOutputBytesMax), and the replies'
// (redis_protocol.h). Thread rule: loop thread only. Never here: what a command means, a second try.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/call_context.h"
#include "server/event_loop.h"
#include "server/ledger/redis_protocol.h"
#include "server/upstream/loop_event.h"

namespace session_gateway {

inline constexpr std::size_t kRedisOutputBytesMax = 64 * 1024 * 1024;
// So many times the limit of a command after it, a connection without its answer counts as dead.
inline constexpr int kRedisStallTimeouts = 10;
// So short that a std::string of it needs no memory.
inline constexpr char kRedisNoMemory[] = "out of memory";

using RedisAddressBytes = boost::asio::generic::stream_protocol::endpoint;
using RedisSocket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, LoopExecutor>;

// What became of a command.
struct RedisOutcome {
  enum class End {
    kAnswered,
    kNotRun,   // it never left
    kUnknown,  // it may have run, or may still
  };

  End end = End::kNotRun;
  RedisReply reply;      // of kAnswered
  std::string problem;   // of the others, for people
  TimePoint asked = {};  // when it was handed to the connection

  static RedisOutcome NotRun(std::string problem) { return {End::kNotRun, {}, std::move(problem), {}}; }
};

// Told once of a command that ended as kUnknown: the late reply, or nullptr when none will come.
using RedisLateEnd = std::function<void(const RedisReply* reply)>;

class RedisConnection : public std::enable_shared_from_this<RedisConnection> {
 public:
  // `timeout` is of each command. The clock outlives the connection.
  RedisConnection(const LoopExecutor& executor, const Clock& clock, Duration timeout);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // To the first address that accepts. Returns why there is none.
  Task<std::optional<std::string>> Connect(std::vector<RedisAddressBytes> addresses);

  // Takes replies from now on; once, after Connect.
  void StartReading();
  // At most one waits.
  Task<void> WaitUntilBroken();

  // `context` may be nullptr. `unanswered_max`: with so many commands under way this one is not sent.
  Task<RedisOutcome> Do(std::span<const std::string_view> words, CallContext* context,
                        std::size_t unanswered_max, RedisLateEnd late);

  // Sends a command for whose end nobody waits; `end` is told as that of a late one. Where it throws, nothing
  // was sent.
  void Post(std::span<const std::string_view> words, RedisLateEnd end);

  // Ends every wait. The first reason stays.
  void Break(std::string_view problem) noexcept;

  bool is_broken() const { return !problem_.empty(); }
  const std::string& problem() const { return problem_; }

 private:
  struct Command;

  // Why a command of `bytes` cannot be sent, if it cannot.
  std::string Refusal(std::size_t unanswered_max) const;
  std::shared_ptr<Command> Enqueue(std::span<const std::string_view> words, RedisLateEnd late);
  Task<void> AwaitEnd(Command& command, CallContext* context);
  void Flush() noexcept;
  void Lose(const boost::system::error_code& error) noexcept;
  Task<void> Read();
  bool Deliver();
  void WatchOldest() noexcept;
  void OnTime() noexcept;
  std::size_t bytes_waiting() const { return output_.size() + leaving_.size(); }

  const Clock& clock_;
  const Duration timeout_;
  RedisSocket socket_;
  LoopEvent broken_;
  LoopTimer timer_;
  bool timer_runs_ = false;
  RedisReader reader_;
  std::deque<std::shared_ptr<Command>> commands_;  // in the order of the replies
  std::size_t overdue_ = 0;                        // of them, at the front, beyond their limit
  std::string output_;
  std::string leaving_;   // being written
  std::size_t left_ = 0;  // of it
  bool writes_ = false;
  std::string problem_;
};

}  // namespace session_gateway
