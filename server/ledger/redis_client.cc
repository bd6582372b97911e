#include "server/ledger/redis_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <list>
#include <optional>
#include <utility>
#include <variant>

#include "server/ledger/redis_error.h"
#include "server/ledger/redis_handshake.h"
#include "server/redis_address.h"
#include "server/upstream/dialer.h"

namespace session_gateway {
namespace {

using ErrorCode = boost::system::error_code;
using End = RedisOutcome::End;
using std::chrono::milliseconds;

// An attempt has several questions, each with its own time.
constexpr int kTimeoutsOfAttempt = 2;
// A connection that held for so long is no sign of a server that drops all of them.
constexpr std::chrono::seconds kProvenAfter{1};

RedisAddress AddressOf(const std::string& text) {
  auto parsed = ParseRedisAddress(text);
  return std::holds_alternative<RedisAddress>(parsed) ? std::get<RedisAddress>(parsed) : RedisAddress{};
}

// Set when an attempt ends, in whatever way.
struct OverAtEnd {
  explicit OverAtEnd(std::shared_ptr<bool> the_over) : over(std::move(the_over)) {}
  ~OverAtEnd() { *over = true; }
  OverAtEnd(const OverAtEnd&) = delete;
  OverAtEnd& operator=(const OverAtEnd&) = delete;
  const std::shared_ptr<bool> over;
};

// A place among those who wait for the connection.
struct WaitingPlace {
  WaitingPlace(std::list<LoopEvent>& the_waiting, const LoopExecutor& executor)
      : waiting(the_waiting), event(waiting.emplace(waiting.end(), executor)) {}
  ~WaitingPlace() { waiting.erase(event); }
  WaitingPlace(const WaitingPlace&) = delete;
  WaitingPlace& operator=(const WaitingPlace&) = delete;
  std::list<LoopEvent>& waiting;
  const std::list<LoopEvent>::iterator event;
};

}  // namespace

struct RedisClient::State : std::enable_shared_from_this<RedisClient::State> {
  State(const RedisConfig& config, Loop& loop, const Clock& the_clock, Random& the_random, Secret password,
        Report the_report)
      : executor(loop.get_executor()),
        clock(the_clock),
        random_numbers(the_random),
        report(std::move(the_report)),
        timeout(config.timeout),
        operations_max(config.operations),
        address(AddressOf(config.address)),
        logon{config.user, std::move(password), config.database, config.prefix + kRedisTokenName},
        resolver(executor, Endpoint{"redis", address.host.host, address.host.port, ""}),
        pause(executor) {}

  static Task<void> Maintain(std::shared_ptr<State> self);
  Task<bool> ConnectAndHold();
  void Recover() noexcept;
  Task<std::optional<std::string>> Attempt();
  Task<std::variant<std::vector<RedisAddressBytes>, std::string>> Resolve(CallContext& context);
  Duration NextPause();
  void Say(const std::string& new_problem);
  Task<std::shared_ptr<RedisConnection>> Usable(CallContext* context);
  std::vector<std::string_view> Words(bool by_name, RedisScript script,
                                      std::span<const std::string_view> keys,
                                      std::span<const std::string_view> values, std::string& count) const;
  void BreakWhenMoved(RedisConnection& used, const RedisReply& reply);

  const LoopExecutor executor;
  const Clock& clock;
  Random& random_numbers;
  const Report report;
  const Duration timeout;
  const std::size_t operations_max;
  const RedisAddress address;
  RedisLogon logon;
  NameResolver resolver;
  LoopTimer pause;
  milliseconds pause_length = kRedisPauseMin;

