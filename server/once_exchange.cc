#include "server/once_exchange.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "server/once_ends.h"

namespace session_gateway {
namespace {

// A record that no version understands: a repeat is told that the end is not known.
constexpr char kNoRecord[] = "?";

}  // namespace

OnceExchange::OnceExchange(OnceParts& parts, const Caller& caller, OnceCall call)
    : SharedExchange(parts.loop.get_executor(), caller), parts_(parts), call_(std::move(call)) {}

Task<void> OnceExchange::Run() {
  // Whatever happens, who comes afterwards begins anew.
  struct Over {
    ~Over() { exchange.parts_.on_over(exchange); }
    const OnceExchange& exchange;
  } over{*this};
  std::optional<LedgerClaim> claim = co_await Claim();
  if (!claim) co_return co_await EndUnclaimed();
  std::exception_ptr thrown;
  try {
    co_await RunClaimed(*claim);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (!thrown) co_return;
  // A claim that stayed as it is would let every repeat wait for nothing.
  if (!settles_ && context().may_have_left()) co_await parts_.ledger.Remember(*claim, kNoRecord);
  if (!settles_ && !context().may_have_left()) co_await parts_.ledger.Forget(*claim);
  std::rethrow_exception(thrown);
}

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
    was_recalled_ = true;
    return ReadEnding(call_.method, upstream, ended->ending);
  }
  if (std::holds_alternative<LedgerDied>(result)) {
    was_recalled_ = true;
    return UnknownEnd(upstream, "the gateway that ran it died");
  }
  if (std::holds_alternative<LedgerOtherContent>(result)) {
    ++parts_.counts.other_content;
    return ReusedEnd(upstream);
  }
  if (std::holds_alternative<LedgerFull>(result)) {
    ++parts_.counts.full;
    return LedgerFullEnd(upstream);
  }
  const auto* const unreachable = std::get_if<LedgerUnreachable>(&result);
  if (unreachable == nullptr || context().stopped() != StopReason::kNone) return std::nullopt;
  ++parts_.counts.unreachable;
  if (held_elsewhere) {
    return UnknownEnd(upstream, "another gateway runs it, and the ledger of requests is out of reach");
  }
  return LedgerUnreachableEnd(upstream, "is out of reach: " + unreachable->detail);
}

CreateEnd OnceExchange::StoppedBeforeSending(bool held_elsewhere) {
  ++parts_.counts.left;
  left_before_claim_ = true;
  return StoppedEnd(
      call_.upstream, context().stopped(), Phase::kQueue, held_elsewhere,
      held_elsewhere ? "another gateway runs the call with this request_id" : "it ended before it was sent");
}

// Who waits is told first. What a question has found is for the ledger, too: the row may be gone soon.
Task<void> OnceExchange::EndUnclaimed() {
  if (!left_before_claim_) co_await AskIfUnknown();
  EndWith(*known_);
  if (!was_recalled_) co_return;
  ++(OutcomeOf(*known_) == Outcome::kDone ? parts_.counts.replayed : parts_.counts.still_unknown);
  if (!was_found_) co_return;
  const std::string record = EndingRecord(call_.method, *known_);
  const LedgerWrite written = co_await parts_.ledger.Amend(call_.key, call_.content, record);
  if (written != LedgerWrite::kDone) ++parts_.counts.lost;
}

Task<void> OnceExchange::RunClaimed(const LedgerClaim& claim) {
  const auto held = std::make_shared<OnceClaim>(
      OnceClaim::Parts{parts_.loop, parts_.clock, parts_.ledger, parts_.pauses}, claim,
      [alive = shared_from_this()](TimePoint lease_end) { alive->LimitSending(lease_end); });
  struct Cancelled {
    ~Cancelled() { claim.Cancel(); }
    OnceClaim& claim;
  } cancelled{*held};
  held->Start();
  co_await Carry(*held);
  CountEnd();
  // What is remembered whatever the store says is told without waiting for it.
  if (IsRemembered(*known_)) EndWith(*known_);
  co_await held->Stop();
  co_await Settle(*held);
}

