#include "server/once_exchange.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "translator/request_rules.h"
#include "translator/upstream_status.h"

namespace session_gateway {
namespace {

// How often an end is given to a store that does not take it.
constexpr int kWritesMax = 8;

CreateEnd Fails(RpcError error) { return {.error = std::move(error), .response = {}}; }

// The outcome is that of a request of which nothing is known, or of one that was surely not sent.
CreateEnd Stopped(Upstream upstream, StopReason reason, Phase phase, bool may_be_sent,
                  const std::string& detail) {
  const FailureKind kind =
      reason == StopReason::kCancelled ? FailureKind::kCancelled : FailureKind::kDeadline;
  return Fails(ErrorFromFailure(upstream, SendFailure{kind, phase, may_be_sent, detail}));
}

}  // namespace

// Renews a claim that has a lease while its create runs, and lets nothing be sent once the claim may be
// another's.
class OnceExchange::Keeper {
 public:
  Keeper(OnceExchange& exchange, LedgerClaim claim)
      : exchange_(exchange),
        claim_(std::move(claim)),
        timer_(exchange.parts_.loop.get_executor()),
        stopped_(exchange.parts_.loop.get_executor()) {
    exchange_.LimitSending(claim_.lease_end);
    boost::asio::co_spawn(
        exchange_.parts_.loop.get_executor(), Keep(exchange_.shared_from_this()),
        [this, alive = exchange_.shared_from_this()](const std::exception_ptr&) { stopped_.Announce(); });
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  const LedgerClaim& claim() const { return claim_; }
  bool IsOver() const { return exchange_.parts_.clock.Now() >= claim_.lease_end; }

  // Before the keeper goes, and before the claim is ended.
  Task<void> Stop() {
    stopping_ = true;
    timer_.cancel();
    co_await stopped_.Wait();
  }

 private:
  Task<void> Keep(std::shared_ptr<OnceExchange>) {
    const OnceParts& parts = exchange_.parts_;
    Duration pause = parts.ledger.renew_every();
    while (!stopping_) {
      timer_.expires_after(pause);
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(kUseTask, ignored));
      if (stopping_) break;
      const LedgerWrite renewed = co_await parts.ledger.Renew(claim_);
      if (renewed == LedgerWrite::kLost) claim_.lease_end = parts.clock.Now();
      exchange_.LimitSending(claim_.lease_end);
      if (renewed == LedgerWrite::kLost) break;
      pause = renewed == LedgerWrite::kDone ? parts.ledger.renew_every() : parts.pauses.longest;
    }
  }

