#include "server/ledger/redis_connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <utility>

namespace session_gateway {
namespace {

using ErrorCode = boost::system::error_code;
using End = RedisOutcome::End;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kBufferKeptMax = 1024 * 1024;  // a buffer that grew beyond it is not kept

RedisOutcome NotRun(std::string problem) { return {End::kNotRun, {}, std::move(problem), {}}; }

}  // namespace

struct RedisConnection::Command {
  Command(const LoopExecutor& executor, TimePoint the_limit, RedisLateEnd the_late)
      : ended(executor), limit(the_limit), late(std::move(the_late)) {}

  // Ends the wait without a reply. What it comes to is then for `late`.
  void GiveUp(const std::string& why) {
    if (!is_waited_for) return;
    is_waited_for = false;
    problem = why;
    ended.Announce();
  }

  LoopEvent ended;
  const TimePoint limit;
  RedisLateEnd late;
  bool is_waited_for = true;
  std::optional<RedisReply> reply;
  std::string problem;
};

RedisConnection::RedisConnection(const LoopExecutor& executor, const Clock& clock, Duration timeout)
    : clock_(clock), timeout_(timeout), socket_(executor), broken_(executor), timer_(executor) {}

Task<std::optional<std::string>> RedisConnection::Connect(std::vector<RedisAddressBytes> addresses) {
  const auto self = shared_from_this();
  ErrorCode error = boost::asio::error::host_not_found;
  for (const RedisAddressBytes& address : addresses) {
    ErrorCode ignored;
    socket_.close(ignored);
    co_await socket_.async_connect(address, boost::asio::redirect_error(kUseTask, error));
    if (is_broken()) co_return problem_;
    if (error) continue;
    if (address.protocol().family() != AF_UNIX)
      socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    co_return std::nullopt;
  }
  Break("cannot connect: " + error.message());
  co_return problem_;
}

void RedisConnection::StartReading() {
  boost::asio::co_spawn(socket_.get_executor(), Read(),
                        [self = shared_from_this()](const std::exception_ptr& exception) {
                          if (exception) self->Break("internal error");
                        });
}

Task<void> RedisConnection::WaitUntilBroken() {
  const auto self = shared_from_this();
  co_await broken_.Wait();
}

Task<void> RedisConnection::Read() {
  std::array<char, kReadBytes> input;
  while (!is_broken()) {
    ErrorCode error;
    const std::size_t size = co_await socket_.async_read_some(boost::asio::buffer(input),
                                                              boost::asio::redirect_error(kUseTask, error));
    if (is_broken()) break;
    if (error == boost::asio::error::eof) {
      Break("Redis has closed the connection");
    } else if (error) {
      Break("the connection is lost: " + error.message());
    } else {
      reader_.Feed({input.data(), size});
      while (Deliver()) {
      }
    }
  }
}

bool RedisConnection::Deliver() {
  if (is_broken()) return false;
  std::optional<RedisReply> reply = reader_.Next();
  if (!reply) {
    if (!reader_.problem().empty()) Break(reader_.problem());
    return false;
  }
  if (commands_.empty()) {
    Break("a reply came that nobody asked for");
    return false;
  }
  const std::shared_ptr<Command> command = std::move(commands_.front());
  commands_.pop_front();
  if (overdue_ > 0 && --overdue_ == 0) {
    // The timer may be set to the end of the stall that is just over.
    timer_runs_ = false;
    WatchOldest();
  }
  if (!command->is_waited_for) {
    if (command->late) command->late(&*reply);
    return true;
  }
  command->reply = std::move(reply);
  command->GiveUp({});
  return true;
}

Task<RedisOutcome> RedisConnection::Do(std::span<const std::string_view> words, CallContext* context,
                                       std::size_t unanswered_max, RedisLateEnd late) {
  const auto self = shared_from_this();
  if (context != nullptr && context->stopped() != StopReason::kNone) {
    co_return NotRun("the call has ended");
  }
  if (std::string refusal = Refusal(unanswered_max); !refusal.empty()) {
    co_return NotRun(std::move(refusal));
  }
  const std::shared_ptr<Command> command = Enqueue(words, std::move(late));
  {
    std::optional<StopGuard> guard;
    if (context != nullptr) guard.emplace(*context, [&command] { command->GiveUp("the call has ended"); });
    co_await command->ended.Wait();
  }
  const TimePoint asked = command->limit - timeout_;
  if (command->reply) co_return RedisOutcome{End::kAnswered, std::move(*command->reply), {}, asked};
  co_return RedisOutcome{End::kUnknown, {}, command->problem, asked};
}

void RedisConnection::Post(std::span<const std::string_view> words, RedisLateEnd end) {
  if (is_broken() || bytes_waiting() > kRedisOutputBytesMax) return end(nullptr);
  Enqueue(words, std::move(end))->is_waited_for = false;
}

std::string RedisConnection::Refusal(std::size_t unanswered_max) const {
  if (is_broken()) return problem_;
  if (overdue_ > 0) return "Redis does not answer";
  if (commands_.size() >= unanswered_max) return "too many operations wait for Redis";
  if (bytes_waiting() > kRedisOutputBytesMax) return "too many bytes wait for Redis";
  return {};
}

std::shared_ptr<RedisConnection::Command> RedisConnection::Enqueue(std::span<const std::string_view> words,
                                                                   RedisLateEnd late) {
  const TimePoint limit = clock_.Now() + timeout_;
  AppendRedisCommand(words, output_);
  commands_.push_back(std::make_shared<Command>(socket_.get_executor(), limit, std::move(late)));
  Flush();
  WatchOldest();
  return commands_.back();
}

void RedisConnection::Flush() {
  if (writes_ || output_.empty() || is_broken()) return;
  writes_ = true;
  std::swap(output_, leaving_);
  boost::asio::async_write(socket_, boost::asio::buffer(leaving_),
                           [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                             self->writes_ = false;
                             self->leaving_.clear();
                             if (self->leaving_.capacity() > kBufferKeptMax) self->leaving_.shrink_to_fit();
                             if (error) return self->Break("the connection is lost: " + error.message());
                             self->Flush();
                           });
}

// All commands have the same time, so the first in the order is the first to run out of it.
void RedisConnection::WatchOldest() {
  if (timer_runs_ || is_broken() || commands_.empty()) return;
  timer_runs_ = true;
  timer_.expires_at(overdue_ < commands_.size() ? commands_[overdue_]->limit
                                                : commands_.front()->limit + timeout_ * kRedisStallTimeouts);
  timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    const auto self = weak.lock();
    if (!self || error || self->is_broken()) return;
    self->timer_runs_ = false;
    self->OnTime();
  });
}

void RedisConnection::OnTime() {
  const TimePoint now = clock_.Now();
  for (; overdue_ < commands_.size() && commands_[overdue_]->limit <= now; ++overdue_) {
    commands_[overdue_]->GiveUp("Redis does not answer in time");
  }
  if (overdue_ > 0 && commands_.front()->limit + timeout_ * kRedisStallTimeouts <= now) {
    return Break("Redis has not answered for long");
  }
  WatchOldest();
}

void RedisConnection::Break(std::string problem) {
  if (is_broken()) return;
  problem_ = std::move(problem);
  ErrorCode ignored;
  socket_.close(ignored);
  timer_.cancel();
  broken_.Announce();
  const auto commands = std::exchange(commands_, {});
  for (const std::shared_ptr<Command>& command : commands) {
    command->GiveUp(problem_);
    if (command->late) command->late(nullptr);
  }
}

}  // namespace session_gateway
