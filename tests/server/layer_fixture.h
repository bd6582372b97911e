// What tests of the layers between an RPC and the engines share: a transport in the place of the network that
// does what the test says, and calls through a layer on the test's loop.
//
// Thread rule: the loop runs on the test's thread. Never here: what is expected of a layer.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/random.h"
#include "server/upstream/dialer.h"
#include "server/upstream/loop_event.h"
#include "tests/server/engine_fixture.h"

namespace session_gateway {

inline SendResult Answer(int status) {
  HttpReply reply;
  reply.status = status;
  return reply;
}

inline SendResult Fail(FailureKind kind, Phase phase, bool sent, const std::string& detail = "scripted") {
  return SendFailure{kind, phase, sent, detail};
}

inline SendResult Unreachable(const std::string& detail = "scripted") {
  return Fail(FailureKind::kUnreachable, Phase::kConnect, false, detail);
}

// `200`, or `unreachable connect not_sent`.
inline std::string Words(const SendResult& result) {
  if (const auto* reply = std::get_if<HttpReply>(&result)) return std::to_string(reply->status);
  static constexpr const char* kKinds[] = {"unreachable",    "tls",          "tls_alert", "logon_refused",
                                           "logon_contract", "lost",         "malformed", "deadline",
                                           "cancelled",      "refused_text", "overloaded"};
  const auto& failure = std::get<SendFailure>(result);
  return std::string(kKinds[static_cast<int>(failure.kind)]) + " " + std::string(PhaseName(failure.phase)) +
         (failure.sent ? " sent" : " not_sent");
}

// Ends each attempt with the next of `results`; without one, the attempt waits until the test ends it.
class ScriptedTransport final : public Transport {
 public:
  struct Attempt {
    Attempt(const LoopExecutor& executor, std::string the_body)
        : ended(executor), body(std::move(the_body)) {}
    LoopEvent ended;
    std::string body;
    SendResult result;
  };

  explicit ScriptedTransport(Loop& loop) : executor_(loop.get_executor()) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override {
    bodies.push_back(request.body);
    if (on_attempt) on_attempt();
    if (!results.empty()) {
      SendResult result = std::move(results.front());
      results.pop_front();
      co_return result;
    }
    const auto own = running.emplace(running.end(), executor_, request.body);
    {
      StopGuard guard(context, [&] {
        own->result = context.stopped() == StopReason::kCancelled
                          ? Fail(FailureKind::kCancelled, Phase::kWait, true)
                          : Fail(FailureKind::kDeadline, Phase::kWait, true);
        own->ended.Announce();
      });
      co_await own->ended.Wait();
    }
    SendResult result = std::move(own->result);
    running.erase(own);
    co_return result;
  }

  // Ends the one that has run longest.
  void End(SendResult result) { EndOne(running.begin(), std::move(result)); }
  void EndOne(std::list<Attempt>::iterator attempt, SendResult result) {
    attempt->result = std::move(result);
    attempt->ended.Announce();
  }

  std::deque<SendResult> results;
  std::list<Attempt> running;
  std::vector<std::string> bodies;  // of all attempts
  std::function<void()> on_attempt;

 private:
  const LoopExecutor executor_;
};

// Always the same number.
class FixedRandom final : public Random {
 public:
  std::uint32_t Next() override { return next; }
  std::uint32_t next = 0;
};

class LayerTest : public EngineTest {
 protected:
  // It begins to run with the loop.
  std::unique_ptr<Call> Spawn(Transport& transport, std::string body, Duration left = kPatience,
                              Repeat repeat = Repeat::kOnlyIfNotSent) {
    auto call = std::make_unique<Call>(clock_.Now() + left);
    call->request = Post(std::move(body));
    call->request.repeat = repeat;
    boost::asio::co_spawn(loop_, transport.Send(call->request, call->context),
                          [waiting = call.get()](std::exception_ptr error, SendResult result) {
                            EXPECT_EQ(error, nullptr);
                            waiting->result = std::move(result);
                          });
    return call;
  }
  std::unique_ptr<Call> StartOn(Transport& transport, std::string body = "{}", Duration left = kPatience,
                                Repeat repeat = Repeat::kOnlyIfNotSent) {
    auto call = Spawn(transport, std::move(body), left, repeat);
    RunReady();
    return call;
  }

  // What is due now, and what follows of it.
  void RunAll() {
    loop_.restart();
    while (loop_.poll() > 0) loop_.restart();
  }

  std::string EndOf(Call& call) { return Words(Finish(call)); }
  static std::string Now(const Call& call) { return call.result ? Words(*call.result) : "running"; }
};

}  // namespace session_gateway
