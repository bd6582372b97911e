#include "server/ledger/redis_handshake.h"

#include <boost/asio/redirect_error.hpp>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "server/ledger/redis_error.h"

namespace session_gateway {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Words = std::vector<std::string_view>;

// GCC 12 cannot build a list of words within a coroutine.
template <typename... Texts>
Words Of(const Texts&... words) {
  return {std::string_view(words)...};
}

// Between the two looks at the clock of Redis.
constexpr milliseconds kClockLook{20};
// What two machines' clocks may differ by over that time, where one of them waits for a processor.
constexpr milliseconds kClockTolerance{500};
// An earlier one is the clock of a machine that does not know the time.
constexpr std::int64_t kFirstSecond = 1'600'000'000;

// The value of a line `name:value`.
std::string_view InfoValue(std::string_view info, std::string_view name) {
  for (std::size_t at = 0; at < info.size();) {
    const std::size_t end = std::min(info.find('\n', at), info.size());
    std::string_view line = info.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
    at = end + 1;
  }
  return {};
}

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct TwoClocks {
  microseconds theirs{};
  TimePoint before, after;  // ours, around the question
};

class Handshake {
 public:
  Handshake(RedisConnection& connection, const RedisLogon& logon, const Clock& clock)
      : connection_(connection), logon_(logon), clock_(clock) {}

  Task<std::variant<RedisFacts, std::string>> Run() {
    if (!logon_.password.empty()) {
      Words words = Of("AUTH", logon_.user, logon_.password.Reveal());
      if (logon_.user.empty()) words.erase(words.begin() + 1);
      co_await Ask("AUTH", std::move(words));
    }
    if (logon_.database != 0) {
      const std::string database = std::to_string(logon_.database);
      co_await Ask("SELECT", Of("SELECT", database));
    }
    RedisFacts facts;
    const RedisReply info = co_await Ask("INFO", Of("INFO"));
    if (problem_.empty()) {
      auto judged = JudgeRedisInfo(info.text);
      if (auto* problem = std::get_if<std::string>(&judged)) co_return std::move(*problem);
      facts.major = std::get<int>(judged);
    }
    if (!logon_.probe.empty()) co_await Ask("key " + logon_.probe, Of("GET", logon_.probe));
    for (std::size_t i = 0; i < kRedisScripts; ++i) {
      const std::string text = RedisScriptText(static_cast<RedisScript>(i), facts.major);
      facts.scripts[i] = (co_await Ask("SCRIPT LOAD", Of("SCRIPT", "LOAD", text))).text;
      if (problem_.empty() && facts.scripts[i].empty()) problem_ = "Redis takes no scripts";
    }
    co_await CheckClock();
    if (!problem_.empty()) co_return std::move(problem_);
    co_return facts;
  }

 private:
  // Nothing is asked any more after a problem.
  Task<RedisReply> Ask(std::string_view what, Words words) {
    if (!problem_.empty()) co_return RedisReply{};
    RedisOutcome outcome =
        co_await connection_.Do(words, nullptr, std::numeric_limits<std::size_t>::max(), nullptr);
    if (outcome.end != RedisOutcome::End::kAnswered) {
      problem_ = std::move(outcome.problem);
    } else if (outcome.reply.IsError()) {
      problem_ = std::string(what).append(": ").append(ExplainRedisError(outcome.reply.text).text);
    }
    co_return std::move(outcome.reply);
  }

  Task<TwoClocks> AskTime() {
    TwoClocks clocks;
    clocks.before = clock_.Now();
    const RedisReply reply = co_await Ask("TIME", Of("TIME"));
    clocks.after = clock_.Now();
    if (!problem_.empty()) co_return clocks;
    const auto seconds = Number(reply.TextAt(0));
    const auto rest = Number(reply.TextAt(1));
    if (!seconds || !rest || *seconds < kFirstSecond || *seconds > kFirstSecond * 10) {
      problem_ = "the clock of Redis does not know the time";
      co_return clocks;
    }
    clocks.theirs = std::chrono::seconds(*seconds) + microseconds(*rest);
    co_return clocks;
  }

  // Leases are counted by that clock: it has to run, and about as fast as ours.
  Task<void> CheckClock() {
    const TwoClocks first = co_await AskTime();
    if (!problem_.empty()) co_return;
    LoopTimer timer(co_await boost::asio::this_coro::executor);
    timer.expires_at(clock_.Now() + kClockLook);
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(kUseTask, ignored));
    const TwoClocks second = co_await AskTime();
    if (!problem_.empty()) co_return;
    const auto theirs = second.theirs - first.theirs;
    if (theirs <= microseconds::zero() || theirs < second.before - first.after - kClockTolerance ||
        theirs > second.after - first.before + kClockTolerance) {
      problem_ = "the clock of Redis does not run evenly";
    }
  }

  RedisConnection& connection_;
  const RedisLogon& logon_;
  const Clock& clock_;
  std::string problem_;
};

}  // namespace

std::variant<int, std::string> JudgeRedisInfo(std::string_view info) {
  const std::string_view version = InfoValue(info, "redis_version");
  const auto major = Number(version.substr(0, version.find('.')));
  if (!major || *major < 0 || *major > 1'000'000) return "INFO does not tell the version of Redis";
  if (*major < kRedisMajorMin) {
    return "Redis is older than version " + std::to_string(kRedisMajorMin) + ", which the ledger needs";
  }
  if (InfoValue(info, "cluster_enabled") == "1") {
    return "Redis is a cluster, which the ledger does not speak to";
  }
  if (InfoValue(info, "loading") == "1") return "Redis is loading its data";
  if (InfoValue(info, "role") != "master") return "Redis is a replica, and the ledger needs the master";
  const std::string_view policy = InfoValue(info, "maxmemory_policy");
  if (policy.empty()) return "INFO does not tell the maxmemory-policy of Redis";
  if (policy != "noeviction") {
    return "Redis evicts keys under memory pressure; set its maxmemory-policy to noeviction";
  }
  return static_cast<int>(*major);
}

Task<std::variant<RedisFacts, std::string>> ShakeHands(RedisConnection& connection, const RedisLogon& logon,
                                                       const Clock& clock) {
  Handshake handshake(connection, logon, clock);
  co_return co_await handshake.Run();
}

}  // namespace session_gateway
