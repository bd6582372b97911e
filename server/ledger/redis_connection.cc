#include "server/ledger/redis_connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <exception>
#include <utility>

namespace session_gateway {
namespace {

using ErrorCode = boost::system::error_code;
using End = RedisOutcome::End;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kBufferKeptMax = 1024 * 1024;  // a buffer that grew beyond it is not kept

}  // namespace

struct RedisConnection::Command {
  Command(const LoopExecutor& executor, TimePoint the_limit, RedisLateEnd the_late)
      : ended(executor), limit(the_limit), late(std::move(the_late)) {}

  // Ends the wait without a reply. What it comes to is then for `late`. `why` outlives the command's caller.
  void GiveUp(std::string_view why) noexcept {
    if (!is_waited_for) return;
    is_waited_for = false;
    problem = why;
    ended.Announce();
  }

  // What `late` cannot do for want of memory is left undone.
  void TellLate(const RedisReply* came) const noexcept {
    if (!late) return;
    try {
      late(came);
    } catch (const std::exception&) {
    }
  }

  LoopEvent ended;
  const TimePoint limit;
  RedisLateEnd late;
  bool is_waited_for = true;
  std::optional<RedisReply> reply;
  std::string_view problem;  // a constant, or the connection's
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
      Lose(error);
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
  const bool stall_is_over = overdue_ > 0 && --overdue_ == 0;
  if (command->is_waited_for) {
    command->reply = std::move(reply);
    command->GiveUp({});
  } else {
    command->TellLate(&*reply);
  }
  if (stall_is_over) {
    // The timer may be set to the end of the stall that is just over.
    timer_runs_ = false;
    WatchOldest();
  }
  return true;
}

Task<RedisOutcome> RedisConnection::Do(std::span<const std::string_view> words, CallContext* context,
                                       std::size_t unanswered_max, RedisLateEnd late) {
  const auto self = shared_from_this();
  if (context != nullptr && context->stopped() != StopReason::kNone) {
    co_return RedisOutcome::NotRun("the call has ended");
  }
  if (std::string refusal = Refusal(unanswered_max); !refusal.empty()) {
    co_return RedisOutcome::NotRun(std::move(refusal));
  }
  std::shared_ptr<Command> command;
  try {
    command = Enqueue(words, std::move(late));
  } catch (const std::exception&) {
    co_return RedisOutcome::NotRun(kRedisNoMemory);
  }
  const TimePoint asked = command->limit - timeout_;
  try {
    co_await AwaitEnd(*command, context);
    if (!command->reply) co_return RedisOutcome{End::kUnknown, {}, std::string(command->problem), asked};
  } catch (const std::exception&) {
    // What it comes to is for `late`.
    command->GiveUp(kRedisNoMemory);
    co_return RedisOutcome{End::kUnknown, {}, kRedisNoMemory, asked};
  }
  co_return RedisOutcome{End::kAnswered, std::move(*command->reply), {}, asked};
}

Task<void> RedisConnection::AwaitEnd(Command& command, CallContext* context) {
  std::optional<StopGuard> guard;
  if (context != nullptr) guard.emplace(*context, [&command] { command.GiveUp("the call has ended"); });
  co_await command.ended.Wait();
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
  const auto command = std::make_shared<Command>(socket_.get_executor(), limit, std::move(late));
  // Its place first: bytes without one would give every later reply to the command behind its own.
  commands_.push_back(command);
  const std::size_t before = output_.size();
  try {
    AppendRedisCommand(words, output_);
  } catch (const std::exception&) {
    output_.resize(before);
    commands_.pop_back();
    throw;
  }
  Flush();
  WatchOldest();
  return command;
}

void RedisConnection::Flush() noexcept {
  if (writes_ || is_broken()) return;
  if (left_ == leaving_.size()) {
    leaving_.clear();
    left_ = 0;
    if (leaving_.capacity() > kBufferKeptMax) leaving_ = std::string();
    if (output_.empty()) return;
    std::swap(output_, leaving_);
  }
  try {
    writes_ = true;
    socket_.async_write_some(boost::asio::buffer(leaving_) + left_,
                             [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
                               self->writes_ = false;
                               if (error) return self->Lose(error);
                               self->left_ += size;
                               self->Flush();
                             });
  } catch (const std::exception&) {
    writes_ = false;
    Break(kRedisNoMemory);
  }
}

void RedisConnection::Lose(const ErrorCode& error) noexcept {
  try {
    Break("the connection is lost: " + error.message());
  } catch (const std::exception&) {
    Break(kRedisNoMemory);
  }
}

// All commands have the same time, so the first in the order is the first to run out of it.
void RedisConnection::WatchOldest() noexcept {
  if (timer_runs_ || is_broken() || commands_.empty()) return;
  try {
    timer_runs_ = true;
    timer_.expires_at(overdue_ < commands_.size()
                          ? commands_[overdue_]->limit
                          : commands_.front()->limit + timeout_ * kRedisStallTimeouts);
    timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
      const auto self = weak.lock();
      if (!self || error || self->is_broken()) return;
      self->timer_runs_ = false;
      self->OnTime();
    });
  } catch (const std::exception&) {
    // Without it a wait might have no end.
    Break(kRedisNoMemory);
  }
}

void RedisConnection::OnTime() noexcept {
  const TimePoint now = clock_.Now();
  for (; overdue_ < commands_.size() && commands_[overdue_]->limit <= now; ++overdue_) {
    commands_[overdue_]->GiveUp("Redis does not answer in time");
  }
  if (overdue_ > 0 && commands_.front()->limit + timeout_ * kRedisStallTimeouts <= now) {
    return Break("Redis has not answered for long");
  }
  WatchOldest();
}

void RedisConnection::Break(std::string_view problem) noexcept {
  if (is_broken()) return;
  try {
    problem_ = problem;
  } catch (const std::exception&) {
    problem_ = kRedisNoMemory;
  }
  ErrorCode ignored;
  socket_.close(ignored);
  timer_.cancel();
  broken_.Announce();
  while (!commands_.empty()) {
    const std::shared_ptr<Command> command = std::move(commands_.front());
    commands_.pop_front();
    command->GiveUp(problem_);
    command->TellLate(nullptr);
  }
}

}  // namespace session_gateway
