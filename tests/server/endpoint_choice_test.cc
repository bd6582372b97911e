// Which endpoint a call goes to, and how one that fails is left out and comes back.
#include "server/upstream/endpoint_choice.h"

#include <map>

#include "tests/server/layer_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class EndpointChoiceTest : public LayerTest {
 protected:
  void Make(std::size_t endpoints, EjectionLimits limits = {}) {
    endpoints_.clear();
    std::vector<EndpointChoice::Candidate> candidates;
    for (std::size_t i = 0; i < endpoints; ++i) {
      endpoints_.push_back(std::make_unique<ScriptedTransport>(loop_));
      candidates.push_back({std::string(1, static_cast<char>('a' + i)), endpoints_.back().get()});
    }
    choice_ = std::make_unique<EndpointChoice>(
        std::move(candidates), limits, clock_, [this](std::string_view endpoint, EndpointEvent event) {
          events_ += (event == EndpointEvent::kEjected ? "-" : "+") + std::string(endpoint);
        });
  }

  // Where the call went: a letter. It is still running.
  std::string Place(Call& call) {
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      for (const auto& attempt : endpoints_[i]->running) {
        if (attempt.body == call.request.body) return std::string(1, static_cast<char>('a' + i));
      }
    }
    return "?";
  }
  std::unique_ptr<Call> Start() { return StartOn(*choice_, std::to_string(++calls_)); }
  void EndAt(Call& call, SendResult result) {
    const std::string body = call.request.body;
    for (const auto& endpoint : endpoints_) {
      for (auto attempt = endpoint->running.begin(); attempt != endpoint->running.end(); ++attempt) {
        if (attempt->body == body) return Finish(endpoint.get(), attempt, std::move(result), call);
      }
    }
    FAIL() << "the call is nowhere";
  }
  // One call after the other, each ended by what its endpoint is said to do; the endpoints' letters.
  std::string Run(int count, const std::map<std::string, SendResult>& ends = {}) {
    std::string places;
    for (int i = 0; i < count; ++i) {
      const auto call = Start();
      const std::string place = Place(*call);
      const auto end = ends.find(place);
      EndAt(*call, end == ends.end() ? Answer(200) : end->second);
      places += place;
    }
    return places;
  }

  std::vector<std::unique_ptr<ScriptedTransport>> endpoints_;
  std::unique_ptr<EndpointChoice> choice_;
  std::string events_;

 private:
  void Finish(ScriptedTransport* endpoint, std::list<ScriptedTransport::Attempt>::iterator attempt,
              SendResult result, Call& call) {
    endpoint->EndOne(attempt, std::move(result));
    EXPECT_TRUE(RunUntil([&] { return call.result.has_value(); }));
  }
  int calls_ = 0;
};

TEST_F(EndpointChoiceTest, EachHasItsTurn) {
  Make(3);
  EXPECT_EQ(Run(7), "abcabca");
  Make(1);
  EXPECT_EQ(Run(3), "aaa");
}

TEST_F(EndpointChoiceTest, ACallRatherGoesWhereItHasNotBeen) {
  Make(3);
  Call call(clock_.Now() + kPatience);
  std::string places;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(choice_->GoesElsewhere(call.context));
    for (const auto& endpoint : endpoints_) endpoint->results = {Unreachable()};
    loop_.restart();
    boost::asio::co_spawn(loop_, choice_->Send(call.request, call.context),
                          [](std::exception_ptr, SendResult) {});
    RunAll();
    for (std::size_t e = 0; e < 3; ++e) {
      if (endpoints_[e]->results.empty()) places += static_cast<char>('a' + e);
    }
    for (const auto& endpoint : endpoints_) endpoint->results.clear();
    if (i == 0) {
      EXPECT_EQ(Run(1), "b");  // another call takes the turn
    }
  }
  EXPECT_EQ(places, "acb");
  EXPECT_FALSE(choice_->GoesElsewhere(call.context));
}