Task<void> OnceExchange::Carry(const OnceClaim& claim) {
  was_sent_ = true;
  ++parts_.counts.sent;
  SendResult result = co_await call_.create->transport().Send(call_.create->request(), context());
  CreateEnd end = call_.create->Read(result);
  const bool by_lease = OutcomeOf(end) == Outcome::kNotSent && end.error->reason == Reason::kDeadline &&
                        context().stopped() == StopReason::kNone && claim.IsOver();
  if (by_lease) end = LedgerUnreachableEnd(call_.upstream, "was out of reach before the call was sent");
  Know(std::move(end));
  co_await AskIfUnknown();
}

// What was created and is still there makes an unknown end a known one. A question that fails changes
// nothing, and so does one that says that nothing is there: what has come to its end is deleted.
Task<void> OnceExchange::AskIfUnknown() {
  const HttpRequest* const request = call_.create->question();
  if (request == nullptr || abandoned_ || OutcomeOf(*known_) != Outcome::kUnknown) co_return;
  ++parts_.counts.asked;
  struct Asked {
    ~Asked() { question.reset(); }
    std::optional<OnceQuestion>& question;
  } asked{question_};
  question_.emplace(parts_.loop, parts_.clock.Now() + parts_.question_time, context().caller());
  CreateEnd there;
  switch (co_await question_->Ask(*call_.create, there)) {
    case OnceCreate::Found::kThere:
      ++parts_.counts.found;
      was_found_ = true;
      there.replayed = true;
      Know(std::move(there));
      break;
    case OnceCreate::Found::kAbsent:
      ++parts_.counts.absent;
      break;
    case OnceCreate::Found::kNotKnown:
      break;
  }
}

void OnceExchange::Abandon() {
  abandoned_ = true;
  SharedExchange::Abandon();
  if (question_) question_->Stop();
}

// An end that is forgotten is told when the key is free, so that a repeat, here or at another gateway, begins
// anew.
Task<void> OnceExchange::Settle(OnceClaim& claim) {
  settles_ = true;
  const bool remembered = IsRemembered(*known_);
  const std::string record = remembered ? EndingRecord(call_.method, *known_) : std::string();
  LedgerWrite written = co_await claim.End(record);
  if (!remembered) {
    if (written != LedgerWrite::kUnreachable) parts_.on_over(*this);
    EndWith(*known_);
  }
  if (written == LedgerWrite::kUnreachable) written = co_await claim.EndAgain(record);
  if (written != LedgerWrite::kDone) ++parts_.counts.lost;
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

bool OnceExchange::ended_for_lack_of_callers() const {
  if (left_before_claim_) return true;
  return end_ && !IsRemembered(*end_) && end_->error->reason == Reason::kDeadline;
}

CreateEnd OnceExchange::Told(StopReason reason, std::optional<SendResult> known) const {
  if (known_) return *known_;
  if (known) return call_.create->Read(*known);
  return StoppedEnd(call_.upstream, reason, Phase::kWait, true, "the create goes on for another caller");
}

void OnceExchange::CountEnd() {
  OnceCounts& counts = parts_.counts;
  switch (OutcomeOf(*known_)) {
    case Outcome::kDone:
      ++counts.done;
      break;
    case Outcome::kUnknown:
      ++counts.unknown;
      break;
    case Outcome::kRefused:
      ++counts.refused;
      break;
    case Outcome::kNotSent:
      ++counts.not_sent;
      break;
  }
}

// Those who have left wait for no more than this.
void OnceExchange::Know(CreateEnd known) {
  known_ = std::move(known);
  WakeLeaving();
}

void OnceExchange::EndWith(CreateEnd end) {
  end_ = std::move(end);
  AnnounceEnd();
}

}  // namespace session_gateway