  std::shared_ptr<RedisConnection> connection;  // that exists, not always usable
  bool usable = false;
  bool awaited = true;  // the first attempt is under way, for which operations wait
  bool closed = false;
  std::string problem = "Redis is not connected yet";
  RedisFacts facts;
  std::array<std::string, kRedisScripts> texts;
  std::list<LoopEvent> waiting;
  std::function<void()> on_usable;
};

Task<void> RedisClient::State::Maintain(std::shared_ptr<State> self) {
  while (!self->closed) {
    bool is_to_pause = true;
    try {
      is_to_pause = co_await self->ConnectAndHold();
    } catch (const std::exception&) {
      self->Recover();
    }
    if (!is_to_pause || self->closed) continue;
    self->pause.expires_at(self->clock.Now() + self->NextPause());
    ErrorCode ignored;
    co_await self->pause.async_wait(boost::asio::redirect_error(kUseTask, ignored));
  }
}

// From an attempt to the end of its connection. Whether a pause is due before the next one.
Task<bool> RedisClient::State::ConnectAndHold() {
  const TimePoint began = clock.Now();
  const std::optional<std::string> failed = co_await Attempt();
  awaited = false;
  if (!failed) Say({});
  for (LoopEvent& waiter : waiting) waiter.Announce();
  if (failed) {
    Say(*failed);
    co_return true;
  }
  if (on_usable) on_usable();
  const auto used = connection;
  co_await used->WaitUntilBroken();
  usable = false;
  Say(used->problem());
  const bool is_proven = clock.Now() - began >= kProvenAfter;
  awaited = is_proven;
  if (is_proven) pause_length = kRedisPauseMin;
  co_return !is_proven;
}

// After an exception: nobody waits for what will not come, and the next attempt begins anew.
void RedisClient::State::Recover() noexcept {
  usable = false;
  awaited = false;
  if (connection) connection->Break(kRedisNoMemory);
  try {
    Say(kRedisNoMemory);
  } catch (const std::exception&) {
    // The text has changed all the same; only nobody was told.
  }
  for (LoopEvent& waiter : waiting) waiter.Announce();
}

Task<std::variant<std::vector<RedisAddressBytes>, std::string>> RedisClient::State::Resolve(
    CallContext& context) {
  std::vector<RedisAddressBytes> found;
  if (!address.path.empty()) {
    found.emplace_back(boost::asio::local::stream_protocol::endpoint(address.path));
    co_return found;
  }
  auto resolved = co_await resolver.Resolve(context);
  if (auto* failure = std::get_if<SendFailure>(&resolved)) co_return std::move(failure->detail);
  for (const TcpAddress& tcp : std::get<std::vector<TcpAddress>>(resolved)) found.emplace_back(tcp);
  co_return found;
}

// Ends with a usable connection, or with why there is none.
Task<std::optional<std::string>> RedisClient::State::Attempt() {
  const TimePoint end = clock.Now() + timeout * kTimeoutsOfAttempt;
  CallContext context(end);
  const auto attempted = std::make_shared<RedisConnection>(executor, clock, timeout);
  connection = attempted;
  LoopTimer limit(executor);
  limit.expires_at(end);
  // The context is looked at only while the attempt, which owns it, is not over.
  const OverAtEnd at_end(std::make_shared<bool>(false));
  limit.async_wait([&context, over = at_end.over, attempted](const ErrorCode& error) {
    if (error || *over) return;
    context.Stop(StopReason::kDeadline);
    if (!*over) attempted->Break("Redis cannot be reached in time");
  });
  auto addresses = co_await Resolve(context);
  std::optional<std::string> failed;
  if (auto* unresolved = std::get_if<std::string>(&addresses)) {
    failed = std::move(*unresolved);
  } else {
    failed = co_await attempted->Connect(std::move(std::get<std::vector<RedisAddressBytes>>(addresses)));
  }
  if (!failed) {
    attempted->StartReading();
    auto shaken = co_await ShakeHands(*attempted, logon, clock);
    if (auto* refused = std::get_if<std::string>(&shaken)) failed = std::move(*refused);
    if (!failed) facts = std::move(std::get<RedisFacts>(shaken));
  }
  *at_end.over = true;
  if (!failed && attempted->is_broken()) failed = attempted->problem();
  if (failed) {
    attempted->Break(*failed);
    co_return failed;
  }
  for (std::size_t i = 0; i < kRedisScripts; ++i) {
    texts[i] = RedisScriptText(static_cast<RedisScript>(i), facts.major);
  }
  usable = true;
  co_return std::nullopt;
}

Duration RedisClient::State::NextPause() {
  const milliseconds half = pause_length / 2;
  const milliseconds drawn =
      half + milliseconds(random_numbers.Next() % static_cast<std::uint32_t>(half.count() + 1));
  pause_length = std::min(pause_length * 2, kRedisPauseMax);
  return drawn;
}

void RedisClient::State::Say(const std::string& new_problem) {
  if (closed || problem == new_problem) return;
  problem = new_problem;
  if (report) report(problem);
}

// The connection to use, waited for where that is worth while. nullptr: `problem` says why there is none.
Task<std::shared_ptr<RedisConnection>> RedisClient::State::Usable(CallContext* context) {
  if (!usable && awaited && !closed && waiting.size() < operations_max &&
      (context == nullptr || context->stopped() == StopReason::kNone)) {
    const WaitingPlace own(waiting, executor);
    std::optional<StopGuard> guard;
    if (context != nullptr) guard.emplace(*context, [event = own.event] { event->Announce(); });
    co_await own.event->Wait();
  }
  co_return usable ? connection : nullptr;
}

std::vector<std::string_view> RedisClient::State::Words(bool by_name, RedisScript script,
                                                        std::span<const std::string_view> keys,
                                                        std::span<const std::string_view> values,
                                                        std::string& count) const {
  const auto place = static_cast<std::size_t>(script);
  count = std::to_string(keys.size());
  std::vector<std::string_view> words = {by_name ? "EVALSHA" : "EVAL",
                                         by_name ? facts.scripts[place] : texts[place], count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), values.begin(), values.end());
  return words;
}

