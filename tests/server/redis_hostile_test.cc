// The ledger before a Redis that says what no Redis says: it ends each wait, keeps its bounds, and goes on
// once the server is a right one. And the reading of replies by itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/ledger/redis_error.h"
#include "server/ledger/redis_handshake.h"
#include "server/ledger/redis_protocol.h"
#include "tests/server/fake_redis.h"
#include "tests/server/redis_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

using Words = std::vector<std::string>;
using Answer = std::optional<FakeAnswer>;

class RedisHostileTest : public RedisLedgerTest {
 protected:
  static RedisConfig Impatient(const std::string& address) {
    RedisConfig config = Config(address);
    config.timeout = milliseconds(200);
    return config;
  }
};

struct HostileAnswer {
  std::string bytes;
  std::string want;  // how the claim ends
};

// To a claim, on the first connection; the next one is right.
TEST_F(RedisHostileTest, AnAnswerThatIsNoneEndsTheClaimAndTheConnection) {
  const std::string many(70'000, 'x');
  const HostileAnswer kAnswers[] = {
      {"garbage\r\n", "unreachable what came is no reply"},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", "unreachable what came is no reply"},
      {std::string("\0\0\0\0", 4), "unreachable what came is no reply"},
      {"*65\r\n", "unreachable a reply is too large"},
      {"*2147483647\r\n", "unreachable a reply is too large"},
      {"*4294967297\r\n", "unreachable what came is no reply"},
      {"*-2\r\n", "unreachable what came is no reply"},
      {"$-2\r\n", "unreachable what came is no reply"},
      {"$99999999999999999999\r\n", "unreachable what came is no reply"},
      {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "unreachable what came is no reply"},
      {"+" + many, "unreachable a line of a reply is too long"},
      {"$" + many, "unreachable what came is no reply"},
      {"+OK\r\n+OK\r\n", "unreachable "},  // the second asked for by nobody
      {"*2\r\n$7\r\nclaimed\r\n", "unreachable Redis does not answer in time"},
      {"$536870912\r\nx", "unreachable Redis does not answer in time"},
      {"*0\r\n", "unreachable Redis answered what no script"},
      {"*-1\r\n", "unreachable Redis answered what no script"},
      {"$-1\r\n", "unreachable Redis answered what no script"},
      {":7\r\n", "unreachable Redis answered what no script"},
      {RespOf(std::vector<std::string>{"claimed"}), "unreachable Redis answered without a token"},
      {RespOf(std::vector<std::string>{"claimed", "-1"}), "unreachable Redis answered without a token"},
      {RespOf(std::vector<std::string>{"claimed", "99999999999999999999"}),
       "unreachable Redis answered without a token"},
      {RespOf(std::vector<std::string>{"ended"}), "unreachable Redis answered what no script"},
      {"*1\r\n:1\r\n", "unreachable Redis answered what no script"},
      {"-\r\n", "unreachable Redis answers with an error"},
      {"-MOVED 1 10.0.0.1:6379\r\n", "unreachable Redis is a cluster"},
      {"-LOADING Redis is loading\r\n", "unreachable Redis is loading its data"},
  };
  for (const HostileAnswer& hostile : kAnswers) {
    std::atomic<bool> is_first = true;
    FakeRedis fake([&](const Words& words, int) -> Answer {
      if (words[0] != "EVALSHA" || !is_first.exchange(false)) return std::nullopt;
      return FakeAnswer{hostile.bytes};
    });
    // Only what never becomes whole is waited for in vain.
    const bool is_silent = hostile.want.ends_with("in time");
    RedisLedger& ledger = Make(is_silent ? Impatient(fake.address()) : Config(fake.address()));
    EXPECT_TRUE(RunUntil([&] { return ledger.is_usable(); }));
    const std::string shown = hostile.bytes.substr(0, 40);
    const std::string name = ClaimName(ledger, "k");
    EXPECT_THAT(name, StartsWith(hostile.want)) << shown;
    if (!is_silent) {
      EXPECT_TRUE(RunUntil([&] { return ClaimName(ledger, "l") == "claimed"; })) << shown;
    }
    ledgers_.clear();
  }
}

TEST_F(RedisHostileTest, AnEndlessReplyIsCutAtItsBound) {
  std::atomic<std::size_t> sent = 0;
  RawServer server([&](RawConnection& connection) {
    if (!connection.ReadMore() || !connection.Send("$536870912\r\n")) return;
    const std::string piece(64 * 1024, 'x');
    while (connection.Send(piece)) sent += piece.size();
  });
  RedisConfig config = Config("127.0.0.1:" + std::to_string(server.port()));
  RedisLedger& ledger = Make(config);
  EXPECT_EQ(ClaimName(ledger, "k"), "unreachable a reply is too large");
  EXPECT_LT(sent, 2 * kRedisReplyBytesMax + 16 * 1024 * 1024) << "what lies in the system's buffers aside";
}

TEST_F(RedisHostileTest, AnAttemptOnASilentServerEnds) {
  RawServer server([](RawConnection& connection) { connection.WaitForEnd(); });
  RedisLedger& ledger = Make(Impatient("127.0.0.1:" + std::to_string(server.port())));
  EXPECT_EQ(ClaimName(ledger, "k"), "unreachable Redis does not answer in time");
}

TEST_F(RedisHostileTest, ASlowHandshakeEndsAsAWhole) {
  std::mutex mutex;
  std::condition_variable ended;
  bool is_over = false;
  FakeRedis fake([&](const Words&, int) -> Answer {
    // Each answer comes in time, and all together do not.
    std::unique_lock lock(mutex);
    ended.wait_for(lock, milliseconds(120), [&] { return is_over; });
    return std::nullopt;
  });
  RedisLedger& ledger = Make(Impatient(fake.address()));
  EXPECT_EQ(ClaimName(ledger, "k"), "unreachable Redis cannot be reached in time");
  const std::lock_guard lock(mutex);
  is_over = true;
  ended.notify_all();
}

TEST_F(RedisHostileTest, AServerThatDropsEveryConnectionIsNotHammered) {
  FakeRedis fake([](const Words& words, int) -> Answer {
    if (words[0] == "EVALSHA") return FakeAnswer::End();
    return std::nullopt;
  });
  RedisLedger& ledger = Make(Config(fake.address()));
  const TimePoint end = clock_.Now() + milliseconds(700);
  int claims = 0;
  EXPECT_TRUE(RunUntil([&] {
    EXPECT_THAT(ClaimName(ledger, "k"), StartsWith("unreachable"));
    ++claims;
    return clock_.Now() > end;
  }));
  EXPECT_GT(claims, 10);
  // 100, 200 and 400 milliseconds, or the upper halves of them.
  EXPECT_LE(fake.server().accepted(), 6);
  EXPECT_GE(fake.server().accepted(), 2);
}

TEST_F(RedisHostileTest, AClockThatIsNotUsableIsRefused) {
  const std::vector<std::pair<Words, std::string>> kClocks = {
      {{"1700000000", "0", "1700000000", "0"}, "the clock of Redis does not run evenly"},
      {{"1700000000", "0", "1699999999", "0"}, "the clock of Redis does not run evenly"},
      {{"1700000000", "0", "1700000100", "0"}, "the clock of Redis does not run evenly"},
      {{"7", "0", "7", "20000"}, "the clock of Redis does not know the time"},
      {{"x", "0", "x", "1"}, "the clock of Redis does not know the time"},
  };
  for (const auto& [times, want] : kClocks) {
    std::atomic<std::size_t> asked = 0;
    FakeRedis fake([&](const Words& words, int) -> Answer {
      if (words[0] != "TIME") return std::nullopt;
      const std::size_t at = asked++ % 2 * 2;
      return FakeAnswer{RespOf(std::vector<std::string>{times[at], times[at + 1]})};
    });
    EXPECT_EQ(ClaimName(Make(Config(fake.address())), "k"), "unreachable " + want);
    ledgers_.clear();
  }
}

TEST_F(RedisHostileTest, NoProblemShowsThePassword) {
  FakeRedis fake([](const Words& words, int) -> Answer {
    if (words[0] == "AUTH") return FakeAnswer{"-ERR so your password is " + words.back() + "\r\n"};
    return std::nullopt;
  });
  RedisLedger& ledger = Make(Config(fake.address()), Secret("canary-5f1d"));
  EXPECT_EQ(ClaimName(ledger, "k"),
            "unreachable AUTH: Redis answers with an error that the ledger does not know");
}

TEST(RedisReaderTest, RepliesAreReadWhereverTheyAreCut) {
  const std::string bytes = "+OK\r\n-ERR no\r\n:-12\r\n$-1\r\n*-1\r\n" +
                            RespOf(std::vector<std::string>{"a", "", "b\r\nc"}) +
                            "*2\r\n*1\r\n:1\r\n$3\r\nxyz\r\n*0\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    RedisReader reader;
    std::string again;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.Feed(std::string_view(bytes).substr(at, piece));
      while (const auto reply = reader.Next()) again += RespOf(*reply);
    }
    EXPECT_EQ(reader.problem(), "");
    EXPECT_EQ(again, "$2\r\nOK\r\n-ERR no\r\n:-12\r\n$-1\r\n$-1\r\n" +
                         RespOf(std::vector<std::string>{"a", "", "b\r\nc"}) +
                         "*2\r\n*1\r\n:1\r\n$3\r\nxyz\r\n*0\r\n")
        << piece;
  }
}

