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
  if (!claim) {
    if (IsWorthAsking()) co_await Ask();
    End();
    // Who waits is told first. The row may be gone soon, so what was found is for the ledger, too.
    if (was_recalled_ && was_found_) co_await Amend();
    co_return;
  }
  std::shared_ptr<ClaimKeeper> keeper;
  std::exception_ptr thrown;
  try {
    keeper = StartKeeper(*claim);
    co_await Carry(keeper.get());
    CountEnd();
    // What is remembered whatever the store says is told without waiting for it.
    if (IsRemembered(*known_)) End();
  } catch (...) {
    thrown = std::current_exception();
  }
  if (keeper) {
    keeper->Cancel();
    co_await keeper->Stop();
    claim = keeper->claim();
  }
  if (!thrown) co_return co_await Settle(*claim);
  // A claim that stayed as it is would let every repeat wait for nothing.
  const std::string record = context().may_have_left() ? kNoRecord : "";
  co_await Write(*claim, record);
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

Task<void> OnceExchange::Amend() {
  const std::string record = EndingRecord(call_.method, *known_);
  const LedgerWrite written = co_await parts_.ledger.Amend(call_.key, call_.content, record);
  if (written != LedgerWrite::kDone) ++parts_.counts.lost;
}

// Null where claims have no lease.
std::shared_ptr<ClaimKeeper> OnceExchange::StartKeeper(const LedgerClaim& claim) {
  if (parts_.ledger.renew_every() == Duration::max()) return nullptr;
  auto keeper = std::make_shared<ClaimKeeper>(
      ClaimKeeper::Parts{parts_.loop, parts_.clock, parts_.ledger, parts_.pauses.longest}, claim,
      [alive = shared_from_this()](TimePoint lease_end) { alive->LimitSending(lease_end); });
  keeper->Start();
  return keeper;
}

Task<void> OnceExchange::Carry(const ClaimKeeper* keeper) {
  was_sent_ = true;
  ++parts_.counts.sent;
  SendResult result = co_await call_.create->transport().Send(call_.create->request(), context());
  CreateEnd end = call_.create->Read(result);
  const bool by_lease = keeper != nullptr && keeper->IsOver() && OutcomeOf(end) == Outcome::kNotSent &&
                        end.error->reason == Reason::kDeadline && context().stopped() == StopReason::kNone;
  if (by_lease) end = LedgerUnreachableEnd(call_.upstream, "was out of reach before the call was sent");
  Know(std::move(end));
  if (IsWorthAsking()) co_await Ask();
}

bool OnceExchange::IsWorthAsking() const {
  return !abandoned_ && !left_before_claim_ && OutcomeOf(*known_) == Outcome::kUnknown;
}

// What was created and is still there makes an unknown end a known one. A question that fails changes
// nothing, and so does one that says that nothing is there: what has come to its end is deleted.
Task<void> OnceExchange::Ask() {
  if (call_.create->question() == nullptr) co_return;
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
  if (settle_pause_) settle_pause_->cancel();
}

Task<LedgerWrite> OnceExchange::Write(const LedgerClaim& claim, const std::string& record) {
  return record.empty() ? parts_.ledger.Forget(claim) : parts_.ledger.Remember(claim, record);
}

// An end that is forgotten is told when the key is free, so that a repeat, here or at another gateway, begins
// anew.
Task<void> OnceExchange::Settle(const LedgerClaim& claim) {
  const bool remembered = IsRemembered(*known_);
  const std::string record = remembered ? EndingRecord(call_.method, *known_) : std::string();
  LedgerWrite written = co_await Write(claim, record);
  if (!remembered) {
    if (written != LedgerWrite::kUnreachable) parts_.on_over(*this);
    End();
  }
  if (written == LedgerWrite::kUnreachable) written = co_await SettleAgain(claim, record);
  if (written != LedgerWrite::kDone) ++parts_.counts.lost;
}

// A bounded number of times, or until it is abandoned.
Task<LedgerWrite> OnceExchange::SettleAgain(const LedgerClaim& claim, const std::string& record) {
  Duration pause = parts_.pauses.first;
  LedgerWrite written = LedgerWrite::kUnreachable;
  for (int i = 1; i < parts_.pauses.writes_max && written == LedgerWrite::kUnreachable && !abandoned_; ++i) {
    settle_pause_.emplace(parts_.loop.get_executor(), pause);
    boost::system::error_code given_up;
    co_await settle_pause_->async_wait(boost::asio::redirect_error(kUseTask, given_up));
    if (given_up) break;
    pause = std::min(pause * 2, parts_.pauses.longest);
    written = co_await Write(claim, record);
  }
  settle_pause_.reset();
  co_return written;
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
  return left_before_claim_ ||
         (is_final_ && !IsRemembered(*known_) && known_->error->reason == Reason::kDeadline);
}

CreateEnd OnceExchange::Told(StopReason reason, std::optional<SendResult> known) const {
  if (known_) return *known_;
  if (known) return call_.create->Read(*known);
  return StoppedEnd(call_.upstream, reason, Phase::kWait, true, "the create goes on for another caller");
}

void OnceExchange::CountEnd() {
  switch (OutcomeOf(*known_)) {
    case Outcome::kDone:
      ++parts_.counts.done;
      break;
    case Outcome::kUnknown:
      ++parts_.counts.unknown;
      break;
    case Outcome::kRefused:
      ++parts_.counts.refused;
      break;
    case Outcome::kNotSent:
      ++parts_.counts.not_sent;
      break;
  }
}

// Those who have left wait for no more than this.
void OnceExchange::Know(CreateEnd known) {
  known_ = std::move(known);
  WakeLeaving();
}

void OnceExchange::End() {
  if (was_recalled_) {
    ++(OutcomeOf(*known_) == Outcome::kDone ? parts_.counts.replayed : parts_.counts.still_unknown);
  }
  is_final_ = true;
  AnnounceEnd();
}

}  // namespace session_gateway