TEST_F(EndpointChoiceTest, SoManyFailuresInARowEject) {
  Make(2);
  EXPECT_EQ(Run(9, {{"a", Unreachable()}}), "ababababa");
  EXPECT_EQ(events_, "-a");
  EXPECT_EQ(Run(4), "bbbb");
}

TEST_F(EndpointChoiceTest, AnAnswerEndsTheRow) {
  Make(2);
  for (const int status : {200, 401, 404, 429, 500, 501, 505}) {
    Run(8, {{"a", Unreachable()}});
    EXPECT_EQ(Run(2, {{"a", Answer(status)}}), "ab") << status;
    Run(8, {{"a", Unreachable()}});
    EXPECT_EQ(events_, "") << status;
    Run(2);
  }
}

TEST_F(EndpointChoiceTest, WhatIsAFailure) {
  const std::vector<SendResult> failures = {
      Unreachable(),
      Fail(FailureKind::kUnreachable, Phase::kLogon, false),
      Fail(FailureKind::kTls, Phase::kHandshake, false),
      Fail(FailureKind::kTlsAlert, Phase::kWait, true),
      Fail(FailureKind::kLost, Phase::kSend, false),
      Fail(FailureKind::kLost, Phase::kWait, true),
      Fail(FailureKind::kMalformed, Phase::kReceive, true),
      Fail(FailureKind::kDeadline, Phase::kResolve, false),
      Fail(FailureKind::kDeadline, Phase::kConnect, false),
      Fail(FailureKind::kDeadline, Phase::kHandshake, false),
      Fail(FailureKind::kDeadline, Phase::kSend, true),
      Fail(FailureKind::kDeadline, Phase::kWait, true),
      Answer(502),
      Answer(503),
      Answer(504),
  };
  for (const SendResult& failure : failures) {
    Make(2);
    events_.clear();
    Run(9, {{"a", failure}});
    EXPECT_EQ(events_, "-a") << Words(failure);
  }
}

TEST_F(EndpointChoiceTest, WhatSaysNothing) {
  const std::vector<SendResult> others = {
      Fail(FailureKind::kCancelled, Phase::kWait, true),
      Fail(FailureKind::kCancelled, Phase::kConnect, false),
      Fail(FailureKind::kOverloaded, Phase::kQueue, false),
      Fail(FailureKind::kLogonRefused, Phase::kLogon, false),
      Fail(FailureKind::kLogonContract, Phase::kLogon, false),
      Fail(FailureKind::kRefusedText, Phase::kSend, false),
      Fail(FailureKind::kDeadline, Phase::kQueue, false),
      Fail(FailureKind::kDeadline, Phase::kLogon, false),
      Fail(FailureKind::kDeadline, Phase::kReceive, true),
  };
  for (const SendResult& other : others) {
    Make(2);
    Run(40, {{"a", other}});
    EXPECT_EQ(events_, "") << Words(other);
    // Nor does it end a row.
    Run(8, {{"a", Unreachable()}});
    Run(2, {{"a", other}});
    Run(2, {{"a", Unreachable()}});
    EXPECT_EQ(events_, "-a") << Words(other);
    events_.clear();
  }
}

class EjectedTest : public EndpointChoiceTest {
 protected:
  // Of two endpoints, a is ejected.
  void SetUp() override {
    Make(2);
    Run(9, {{"a", Unreachable()}});
    ASSERT_EQ(events_, "-a");
    events_.clear();
  }
};

TEST_F(EjectedTest, OneCallProbesWhileOthersGoElsewhere) {
  clock_.ahead = milliseconds(1100);
  const auto probe = Start();
  EXPECT_EQ(Place(*probe), "a");
  EXPECT_EQ(Run(5), "bbbbb");
  EndAt(*probe, Answer(201));
  EXPECT_EQ(events_, "+a");
  EXPECT_EQ(Run(4), "abab");
  EXPECT_EQ(events_, "+a");
}

