#include "server/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace session_gateway {
namespace {

using nlohmann::json;

class FixedClock final : public Clock {
 public:
  TimePoint Now() const override { return {}; }
  WallTime WallNow() const override {
    using namespace std::chrono;
    return sys_days(year(2024) / 2 / 29) + hours(23) + minutes(5) + seconds(9) + milliseconds(7);
  }
};

constexpr std::size_t kLinesMax = 64;

// The lines that `use` leaves in a log of that level.
template <typename Use>
std::vector<std::string> LinesOf(LogLevel level, Use use) {
  const FixedClock clock;
  std::vector<std::string> lines;
  {
    Log log(clock, level, kLinesMax, [&](std::string_view line) { lines.emplace_back(line); });
    use(log);
  }
  return lines;
}

CallRecord WholeRecord() {
  CallRecord record;
  record.level = LogLevel::kError;
  record.method = "sessiongateway.v1.SessionGateway/CreateSession";
  record.status = "INTERNAL";
  record.reason = "UPSTREAM_FAILED";
  record.outcome = "unknown";
  record.upstream = "symphony";
  record.phase = "receive";
  record.http_status = 500;
  record.duration = std::chrono::microseconds(12345);
  record.deadline = std::chrono::seconds(60);
  record.peer = "ipv4:127.0.0.1:40000";
  record.caller_left = true;
  record.exception = "std::runtime_error";
  return record;
}

TEST(LogTest, CallLineHasEveryMember) {
  const auto lines = LinesOf(LogLevel::kInfo, [](Log& log) { log.Call(WholeRecord()); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].back(), '\n');
  const json expected = {{"time", "2024-02-29T23:05:09.007Z"},
                         {"level", "error"},
                         {"msg", "call"},
                         {"method", "sessiongateway.v1.SessionGateway/CreateSession"},
                         {"status", "INTERNAL"},
                         {"reason", "UPSTREAM_FAILED"},
                         {"outcome", "unknown"},
                         {"upstream", "symphony"},
                         {"phase", "receive"},
                         {"http_status", 500},
                         {"duration_ms", 12.345},
                         {"deadline_ms", 60000.0},
                         {"peer", "ipv4:127.0.0.1:40000"},
                         {"caller_left", true},
                         {"exception", "std::runtime_error"}};
  EXPECT_EQ(json::parse(lines[0]), expected);
}

TEST(LogTest, CallLineLeavesOutWhatIsNotSet) {
  CallRecord record;
  record.method = "m";
  record.status = "OK";
  record.peer = "p";
  const auto lines = LinesOf(LogLevel::kInfo, [&](Log& log) { log.Call(record); });
  ASSERT_EQ(lines.size(), 1U);
  const json line = json::parse(lines[0]);
  EXPECT_EQ(line.size(), 8U) << line;
  EXPECT_FALSE(line.contains("http_status"));
  EXPECT_FALSE(line.contains("caller_left"));
}

TEST(LogTest, EventCarriesEachKindOfValue) {
  const auto lines = LinesOf(LogLevel::kDebug, [](Log& log) {
    log.Event(LogLevel::kDebug, "listening",
              {{"address", "[::1]:0"},
               {"port", std::int64_t{-5}},
               {"ratio", 0.5},
               {"nan", std::numeric_limits<double>::quiet_NaN()},
               {"on", false}});
  });
  ASSERT_EQ(lines.size(), 1U);
  const json line = json::parse(lines[0]);
  EXPECT_EQ(line["msg"], "listening");
  EXPECT_EQ(line["address"], "[::1]:0");
  EXPECT_EQ(line["port"], -5);
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_EQ(line["on"], false);
}

TEST(LogTest, LinesBelowTheLevelAreLeftOut) {
  const auto lines = LinesOf(LogLevel::kWarning, [](Log& log) {
    log.Event(LogLevel::kInfo, "no", {});
    log.Call(CallRecord{});
    log.Event(LogLevel::kWarning, "yes", {});
    log.Call(WholeRecord());
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(json::parse(lines[0])["level"], "warning");
  EXPECT_EQ(json::parse(lines[1])["level"], "error");
}

TEST(LogTest, AnyTextBecomesOneLineOfValidJson) {
  const std::string odd =
      std::string("a\"b\\c\n\t\r\x01\x7f") + '\0' + "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  const auto lines = LinesOf(LogLevel::kInfo, [&](Log& log) {
    log.Event(LogLevel::kInfo, odd, {{odd, odd}});
  });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].find('\n'), lines[0].size() - 1);
  const json line = json::parse(lines[0]);
  EXPECT_EQ(line["msg"], odd);
  EXPECT_EQ(line[odd], odd);
}