  OnceExchange& exchange_;
  LedgerClaim claim_;
  LoopTimer timer_;
  LoopEvent stopped_;
  bool stopping_ = false;
};

OnceExchange::OnceExchange(OnceParts& parts, const Caller& caller, OnceCall call)
    : SharedExchange(parts.loop.get_executor(), caller), parts_(parts), call_(std::move(call)) {}

Task<void> OnceExchange::Run() {
  // Whatever happens, who comes afterwards begins anew.
  struct Over {
    ~Over() { exchange.parts_.on_over(exchange); }
    const OnceExchange& exchange;
  } over{*this};
  std::optional<LedgerClaim> claim = co_await Claim();
  if (!claim) co_return End();
  std::optional<Keeper> keeper;
  if (parts_.ledger.renew_every() != Duration::max()) keeper.emplace(*this, *claim);
  bool has_thrown = false;
  try {
    co_await Carry(keeper ? &*keeper : nullptr);
  } catch (...) {
    has_thrown = true;
  }
  if (keeper) {
    co_await keeper->Stop();
    claim = keeper->claim();
  }
  if (has_thrown) Know(UnknownEnd(call_.upstream, "internal error"));
  co_await Settle(*claim);
}

// Nothing: the call ends as `known_` says.
Task<std::optional<LedgerClaim>> OnceExchange::Claim() {
  bool held_elsewhere = false;
  Duration pause = parts_.pauses.first;
  while (context().stopped() == StopReason::kNone) {
    ClaimResult result = co_await parts_.ledger.Claim(call_.key, call_.content, context());
    if (auto* const claim = std::get_if<LedgerClaim>(&result)) {
      if (context().stopped() == StopReason::kNone) co_return std::move(*claim);
      co_await parts_.ledger.Forget(*claim);
      held_elsewhere = false;
      break;
    }
    if (auto end = EndWithoutClaim(result, held_elsewhere)) {
      Know(*std::move(end));
      if (IsWorthAsking()) co_await Ask();
      co_return std::nullopt;
    }
    if (!std::holds_alternative<LedgerRunning>(result)) break;
    held_elsewhere = true;
    co_await Pause(pause);
  }
  Know(StoppedBeforeSending(held_elsewhere));
  co_return std::nullopt;
}

std::optional<CreateEnd> OnceExchange::EndWithoutClaim(const ClaimResult& result, bool held_elsewhere) {
  const Upstream upstream = call_.upstream;
  if (const auto* ended = std::get_if<LedgerEnded>(&result)) {
    ++parts_.counts.replayed;
    return ReadEnding(call_.method, upstream, ended->ending);
  }
  if (std::holds_alternative<LedgerDied>(result)) {
    ++parts_.counts.replayed;
    return UnknownEnd(upstream, "the gateway that ran it died");
  }
  if (std::holds_alternative<LedgerOtherContent>(result)) {
    ++parts_.counts.other_content;
    return Fails(RequestIdReused(upstream));
  }
  if (std::holds_alternative<LedgerFull>(result)) {
    ++parts_.counts.full;
    return Fails(MakeError(upstream, absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                           Outcome::kNotSent, Phase::kQueue, "the ledger of requests is full"));
  }
  const auto* const unreachable = std::get_if<LedgerUnreachable>(&result);
  if (unreachable == nullptr || context().stopped() != StopReason::kNone) return std::nullopt;
  ++parts_.counts.unreachable;
  if (held_elsewhere) {
    return UnknownEnd(upstream, "another gateway runs it, and the ledger of requests is out of reach");
  }
  return Fails(MakeError(upstream, absl::StatusCode::kUnavailable, Reason::kLedgerUnavailable,
                         Outcome::kNotSent, Phase::kQueue,
                         "the ledger of requests is out of reach: " + unreachable->detail));
}

CreateEnd OnceExchange::StoppedBeforeSending(bool held_elsewhere) const {
  return Stopped(
      call_.upstream, context().stopped(), Phase::kQueue, held_elsewhere,
      held_elsewhere ? "another gateway runs the call with this request_id" : "it ended before it was sent");
}

Task<void> OnceExchange::Carry(const Keeper* keeper) {
  was_sent_ = true;
  ++parts_.counts.sent;
  SendResult result = co_await call_.create->transport().Send(call_.create->request(), context());
  CreateEnd end = call_.create->Read(result);
  const bool by_lease = keeper != nullptr && keeper->IsOver() && OutcomeOf(end) == Outcome::kNotSent &&
                        end.error->reason == Reason::kDeadline && context().stopped() == StopReason::kNone;
  if (by_lease) {
    end = Fails(MakeError(call_.upstream, absl::StatusCode::kUnavailable, Reason::kLedgerUnavailable,
                          Outcome::kNotSent, Phase::kQueue,
                          "the ledger of requests was out of reach before the call was sent"));
  }
  Know(std::move(end));
  if (IsWorthAsking()) co_await Ask();
}

// The id of what should be created is taken.
bool OnceExchange::IsTaken() const {
  return known_->error && known_->error->code == absl::StatusCode::kAlreadyExists;
}

bool OnceExchange::IsWorthAsking() const {
  return !abandoned_ && (OutcomeOf(*known_) == Outcome::kUnknown || IsTaken());
}

// What was created and is still there makes an unknown end a known one. A question that fails changes
// nothing.
Task<void> OnceExchange::Ask() {
  const bool taken = IsTaken();
  const HttpRequest* const question = call_.create->question();
  if (question == nullptr) co_return;
  CallContext asking(parts_.clock.Now() + parts_.question_time);
  asking.set_caller(context().caller());
  question_ = &asking;
  LoopTimer timer(parts_.loop.get_executor(), asking.deadline());
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto alive = weak.lock();
    if (!error && alive && alive->question_ != nullptr) alive->question_->Stop(StopReason::kDeadline);
  });
  SendResult result = co_await call_.create->transport().Send(*question, asking);
  question_ = nullptr;
  CreateEnd there;
  switch (call_.create->ReadQuestion(result, there)) {
    case OnceCreate::Found::kThere:
      ++parts_.counts.found;
      there.replayed = true;
      Know(std::move(there));
      break;
    case OnceCreate::Found::kAbsent:
      // Its id was taken, and now it is gone: it was there.
      if (taken) Know(UnknownEnd(call_.upstream, "it was there, and is gone"));
      break;
    case OnceCreate::Found::kNotKnown:
      break;
  }
}

