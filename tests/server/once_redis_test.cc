// Creates that run once, with the ledger in Redis: how often it is asked, and who waits for its answers.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "server/ledger/redis_ledger.h"
#include "tests/server/fake_redis.h"
#include "tests/server/once_fixture.h"
#include "tests/server/redis_server.h"

namespace session_gateway {
namespace {

// A go-between in front of a real Redis that notes what comes over the wire, and keeps answers back.
class NotedRedis {
 public:
  std::string address() const { return between_.address(); }
  // The scripts that were run by the wire, and all else after the handshake.
  int commands() const { return commands_; }
  void Forget() { commands_ = 0; }
  void KeepAnswersBack() { is_held_ = true; }
  void LetThemGo() {
    is_held_ = false;
    is_held_.notify_all();
  }
  std::string Record() const { return redis_.AskText({"GET", "session-gateway:once:key"}); }
  RedisServer& redis() { return redis_; }

 private:
  RedisServer redis_{{}};
  std::atomic<int> commands_ = 0;
  std::atomic<bool> is_held_ = false;
  FakeRedis between_{[this](const std::vector<std::string>& words, int) {
    ++commands_;
    const RedisReply reply = redis_.Ask(words);
    is_held_.wait(true);
    return FakeAnswer{FakeRedis::Bytes(reply)};
  }};
};

class OnceRedisTest : public testing::Test {
 protected:
  ~OnceRedisTest() override {
    redis_.LetThemGo();
    EXPECT_TRUE(RunUntil([&] { return once_.running() == 0; }));
    ledger_.Close();
    loop_.restart();
    loop_.poll();
  }

  bool RunUntil(const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_so() && std::chrono::steady_clock::now() < end) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(1));
    }
    return is_so();
  }
  void Usable() {
    ASSERT_TRUE(RunUntil([&] { return ledger_.is_usable(); }));
    redis_.Forget();
  }
  // Begins a call, and runs until its create has left.
  void Send(PlayedCall& call) {
    BeginCall(loop_, once_, MakeCall(upstream_, "key", "a", false), call);
    ASSERT_TRUE(RunUntil([&] { return !upstream_.flights().empty(); }));
    upstream_.flight().Depart();
    loop_.poll();
  }
  void Answer(int status, const std::string& body) {
    upstream_.flight().Answer(PlayedReply(status, body));
    loop_.restart();
    loop_.poll();
  }

  static RedisConfig Config(const std::string& address) {
    RedisConfig config;
    config.address = address;
    config.timeout = std::chrono::seconds(30);  // no answer that is kept back is given up meanwhile
    config.lease = std::chrono::minutes(5);     // nor is a claim renewed
    return config;
  }

  Loop loop_{1};
  SystemClock clock_;
  SystemRandom random_;
  NotedRedis redis_;
  RedisLedger ledger_{Config(redis_.address()), std::chrono::hours(24), loop_, clock_, random_, Secret(),
                      [](const std::string&) {}};
  PlayedUpstream upstream_{loop_, clock_};
  Exchanges exchanges_{loop_, clock_, std::chrono::seconds(10)};
  Once once_{exchanges_, clock_, ledger_, OncePauses()};
};

TEST_F(OnceRedisTest, ACallAsksRedisOnceBeforeItsCreateAndOnceAfter) {
  Usable();
  PlayedCall call;
  Send(call);
  EXPECT_EQ(redis_.commands(), 1);
  Answer(200, "session");
  ASSERT_TRUE(RunUntil([&] { return call.told.has_value() && once_.running() == 0; }));
  EXPECT_EQ(redis_.commands(), 2);
  EXPECT_NE(redis_.Record().find("v1 ended"), std::string::npos) << redis_.Record();

  PlayedCall repeat;
  BeginCall(loop_, once_, MakeCall(upstream_, "key", "a", false), repeat);
  ASSERT_TRUE(RunUntil([&] { return repeat.told.has_value(); }));
  EXPECT_TRUE(repeat.told->replayed);
  EXPECT_EQ(redis_.commands(), 3) << "a repeat only looks";
}

TEST_F(OnceRedisTest, OneThatIsForgottenAsksNoMoreOften) {
  Usable();
  PlayedCall call;
  Send(call);
  Answer(400, "no");
  ASSERT_TRUE(RunUntil([&] { return call.told.has_value() && once_.running() == 0; }));
  EXPECT_EQ(redis_.commands(), 2);
  EXPECT_EQ(redis_.Record(), "");
}

TEST_F(OnceRedisTest, TheAnswerDoesNotWaitForRedisToRememberIt) {
  Usable();
  PlayedCall call;
  Send(call);
  redis_.KeepAnswersBack();
  Answer(200, "session");
  // By what was ready at once: nothing was waited for.
  ASSERT_TRUE(call.told.has_value());
  EXPECT_EQ(call.told->response, "session");
  EXPECT_EQ(once_.running(), 1u) << "it is still to be remembered";
  EXPECT_TRUE(RunUntil([&] { return redis_.commands() == 2; }));
}

TEST_F(OnceRedisTest, NorDoesAnUnknownEnd) {
  Usable();
  PlayedCall call;
  Send(call);
  redis_.redis().Pause();
  Answer(500, "");
  ASSERT_TRUE(call.told.has_value() && call.told->error);
  EXPECT_EQ(call.told->error->outcome, Outcome::kUnknown);
  redis_.redis().Continue();
  EXPECT_TRUE(RunUntil([&] { return once_.running() == 0; }));
  EXPECT_NE(redis_.Record().find("v1 ended"), std::string::npos) << redis_.Record();
}

}  // namespace
}  // namespace session_gateway
