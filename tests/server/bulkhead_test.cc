// The bulkhead: its bounds, its order, and that no slot and no call is ever lost.
#include "server/upstream/bulkhead.h"

#include <algorithm>
#include <random>

#include "tests/server/layer_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::seconds;

class BulkheadTest : public LayerTest {
 protected:
  void Make(std::size_t calls, std::size_t queue) {
    bulkhead_ = std::make_unique<Bulkhead>(loop_.get_executor(), BulkheadLimits{calls, queue}, clock_, next_);
  }
  std::unique_ptr<Call> Start(const std::string& body, Duration left = kPatience) {
    return StartOn(*bulkhead_, body, left);
  }

  ScriptedTransport next_{loop_};
  std::unique_ptr<Bulkhead> bulkhead_;
};

TEST_F(BulkheadTest, BeyondTheBoundCallsWaitInTheirOrder) {
  Make(1, 2);
  const auto a = Start("a");
  const auto b = Start("b");
  const auto c = Start("c");
  EXPECT_EQ(next_.bodies, (std::vector<std::string>{"a"}));
  EXPECT_EQ(bulkhead_->waiting(), 2u);
  next_.End(Answer(201));
  EXPECT_EQ(EndOf(*a), "201");
  RunAll();
  EXPECT_EQ(next_.bodies, (std::vector<std::string>{"a", "b"}));
  // One that comes now does not overtake the one that waits.
  const auto d = Start("d");
  next_.End(Answer(202));
  RunAll();
  next_.End(Answer(203));
  RunAll();
  next_.End(Answer(204));
  EXPECT_EQ(EndOf(*b), "202");
  EXPECT_EQ(EndOf(*c), "203");
  EXPECT_EQ(EndOf(*d), "204");
  EXPECT_EQ(next_.bodies, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(bulkhead_->running(), 0u);
}

TEST_F(BulkheadTest, BeyondTheQueueCallsAreRefusedAtOnce) {
  Make(1, 1);
  const auto a = Start("a");
  const auto b = Start("b");
  const auto c = Start("c");
  EXPECT_EQ(Now(*c), "overloaded queue not_sent");
  EXPECT_EQ(Now(*b), "running");
  next_.End(Answer(200));
  RunAll();
  next_.End(Answer(200));
  EXPECT_EQ(EndOf(*a), "200");
  EXPECT_EQ(EndOf(*b), "200");
  EXPECT_EQ(next_.bodies.size(), 2u);
}

TEST_F(BulkheadTest, WithoutAQueueNothingWaits) {
  Make(2, 0);
  const auto a = Start("a");
  const auto b = Start("b");
  EXPECT_EQ(Now(*Start("c")), "overloaded queue not_sent");
  next_.End(Answer(200));
  EXPECT_EQ(EndOf(*a), "200");
  const auto d = Start("d");
  EXPECT_EQ(Now(*d), "running");
  next_.End(Answer(200));
  next_.EndOne(std::next(next_.running.begin()), Answer(200));
  EXPECT_EQ(EndOf(*b), "200");
  EXPECT_EQ(EndOf(*d), "200");
}

TEST_F(BulkheadTest, AStopFreesTheCallAndItsPlaceAtOnce) {
  for (const StopReason reason : {StopReason::kCancelled, StopReason::kDeadline}) {
    next_.bodies.clear();
    Make(1, 2);
    const auto a = Start("a");
    const auto b = Start("b");
    const auto c = Start("c");
    b->context.Stop(reason);
    EXPECT_EQ(bulkhead_->waiting(), 1u);
    RunAll();
    EXPECT_EQ(Now(*b),
              reason == StopReason::kCancelled ? "cancelled queue not_sent" : "deadline queue not_sent");
    const auto d = Start("d");  // in the place that b gave up
    for (int i = 0; i < 3; ++i) {
      next_.End(Answer(200));
      RunAll();
    }
    EXPECT_EQ(next_.bodies, (std::vector<std::string>{"a", "c", "d"}));
    EXPECT_EQ(EndOf(*d), "200");
  }
}

TEST_F(BulkheadTest, ACallWhoseTimeIsOverIsNotSent) {
  Make(1, 4);
  const auto a = Start("a");
  const auto b = Start("b", seconds(5));
  const auto c = Start("c", seconds(15));
  clock_.ahead = seconds(6);  // nobody has stopped b yet
  next_.End(Answer(200));
  EXPECT_EQ(EndOf(*b), "deadline queue not_sent");
  RunAll();
  EXPECT_EQ(next_.bodies, (std::vector<std::string>{"a", "c"}));
  next_.End(Answer(200));
  EXPECT_EQ(EndOf(*c), "200");
  // Nor when there is a free slot.
  EXPECT_EQ(Now(*Start("d", seconds(-1))), "deadline queue not_sent");
  EXPECT_EQ(next_.bodies.size(), 2u);
  EXPECT_EQ(bulkhead_->running(), 0u);
}

TEST_F(BulkheadTest, AStopInTheTurnInWhichASlotCameGivesItToTheNext) {
  Make(1, 2);
  const auto a = Start("a");
  const auto b = Start("b");
  const auto c = Start("c");
  next_.End(Answer(200));
  // Until the slot is b's, which has not run yet.
  ASSERT_TRUE(RunUntil([&] { return bulkhead_->waiting() == 1; }));
  b->context.Stop(StopReason::kCancelled);
  RunAll();
  EXPECT_EQ(Now(*b), "cancelled queue not_sent");
  EXPECT_EQ(next_.bodies, (std::vector<std::string>{"a", "c"}));
  next_.End(Answer(200));
  EXPECT_EQ(EndOf(*c), "200");
  EXPECT_EQ(bulkhead_->running(), 0u);
}

// Each ends in the slot of the one before it, without an answer to wait for.
TEST_F(BulkheadTest, AStackDoesNotGrowWithTheQueue) {
  constexpr std::size_t kCalls = 50'000;
  Make(1, kCalls);
  const auto first = Start("first");
  std::vector<std::unique_ptr<Call>> calls;
  for (std::size_t i = 0; i < kCalls; ++i) calls.push_back(Start("", seconds(10)));
  ASSERT_EQ(bulkhead_->waiting(), kCalls);
  clock_.ahead = seconds(11);
  next_.End(Answer(200));
  RunAll();
  EXPECT_TRUE(std::all_of(calls.begin(), calls.end(),
                          [](const auto& call) { return Now(*call) == "deadline queue not_sent"; }));
  EXPECT_EQ(next_.bodies.size(), 1u);
  EXPECT_EQ(bulkhead_->running(), 0u);
}

// Frames that wait when their loop ends, as after a fault elsewhere, touch nothing that is gone.
TEST(BulkheadEnd, CallsMayBeDestroyedInEveryState) {
  TestClock clock;
  std::vector<std::unique_ptr<Call>> calls;
  {
    Loop loop(1);
    ScriptedTransport next(loop);
    Bulkhead bulkhead(loop.get_executor(), BulkheadLimits{1, 8}, clock, next);
    for (int i = 0; i < 4; ++i) {
      calls.push_back(std::make_unique<Call>(clock.Now() + kPatience));
      boost::asio::co_spawn(loop, bulkhead.Send(calls.back()->request, calls.back()->context),
                            [](std::exception_ptr, SendResult) {});
    }
    loop.poll();
    EXPECT_EQ(bulkhead.waiting(), 3u);
  }
  EXPECT_FALSE(calls.back()->result.has_value());
}

// What the bulkhead must do, said with a list.
class Model {
 public:
  Model(std::size_t calls, std::size_t queue) : calls_(calls), queue_(queue) {}

  // False: refused.
  bool Arrive(const std::string& name) {
    if (running.size() < calls_) {
      running.push_back(name);
      sent.push_back(name);
      return true;
    }
    if (waiting.size() >= queue_) return false;
    waiting.push_back(name);
    return true;
  }
  void EndRunning(const std::string& name) {
    std::erase(running, name);
    if (waiting.empty()) return;
    running.push_back(waiting.front());
    sent.push_back(waiting.front());
    waiting.erase(waiting.begin());
  }
  void StopWaiting(const std::string& name) { std::erase(waiting, name); }

  std::vector<std::string> running;
  std::vector<std::string> waiting;
  std::vector<std::string> sent;

 private:
  const std::size_t calls_;
  const std::size_t queue_;
};

class BulkheadPropertyTest : public BulkheadTest, public testing::WithParamInterface<std::uint32_t> {
 protected:
  std::size_t Draw(std::size_t below) { return random_() % below; }

  void Arrive() {
    const std::string name = std::to_string(calls_.size());
    calls_.push_back(Start(name));
    expected_.emplace_back("running");
    if (!model_->Arrive(name)) expected_.back() = "overloaded queue not_sent";
  }
  void EndOneOfTheRunning() {
    if (next_.running.empty()) return;
    const auto attempt = std::next(next_.running.begin(), static_cast<long>(Draw(next_.running.size())));
    const std::string name = attempt->body;
    next_.EndOne(attempt, Answer(200));
    expected_[std::stoul(name)] = "200";
    model_->EndRunning(name);
  }
  void StopOne() {
    if (calls_.empty()) return;
    const std::size_t index = Draw(calls_.size());
    if (calls_[index]->result || expected_[index] != "running") return;
    const bool cancels = Draw(2) == 0;
    const std::string name = std::to_string(index);
    const bool runs =
        std::find(model_->running.begin(), model_->running.end(), name) != model_->running.end();
    expected_[index] =
        std::string(cancels ? "cancelled" : "deadline") + (runs ? " wait sent" : " queue not_sent");
    calls_[index]->context.Stop(cancels ? StopReason::kCancelled : StopReason::kDeadline);
    runs ? model_->EndRunning(name) : model_->StopWaiting(name);
  }

  std::mt19937 random_{GetParam()};
  std::unique_ptr<Model> model_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<std::string> expected_;
};

TEST_P(BulkheadPropertyTest, DoesWhatTheModelDoes) {
  const std::size_t bound = 1 + Draw(4);
  const std::size_t queue = Draw(5);
  Make(bound, queue);
  model_ = std::make_unique<Model>(bound, queue);
  for (int step = 0; step < 400; ++step) {
    const std::size_t action = Draw(4);
    if (action <= 1) {
      Arrive();
    } else if (action == 2) {
      EndOneOfTheRunning();
    } else {
      StopOne();
    }
    RunAll();
    ASSERT_LE(next_.running.size(), bound) << step;
    ASSERT_EQ(next_.bodies, model_->sent) << step;
    ASSERT_EQ(bulkhead_->running(), model_->running.size()) << step;
    ASSERT_EQ(bulkhead_->waiting(), model_->waiting.size()) << step;
    for (std::size_t i = 0; i < calls_.size(); ++i) ASSERT_EQ(Now(*calls_[i]), expected_[i]) << i;
  }
  while (!next_.running.empty()) {
    EndOneOfTheRunning();
    RunAll();
  }
  EXPECT_EQ(bulkhead_->running(), 0u);
  EXPECT_EQ(bulkhead_->waiting(), 0u);
  for (std::size_t i = 0; i < calls_.size(); ++i) EXPECT_EQ(Now(*calls_[i]), expected_[i]) << i;
}

// The same without a rest between the steps: what is ended, stopped and started in one turn of the loop.
// Which call has which place is then not known, but the bounds are, and that none is lost.
TEST_P(BulkheadPropertyTest, LosesNothingInOneTurn) {
  const std::size_t bound = 1 + Draw(4);
  Make(bound, Draw(5));
  for (int step = 0; step < 2000; ++step) {
    const std::size_t action = Draw(6);
    if (action <= 1) {
      calls_.push_back(Spawn(*bulkhead_, "x"));
    } else if (action == 2 && !next_.running.empty()) {
      next_.End(Answer(200));
    } else if (action == 3 && !calls_.empty()) {
      calls_[Draw(calls_.size())]->context.Stop(Draw(2) == 0 ? StopReason::kCancelled
                                                             : StopReason::kDeadline);
    } else if (action == 4) {
      loop_.restart();
      loop_.poll_one();
    }
    ASSERT_LE(bulkhead_->running(), bound) << step;
    ASSERT_LE(next_.running.size(), bound) << step;
  }
  while (bulkhead_->running() > 0) {
    if (!next_.running.empty()) next_.End(Answer(200));
    RunAll();
  }
  for (const auto& call : calls_) ASSERT_TRUE(call->result.has_value());
  EXPECT_EQ(bulkhead_->waiting(), 0u);
  const auto sent = std::count_if(calls_.begin(), calls_.end(), [](const auto& call) {
    return std::holds_alternative<HttpReply>(*call->result) || std::get<SendFailure>(*call->result).sent;
  });
  EXPECT_EQ(static_cast<std::size_t>(sent), next_.bodies.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, BulkheadPropertyTest, testing::Range(1u, 21u));

}  // namespace
}  // namespace session_gateway