void OnceExchange::Abandon() {
  abandoned_ = true;
  SharedExchange::Abandon();
  if (question_ != nullptr) question_->Stop(StopReason::kDeadline);
}

Task<LedgerWrite> OnceExchange::Write(const LedgerClaim& claim, const std::string& record) {
  return record.empty() ? parts_.ledger.Forget(claim) : parts_.ledger.Remember(claim, record);
}

// Who waits is told a remembered end at once. One that is forgotten is told when the key is free, so that a
// repeat, here or at another gateway, begins anew.
Task<void> OnceExchange::Settle(const LedgerClaim& claim) {
  const bool remembered = IsRemembered(*known_);
  const std::string record = remembered ? EndingRecord(call_.method, *known_) : std::string();
  if (remembered) End();
  const LedgerWrite written = co_await Write(claim, record);
  ++(remembered ? parts_.counts.remembered : parts_.counts.forgotten);
  if (!remembered) {
    if (written != LedgerWrite::kUnreachable) parts_.on_over(*this);
    End();
  }
  if (written == LedgerWrite::kUnreachable) co_await SettleAgain(claim, record);
  if (written == LedgerWrite::kLost) ++parts_.counts.lost;
}

Task<void> OnceExchange::SettleAgain(const LedgerClaim& claim, const std::string& record) {
  Duration pause = parts_.pauses.first;
  for (int i = 1; i < kWritesMax; ++i) {
    LoopTimer timer(parts_.loop.get_executor(), pause);
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(kUseTask, ignored));
    pause = std::min(pause * 2, parts_.pauses.longest);
    const LedgerWrite written = co_await Write(claim, record);
    if (written == LedgerWrite::kDone) co_return;
    if (written == LedgerWrite::kLost) break;
  }
  ++parts_.counts.lost;
}

// Or until all have left.
Task<void> OnceExchange::Pause(Duration& pause) {
  LoopTimer timer(parts_.loop.get_executor(), pause);
  pause = std::min(pause * 2, parts_.pauses.longest);
  if (context().stopped() != StopReason::kNone) co_return;
  StopGuard guard(context(), [&timer] { timer.cancel(); });
  boost::system::error_code ignored;
  co_await timer.async_wait(boost::asio::redirect_error(kUseTask, ignored));
}

CreateEnd OnceExchange::Told(StopReason reason, std::optional<SendResult> known) const {
  if (known_) return *known_;
  if (known) return call_.create->Read(*known);
  return Stopped(call_.upstream, reason, Phase::kWait, true, "the create goes on for another caller");
}

// Those who have left wait for no more than this.
void OnceExchange::Know(CreateEnd known) {
  known_ = std::move(known);
  WakeLeaving();
}

void OnceExchange::End() {
  is_final_ = true;
  AnnounceEnd();
}

}  // namespace session_gateway