TEST(RedisReaderTest, AnyBytesAreEitherRepliesOrAProblem) {
  std::mt19937 random(20261122);
  const std::string parts[] = {"*",
                               "$",
                               "+",
                               ":",
                               "-",
                               "\r\n",
                               "\r",
                               "\n",
                               "0",
                               "1",
                               "7",
                               "64",
                               "-1",
                               "x",
                               "\0",
                               "*2\r\n",
                               "$1\r\nx\r\n",
                               "+OK\r\n",
                               ":99999999999999999999\r\n"};
  std::size_t replies = 0;
  std::size_t problems = 0;
  for (int round = 0; round < 20'000; ++round) {
    RedisReader reader;
    for (int i = 0; i < 12; ++i) {
      reader.Feed(parts[random() % std::size(parts)]);
      while (reader.Next()) ++replies;
    }
    if (!reader.problem().empty()) ++problems;
  }
  EXPECT_GT(replies, 1000u);
  EXPECT_GT(problems, 1000u);
}

TEST(RedisInfoTest, WhatCannotKeepALedgerIsRefused) {
  const std::string good = FakeRedis::kInfo;
  EXPECT_EQ(JudgeRedisInfo(good), (std::variant<int, std::string>(7)));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string info = good;
    info.replace(info.find(from), from.size(), to);
    const auto judged = JudgeRedisInfo(info);
    const auto* problem = std::get_if<std::string>(&judged);
    return problem == nullptr ? "good" : *problem;
  };
  EXPECT_EQ(with("7.0.15", "6.0.0"), "good");
  EXPECT_THAT(with("7.0.15", "5.0.14"), HasSubstr("older than version 6"));
  EXPECT_THAT(with("7.0.15", "x"), HasSubstr("does not tell the version"));
  EXPECT_THAT(with("redis_version", "other"), HasSubstr("does not tell the version"));
  EXPECT_THAT(with("cluster_enabled:0", "cluster_enabled:1"), HasSubstr("cluster"));
  EXPECT_THAT(with("loading:0", "loading:1"), HasSubstr("loading"));
  EXPECT_THAT(with("role:master", "role:slave"), HasSubstr("replica"));
  EXPECT_THAT(with("noeviction", "volatile-ttl"), HasSubstr("noeviction"));
  EXPECT_THAT(with("maxmemory_policy", "policy"), HasSubstr("does not tell the maxmemory-policy"));
}

TEST(RedisErrorTest, ErrorsAreKnownAsNewAndOldServersSayThem) {
  const auto kind = [](std::string_view error) { return ExplainRedisError(error).kind; };
  EXPECT_EQ(kind("OOM command not allowed when used memory > 'maxmemory'."), RedisErrorKind::kFull);
  EXPECT_EQ(kind("ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed"),
            RedisErrorKind::kFull);
  EXPECT_EQ(kind("ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write"),
            RedisErrorKind::kMoved);
  EXPECT_EQ(kind("NOSCRIPT No matching script."), RedisErrorKind::kNoScript);
  EXPECT_EQ(kind("WRONGTYPE Operation against a key"), RedisErrorKind::kUnreadable);
  EXPECT_EQ(kind("ERR max number of clients reached"), RedisErrorKind::kMoved);
  for (const char* other : {"MISCONF x", "NOREPLICAS x", "CROSSSLOT x", "ERR x", "", "OOMX x", "XOOM"}) {
    EXPECT_EQ(kind(other), RedisErrorKind::kOther) << other;
    EXPECT_FALSE(ExplainRedisError(other).text.empty());
  }
}

}  // namespace
}  // namespace session_gateway