TEST(LogTest, BytesThatAreNotUtf8AreReplaced) {
  // Lone continuation, overlong, surrogate, beyond Unicode, cut sequence.
  for (const std::string bad : {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"}) {
    const auto lines =
        LinesOf(LogLevel::kInfo, [&](Log& log) { log.Event(LogLevel::kInfo, "x" + bad + "y", {}); });
    ASSERT_EQ(lines.size(), 1U);
    const std::string text = json::parse(lines[0])["msg"];
    EXPECT_TRUE(text.starts_with("x\xEF\xBF\xBD")) << lines[0];
    EXPECT_TRUE(text.ends_with("\xEF\xBF\xBDy")) << lines[0];
  }
}

TEST(LogTest, LongTextIsCut) {
  const std::string text(100'000, 'x');
  const auto lines = LinesOf(LogLevel::kInfo, [&](Log& log) {
    log.Event(LogLevel::kInfo, text, {{"f", text}});
  });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_LT(lines[0].size(), 2'000U);
  EXPECT_NO_THROW(json::parse(lines[0]));
}

TEST(LogTest, SlowWriterLosesOldLinesAndNeverHoldsACallUp) {
  const FixedClock clock;
  std::latch writing(1);
  std::latch released(1);
  std::atomic<bool> first = true;
  std::vector<std::string> lines;
  std::size_t dropped = 0;
  constexpr int kLines = 10'000;
  {
    Log log(clock, LogLevel::kInfo, kLinesMax, [&](std::string_view line) {
      if (first.exchange(false)) {
        writing.count_down();
        released.wait();
      }
      lines.emplace_back(line);
    });
    log.Event(LogLevel::kInfo, "0", {});
    writing.wait();
    // The writer stands still, so each of these would wait for ever if the log did.
    for (int i = 1; i <= kLines; ++i) log.Event(LogLevel::kInfo, std::to_string(i), {});
    dropped = log.dropped();
    released.count_down();
  }
  EXPECT_GE(dropped, kLines - kLinesMax);
  ASSERT_GE(lines.size(), 2U);
  EXPECT_LE(lines.size(), kLinesMax + 1);
  EXPECT_EQ(json::parse(lines.back())["msg"], std::to_string(kLines));
}

TEST(LogTest, LevelsHaveNames) {
  EXPECT_EQ(ParseLogLevel("debug"), LogLevel::kDebug);
  EXPECT_EQ(ParseLogLevel("info"), LogLevel::kInfo);
  EXPECT_EQ(ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("error"), LogLevel::kError);
  EXPECT_EQ(ParseLogLevel("INFO"), std::nullopt);
  EXPECT_EQ(ParseLogLevel(""), std::nullopt);
}

TEST(LogTest, LinesThatWaitedAreFlushedTogether) {
  const FixedClock clock;
  std::latch writing(1);
  std::latch released(1);
  std::atomic<bool> first = true;
  int lines = 0;
  int flushes = 0;
  {
    Log log(clock, LogLevel::kInfo, kLinesMax,
            LogWriter{[&](std::string_view) {
                        if (first.exchange(false)) {
                          writing.count_down();
                          released.wait();
                        }
                        ++lines;
                      },
                      [&] { ++flushes; }});
    log.Event(LogLevel::kInfo, "first", {});
    writing.wait();
    for (int i = 0; i < 20; ++i) log.Event(LogLevel::kInfo, "more", {});
    released.count_down();
  }
  EXPECT_EQ(lines, 21);
  EXPECT_GE(flushes, 1);  // the last one comes with the log's end
  EXPECT_LE(flushes, 2);
}

TEST(LogTest, StandardErrorGetsWholeLines) {
  const FixedClock clock;
  constexpr int kLines = 50;  // more than are written at once
  testing::internal::CaptureStderr();
  std::string expected;
  {
    Log log(clock, LogLevel::kInfo, kLinesMax, StderrWriter());
    for (int i = 0; i < kLines; ++i) {
      const std::string text = std::to_string(i) + std::string(100, 'x');
      log.Event(LogLevel::kInfo, text, {});
      expected += R"({"time":"2024-02-29T23:05:09.007Z","level":"info","msg":")" + text + "\"}\n";
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), expected);
}

}  // namespace
}  // namespace session_gateway