TEST_F(EjectedTest, TheTimeDoublesWithEachFailedProbeUpToItsBound) {
  for (const int wait : {1000, 2000, 4000, 5000, 5000}) {
    clock_.ahead += milliseconds(wait - 100);
    EXPECT_EQ(Run(2, {{"a", Unreachable()}}), "bb") << wait;
    clock_.ahead += milliseconds(100);
    EXPECT_EQ(Run(3, {{"a", Unreachable()}}), "abb") << wait;
  }
  EXPECT_EQ(events_, "");
  clock_.ahead += seconds(5);
  EXPECT_EQ(Run(3), "aba");
  EXPECT_EQ(events_, "+a");
  // It begins anew.
  Run(10, {{"a", Unreachable()}});
  EXPECT_EQ(events_, "+a-a");
  clock_.ahead += milliseconds(1000);
  EXPECT_EQ(Run(1), "a");
}

TEST_F(EjectedTest, AProbeWhoseCallerLeavesMakesWayForTheNext) {
  clock_.ahead = seconds(1);
  for (int i = 0; i < 3; ++i) {
    const auto probe = Start();
    EXPECT_EQ(Place(*probe), "a");
    probe->context.Stop(StopReason::kCancelled);
    ASSERT_TRUE(RunUntil([&] { return probe->result.has_value(); }));
  }
  EXPECT_EQ(Run(2), "ab");
  EXPECT_EQ(events_, "+a");
}

TEST_F(EjectedTest, AProbeThatDoesNotEndMakesWayForTheNext) {
  clock_.ahead = seconds(1);
  const auto stuck = Start();
  EXPECT_EQ(Place(*stuck), "a");
  EXPECT_EQ(Run(1), "b");
  clock_.ahead += seconds(1);
  const auto second = Start();
  EXPECT_EQ(Place(*second), "a");
  // The end of the older one is no news: the newer one still counts alone.
  EndAt(*stuck, Unreachable());
  EXPECT_EQ(Run(1), "b");
  EndAt(*second, Answer(200));
  EXPECT_EQ(events_, "+a");
}

// A stall lasts longer than the ejection: the next probe finds it unfinished, and that is a failure.
TEST_F(EjectedTest, TheTimeDoublesAlsoWhileProbesDoNotEnd) {
  clock_.ahead = seconds(1);
  const auto first = Start();
  EXPECT_EQ(Place(*first), "a");
  clock_.ahead += seconds(1);
  const auto second = Start();
  EXPECT_EQ(Place(*second), "a");
  clock_.ahead += seconds(1);
  EXPECT_EQ(Run(1), "b");
  clock_.ahead += seconds(1);
  const auto third = Start();
  EXPECT_EQ(Place(*third), "a");
  for (Call* call : {&*first, &*second, &*third}) EndAt(*call, Unreachable());
}

// Sends, and waits for an answer that does not come until it is given up.
class Stalled final : public Transport, public Wire {
 public:
  explicit Stalled(Loop& loop) : executor_(loop.get_executor()) {}

  Task<SendResult> Send(const HttpRequest&, CallContext& context) override {
    LoopEvent given_up(executor_);
    given_up_ = &given_up;
    const WireGuard guard(context, *this);
    co_await given_up.Wait();
    co_return Peek(StopReason::kDeadline);
  }
  bool has_left() const override { return true; }
  SendResult Peek(StopReason) const override { return Fail(FailureKind::kDeadline, Phase::kWait, true); }
  void Abandon() override { given_up_->Announce(); }

 private:
  const LoopExecutor executor_;
  LoopEvent* given_up_ = nullptr;
};

