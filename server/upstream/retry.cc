#include "server/upstream/retry.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace session_gateway {
namespace {

// Answers of a proxy or of an overloaded server: another attempt may find a better one.
bool IsPassing(int status) { return status == 502 || status == 503 || status == 504; }

}  // namespace

void RetryBudget::Put(std::int64_t tokens) {
  tokens_ = std::min(tokens_ + tokens, std::int64_t{kRepeatsSavedMax} * kRepeat);
}

bool RetryBudget::Take(TimePoint now) {
  constexpr auto kTokenTime = std::chrono::microseconds(1'000'000 / (kRepeatsPerSecondMin * kRepeat));
  if (now > filled_) {
    // What is left of a token's time counts the next time.
    const std::int64_t earned = (now - filled_) / kTokenTime;
    filled_ += earned * kTokenTime;
    Put(std::min<std::int64_t>(earned, std::int64_t{kRepeatsSavedMax} * kRepeat));
  }
  if (tokens_ < kRepeat) return false;
  tokens_ -= kRepeat;
  return true;
}

Retry::Retry(const LoopExecutor& executor, const RetryLimits& limits, const Clock& clock, Random& random,
             GoesElsewhere goes_elsewhere, Transport& next)
    : executor_(executor),
      limits_(limits),
      clock_(clock),
      random_(random),
      goes_elsewhere_(std::move(goes_elsewhere)),
      next_(next),
      budget_(limits.budget_percent, clock.Now()) {}

Task<SendResult> Retry::Send(const HttpRequest& request, CallContext& context) {
  budget_.NoteCall();
  bool was_elsewhere = false;
  int backoffs = 0;
  for (int attempt = 1;; ++attempt) {
    SendResult result = co_await next_.Send(request, context);
    if (attempt >= limits_.attempts || !MayRepeat(request, result, context)) co_return result;
    // What is wrong with one endpoint says nothing about the next; after that something else is wrong.
    const bool at_once = !was_elsewhere && goes_elsewhere_(context);
    const TimePoint now = clock_.Now();
    const TimePoint next_attempt = at_once ? now : now + Backoff(backoffs++);
    if (next_attempt >= context.deadline() || !budget_.Take(now)) co_return result;
    was_elsewhere = was_elsewhere || at_once;
    if (next_attempt > now) {
      co_await Wait(next_attempt, context);
      if (context.stopped() != StopReason::kNone) co_return result;
    }
  }
}

bool Retry::MayRepeat(const HttpRequest& request, const SendResult& result,
                      const CallContext& context) const {
  if (request.repeat == Repeat::kNever || context.stopped() != StopReason::kNone) return false;
  const bool is_safe = request.repeat == Repeat::kSafe;
  if (const auto* reply = std::get_if<HttpReply>(&result)) return is_safe && IsPassing(reply->status);
  const SendFailure& failure = std::get<SendFailure>(result);
  if (failure.kind != FailureKind::kUnreachable && failure.kind != FailureKind::kLost) return false;
  if (failure.refused_before || (failure.sent && !is_safe)) return false;
  // A log-on has its own time and its own waiting; again at the same endpoint would be one more of many.
  return failure.phase != Phase::kLogon || goes_elsewhere_(context);
}

// Full jitter: calls that failed together do not come back together.
Duration Retry::Backoff(int earlier_backoffs) {
  std::chrono::milliseconds bound = limits_.backoff_min;
  for (int i = 0; i < earlier_backoffs && bound < limits_.backoff_max; ++i) bound *= 2;
  bound = std::min(bound, limits_.backoff_max);
  const double share = static_cast<double>(random_.Next()) / 4294967296.0;
  return std::chrono::duration_cast<Duration>(bound * share);
}

Task<void> Retry::Wait(TimePoint end, CallContext& context) {
  LoopTimer timer(executor_);
  timer.expires_at(end);
  StopGuard guard(context, [&timer] { timer.cancel(); });
  boost::system::error_code ignored;
  co_await timer.async_wait(boost::asio::redirect_error(kUseTask, ignored));
}

}  // namespace session_gateway
