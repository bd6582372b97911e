#include "server/once.h"

#include <utility>

#include "server/once_ends.h"

namespace session_gateway {

Once::Once(Exchanges& exchanges, const Clock& clock, Ledger& ledger, OncePauses pauses)
    : exchanges_(exchanges),
      parts_{.loop = exchanges.loop(),
             .clock = clock,
             .ledger = ledger,
             .pauses = pauses,
             .question_time = exchanges.linger(),
             .counts = {},
             .on_over = [this](const OnceExchange& exchange) {
               const auto found = running_.find(exchange.key());
               if (found != running_.end() && found->second.get() == &exchange) running_.erase(found);
             }} {}

Task<CreateEnd> Once::Run(OnceCall call, CallContext& caller, std::function<LateEnd()> make_late_end) {
  const Upstream upstream = call.upstream;
  for (;;) {
    const auto found = running_.find(call.key);
    const bool is_own = found == running_.end();
    std::shared_ptr<OnceExchange> once;
    if (is_own) {
      once = std::make_shared<OnceExchange>(parts_, caller.caller(), std::move(call));
      running_.emplace(once->key(), once);
    } else {
      once = found->second;
      if (once->content() != call.content) {
        ++parts_.counts.other_content;
        co_return ReusedEnd(upstream);
      }
      ++parts_.counts.joined;
    }
    const std::shared_ptr<SharedExchange> exchange = once;
    const auto make_late_call = LateCallOf(once, make_late_end);
    Exchanges::Waited waited = co_await exchanges_.Wait(exchange, caller, make_late_call);
    if (!waited.ended) {
      CreateEnd told = once->Told(caller.stopped(), std::move(waited.known));
      told.replayed = told.replayed || !is_own;
      co_return told;
    }
    if (is_own) co_return *once->end();
    const bool is_for_others = once->ended_for_lack_of_callers();
    if (is_for_others && caller.stopped() != StopReason::kNone) co_return *once->end();
    const auto still = running_.find(once->key());
    const bool is_over = still == running_.end() || still->second != once;
    if (!is_for_others) co_return SharedEnd(upstream, *once->end());
    if (!is_over) co_return LedgerUnreachableEnd(upstream, "still holds the key of callers who have left");
  }
}

std::function<Exchanges::LateCall()> Once::LateCallOf(const std::shared_ptr<OnceExchange>& exchange,
                                                      std::function<LateEnd()> make_late_end) const {
  return [weak = std::weak_ptr(exchange), make_late_end = std::move(make_late_end)]() -> Exchanges::LateCall {
    return [weak, late_end = make_late_end()](Duration lingered) {
      const auto ended = weak.lock();
      // One that only asked, or waited for another gateway, left nothing behind.
      if (ended->was_sent() && ended->end() != nullptr)
        late_end(*ended->end(), ended->context().endpoint(), lingered);
    };
  };
}

}  // namespace session_gateway