// A call that lingers for its answer has failed at its deadline, once.
TEST_F(EndpointChoiceTest, AStallIsSeenAtTheDeadlineNotAtTheEndOfTheLinger) {
  Stalled stalled(loop_);
  ScriptedTransport good(loop_);
  std::string events;
  EndpointChoice choice({{"stalled", &stalled}, {"good", &good}}, {.failures = 1}, clock_,
                        [&](std::string_view name, EndpointEvent event) {
                          events += (event == EndpointEvent::kEjected ? "-" : "+") + std::string(name);
                        });
  const auto call = StartOn(choice);
  call->context.LetLinger();
  call->context.Stop(StopReason::kDeadline);
  EXPECT_EQ(events, "-stalled");
  EXPECT_FALSE(call->result);
  call->context.Abandon();
  EXPECT_EQ(EndOf(*call), "deadline wait sent");
  EXPECT_EQ(events, "-stalled");
}

// Such as a log-on that is not tried again yet: every call would fail there while the other endpoint works.
TEST_F(EjectedTest, AProbeThatSaysNothingIsNotFollowedAtOnce) {
  clock_.ahead = seconds(1);
  EXPECT_EQ(Run(4, {{"a", Fail(FailureKind::kLogonRefused, Phase::kLogon, false)}}), "abbb");
}

TEST_F(EjectedTest, AnyAnswerEndsTheEjectionAlsoOfACallFromBefore) {
  Make(2);
  events_.clear();
  const auto before = Start();
  ASSERT_EQ(Place(*before), "a");
  Run(10, {{"a", Unreachable()}});
  EXPECT_EQ(events_, "-a");
  EndAt(*before, Answer(200));
  EXPECT_EQ(events_, "-a+a");
}

TEST_F(EjectedTest, AFailedCallRatherTriesAHealthyOneAgain) {
  const auto call = Start();
  EXPECT_EQ(Place(*call), "b");
  EXPECT_FALSE(choice_->GoesElsewhere(call->context));
  clock_.ahead = seconds(1);
  EXPECT_TRUE(choice_->GoesElsewhere(call->context));  // it would be the probe
  EndAt(*call, Answer(200));
}

TEST_F(EndpointChoiceTest, WhenAllAreEjectedCallsGoOutAllTheSame) {
  Make(2);
  const std::map<std::string, SendResult> both = {{"a", Unreachable()}, {"b", Unreachable()}};
  Run(10, both);
  EXPECT_EQ(events_, "-a-b");
  EXPECT_EQ(Run(3, both), "aaa");  // a's time ends first
  const auto call = Start();
  EXPECT_TRUE(choice_->GoesElsewhere(call->context));
  EndAt(*call, Unreachable());
  EXPECT_EQ(Run(3, {{"b", Unreachable()}}), "aaa");
  EXPECT_EQ(events_, "-a-b+a");
}

TEST_F(EndpointChoiceTest, ASingleEndpointComesBackAtOnce) {
  Make(1);
  Run(1000, {{"a", Unreachable()}});
  clock_.ahead += seconds(1);
  Run(1000, {{"a", Unreachable()}});
  EXPECT_EQ(events_, "-a");
  EXPECT_EQ(Run(1), "a");
  EXPECT_EQ(events_, "-a+a");
}

TEST_F(EndpointChoiceTest, TheNumberOfFailuresIsASetting) {
  Make(2, {.failures = 1});
  Run(1, {{"a", Unreachable()}});
  EXPECT_EQ(events_, "-a");
}

TEST_F(EndpointChoiceTest, AsManyAsTheConfigurationAllows) {
  Make(kEndpointsMax);
  Call call(clock_.Now() + kPatience);
  for (std::size_t i = 0; i < kEndpointsMax; ++i) {
    EXPECT_FALSE(call.context.HasTried(i));
    call.context.NoteTried(i);
    EXPECT_TRUE(call.context.HasTried(i));
    EXPECT_EQ(choice_->GoesElsewhere(call.context), i + 1 < kEndpointsMax);
  }
}

}  // namespace
}  // namespace session_gateway
