// What tests of Once share: an upstream that a test plays by hand, creates whose answers are one word, and a
// ledger with faults.
//
// Thread rule: one thread; the loop runs when a test says so. Never here: sockets, a store.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/ledger/memory_ledger.h"
#include "server/once.h"
#include "server/upstream/loop_event.h"
#include "tests/server/ledger_testing.h"
#include "translator/upstream_status.h"

namespace session_gateway {

// One request on its way. It leaves when the test says so, and ends with what the test answers.
struct Flight final : public Wire {
  Flight(const LoopExecutor& executor, const HttpRequest& the_request, CallContext& the_context)
      : request(the_request), context(the_context), departure(executor), arrival(executor) {}

  bool has_left() const override { return departed; }
  SendResult Peek(StopReason reason) const override {
    return SendFailure{reason == StopReason::kDeadline ? FailureKind::kDeadline : FailureKind::kCancelled,
                       Phase::kWait, true, "stopped"};
  }
  void Abandon() override {
    if (!result) result = Peek(context.stopped());
    arrival.Announce();
  }
  void Answer(SendResult with) {
    if (!result) result = std::move(with);
    arrival.Announce();
  }
  void Depart() {
    EXPECT_EQ(context.stopped(), StopReason::kNone) << "sent for nobody";
    departed = true;
    departure.Announce();
  }
  void Fail(SendFailure with) {
    result = std::move(with);
    departure.Announce();
  }

  const HttpRequest& request;
  CallContext& context;
  LoopEvent departure;
  LoopEvent arrival;
  bool departed = false;
  std::optional<SendResult> result;
};

class PlayedUpstream final : public Transport {
 public:
  PlayedUpstream(Loop& loop, const Clock& clock) : loop_(loop), clock_(clock) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override {
    const auto stopped = [&context] {
      return SendFailure{
          context.stopped() == StopReason::kCancelled ? FailureKind::kCancelled : FailureKind::kDeadline,
          Phase::kConnect, false, "before it was sent"};
    };
    Flight flight(loop_.get_executor(), request, context);
    const auto place = flights_.insert(flights_.end(), &flight);
    if (context.stopped() == StopReason::kNone) {
      StopGuard guard(context, [&flight] { flight.departure.Announce(); });
      co_await flight.departure.Wait();
    }
    if (!flight.result && (!flight.departed || clock_.Now() >= context.deadline())) {
      flight.departed = false;
      flight.result = stopped();
    }
    if (flight.departed) {
      ++departures_;
      WireGuard wire(context, flight);
      if (context.abandoned()) flight.Abandon();
      co_await flight.arrival.Wait();
    }
    flights_.erase(place);
    co_return std::move(*flight.result);
  }

  // Those that have not ended, the oldest first.
  const std::list<Flight*>& flights() const { return flights_; }
  Flight& flight() const {
    EXPECT_EQ(flights_.size(), 1u);
    return *flights_.front();
  }
  int departures() const { return departures_; }

 private:
  Loop& loop_;
  const Clock& clock_;
  std::list<Flight*> flights_;
  int departures_ = 0;
};

inline constexpr int kWritesMax = 8;

inline HttpReply PlayedReply(int status, std::string body) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

// 200 with a body is done, 400 is refused, 500 is unknown, as is 409 where there is a question. The
// question's body begins with `?`.
class PlayedCreate final : public OnceCreate {
 public:
  PlayedCreate(Transport& transport, std::string body, bool can_ask) : transport_(transport) {
    request_.body = std::move(body);
    if (can_ask) question_.emplace().body = "?" + request_.body.text();
  }

  Transport& transport() override { return transport_; }
  const HttpRequest& request() const override { return request_; }
  const HttpRequest* question() override { return question_ ? &*question_ : nullptr; }

  CreateEnd Read(SendResult& result) override {
    CreateEnd end;
    if (const auto* failure = std::get_if<SendFailure>(&result)) {
      end.error = ErrorFromFailure(Upstream::kQlik, *failure);
    } else if (const auto& reply = std::get<HttpReply>(result); reply.status == 409 && question_) {
      end = UnknownEnd(Upstream::kQlik, "taken");
    } else if (reply.status != 200) {
      end.error = ErrorFromStatus(Upstream::kQlik, CredentialOwner::kGateway, reply);
    } else {
      end.response = reply.body;
    }
    return end;
  }

  Found ReadQuestion(SendResult& result, CreateEnd& end) override {
    const auto* const reply = std::get_if<HttpReply>(&result);
    if (reply == nullptr || (reply->status != 200 && reply->status != 404)) return Found::kNotKnown;
    if (reply->status == 404) return Found::kAbsent;
    end.response = reply->body;
    return Found::kThere;
  }

 private:
  Transport& transport_;
  HttpRequest request_;
  std::optional<HttpRequest> question_;
};

// One call to Once, from its begin to what it is told.
struct PlayedCall {
  PlayedCall() : context(TimePoint::max()) {}