void RedisClient::State::BreakWhenMoved(RedisConnection& used, const RedisReply& reply) {
  if (!reply.IsError()) return;
  const RedisError error = ExplainRedisError(reply.text);
  if (error.kind == RedisErrorKind::kMoved) used.Break(error.text);
}

RedisClient::RedisClient(const RedisConfig& config, Loop& loop, const Clock& clock, Random& random,
                         Secret password, Report report)
    : state_(std::make_shared<State>(config, loop, clock, random, std::move(password), std::move(report))) {
  boost::asio::co_spawn(loop.get_executor(), State::Maintain(state_),
                        [state = state_](const std::exception_ptr& exception) {
                          if (exception) state->Recover();
                        });
}

RedisClient::~RedisClient() { Close(); }

void RedisClient::SetPassword(Secret password) { state_->logon.password = std::move(password); }
void RedisClient::OnUsable(std::function<void()> callback) { state_->on_usable = std::move(callback); }
bool RedisClient::is_usable() const { return state_->usable && !state_->connection->is_broken(); }

Task<RedisOutcome> RedisClient::Run(RedisScript script, std::span<const std::string_view> keys,
                                    std::span<const std::string_view> values, CallContext* context,
                                    Priority priority, RedisLateEnd late) {
  const std::shared_ptr<State> state = state_;
  const auto connection = co_await state->Usable(context);
  if (connection == nullptr) co_return RedisOutcome::NotRun(state->problem);
  const std::size_t unanswered_max = state->operations_max * (priority == Priority::kBegin ? 1 : 2);
  std::string count;
  std::vector<std::string_view> words = state->Words(true, script, keys, values, count);
  RedisOutcome outcome = co_await connection->Do(words, context, unanswered_max, late);
  if (outcome.end == End::kAnswered && outcome.reply.IsError()) {
    state->BreakWhenMoved(*connection, outcome.reply);
    // Proof that it did not run: somebody emptied the server's memory of scripts.
    if (ExplainRedisError(outcome.reply.text).kind == RedisErrorKind::kNoScript) {
      words = state->Words(false, script, keys, values, count);
      outcome = co_await connection->Do(words, context, unanswered_max, std::move(late));
    }
  }
  co_return outcome;
}

void RedisClient::Post(RedisScript script, std::span<const std::string_view> keys,
                       std::span<const std::string_view> values, RedisLateEnd end) {
  if (!is_usable()) return end(nullptr);
  std::string count;
  // By its text: rare, and so sure to be known.
  state_->connection->Post(state_->Words(false, script, keys, values, count), std::move(end));
}

void RedisClient::Close() {
  if (state_->closed) return;
  state_->closed = true;
  state_->awaited = false;
  state_->usable = false;
  state_->problem = "the ledger is closed";
  state_->on_usable = nullptr;
  state_->pause.cancel();
  state_->resolver.Close();
  for (LoopEvent& waiter : state_->waiting) waiter.Announce();
  if (state_->connection) state_->connection->Break("the ledger is closed");
}

}  // namespace session_gateway