  CallContext context;
  std::optional<CreateEnd> told;
  std::optional<CreateEnd> late;
};

inline OnceCall MakeCall(Transport& transport, const std::string& key, const std::string& body,
                         bool can_ask) {
  return {.method = "Create",
          .upstream = Upstream::kQlik,
          .key = key,
          .content = ContentOf(static_cast<std::uint8_t>(body.empty() ? 0 : body.back())),
          .create = std::make_unique<PlayedCreate>(transport, body, can_ask)};
}

inline void BeginCall(Loop& loop, Once& once, OnceCall call, PlayedCall& played) {
  boost::asio::co_spawn(loop,
                        once.Run(std::move(call), played.context,
                                 [&played]() -> Once::LateEnd {
                                   return [&played](const CreateEnd& end, std::string_view, Duration) {
                                     played.late = end;
                                   };
                                 }),
                        [&played](std::exception_ptr exception, CreateEnd end) {
                          EXPECT_EQ(exception, nullptr);
                          played.told = std::move(end);
                        });
}

// The ledger in memory, with the faults that a test asks for.
class FaultyLedger final : public Ledger {
 public:
  explicit FaultyLedger(Ledger& inner) : inner_(inner) {}

  Task<ClaimResult> Claim(const std::string& key, const ContentHash& content, CallContext& context) override {
    ++claims;
    if (claim_is) co_return *claim_is;
    ClaimResult result = co_await inner_.Claim(key, content, context);
    if (auto* const claim = std::get_if<LedgerClaim>(&result)) claim->lease_end = lease_end;
    co_return result;
  }
  Task<LedgerWrite> Renew(LedgerClaim& claim) override {
    ++renewals;
    if (renewal != nullptr) co_await renewal->Wait();
    if (renewal_is == LedgerWrite::kDone) claim.lease_end = lease_end;
    co_return renewal_is;
  }
  Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) override {
    if (std::exchange(throws, false)) throw std::bad_alloc();
    if (failing_writes-- > 0) co_return LedgerWrite::kUnreachable;
    co_return co_await inner_.Remember(claim, ending);
  }
  Task<LedgerWrite> Forget(const LedgerClaim& claim) override {
    if (forgetting != nullptr) co_await forgetting->Wait();
    if (failing_writes-- > 0) co_return LedgerWrite::kUnreachable;
    const LedgerWrite written = co_await inner_.Forget(claim);
    co_return std::exchange(loses_answer, false) ? LedgerWrite::kUnreachable : written;
  }
  Task<LedgerWrite> Amend(const std::string& key, const ContentHash& content, std::string ending) override {
    return inner_.Amend(key, content, std::move(ending));
  }
  Duration renew_every() const override { return lease_end == TimePoint::max() ? Duration::max() : pause; }
  void Close() override {}

  int claims = 0;
  std::optional<ClaimResult> claim_is;
  TimePoint lease_end = TimePoint::max();
  int failing_writes = 0;
  bool throws = false;              // the next Remember
  bool loses_answer = false;        // of the next Forget, which is done
  LoopEvent* forgetting = nullptr;  // what one waits for
  LedgerWrite renewal_is = LedgerWrite::kUnreachable;
  Duration pause = std::chrono::hours(1);  // between renewals
  int renewals = 0;
  LoopEvent* renewal = nullptr;  // what one waits for

 private:
  Ledger& inner_;
};

class OnceTest : public testing::Test {
 protected:
  void Begin(PlayedCall& call, const std::string& body = "a", bool can_ask = false) {
    Begin("key", call, body, can_ask);
  }
  void Begin(const std::string& key, PlayedCall& call, const std::string& body, bool can_ask) {
    BeginCall(loop_, once_, MakeCall(upstream_, key, body, can_ask), call);
    Run();
  }
  void Run() {
    loop_.restart();
    loop_.poll();
  }
  void Stop(PlayedCall& call, StopReason reason) {
    call.context.Stop(reason);
    Run();
  }
  void Depart() {
    upstream_.flight().Depart();
    Run();
  }
  void Answer(int status, std::string body) {
    upstream_.flight().Answer(PlayedReply(status, std::move(body)));
    Run();
  }
  void LingerIsOver() {
    exchanges_.Drain(TimePoint::min(), [] {});
    Run();
  }
  bool RunUntil(const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_so() && std::chrono::steady_clock::now() < end) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(1));
    }
    return is_so();
  }
  void ExpectOk(const PlayedCall& call, const std::string& response, bool replayed) {
    ASSERT_TRUE(call.told);
    EXPECT_FALSE(call.told->error) << call.told->error->message;
    EXPECT_EQ(call.told->response, response);
    EXPECT_EQ(call.told->replayed, replayed);
  }
  void ExpectError(const PlayedCall& call, absl::StatusCode code, Reason reason, Outcome outcome) {
    ASSERT_TRUE(call.told && call.told->error);
    EXPECT_EQ(call.told->error->code, code) << call.told->error->message;
    EXPECT_EQ(call.told->error->reason, reason);
    EXPECT_EQ(call.told->error->outcome, outcome);
  }
  void ExpectUnknown(const PlayedCall& call) {
    ExpectError(call, absl::StatusCode::kUnknown, Reason::kOutcomeUnknown, Outcome::kUnknown);
  }

  Loop loop_{1};
  HandedClock clock_;
  MemoryLedger memory_{clock_, MemoryLedgerBounds()};
  FaultyLedger ledger_{memory_};
  PlayedUpstream upstream_{loop_, clock_};
  Exchanges exchanges_{loop_, clock_, std::chrono::hours(1)};
  Once once_{
      exchanges_, clock_, ledger_, {std::chrono::milliseconds(1), std::chrono::milliseconds(2), kWritesMax}};
};

}  // namespace session_gateway
