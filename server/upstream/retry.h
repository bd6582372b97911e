// Makes a call again that was not sent, and one that changes nothing also when its end is not known: with
// full jitter, at most so many times, for a share of the recent calls only, and never past the deadline.
//
// Whether a call may be repeated is said by its request. What one attempt ended with is forgotten when
// another is made: the call ends with what the last one ended with. Thread rule: loop thread only. Never
// here: a repeat after a refusal, after a deadline or of a log-on; which endpoint comes next.
#pragma once

#include <cstdint>
#include <functional>

#include "server/clock.h"
#include "server/random.h"
#include "server/upstream/stack_limits.h"
#include "server/upstream/transport.h"

namespace session_gateway {

// Repeats that a quiet gateway may make, whatever share of its calls they are.
inline constexpr int kRepeatsPerSecondMin = 10;
// What is saved up of the budget: the repeats that may come all at once.
inline constexpr int kRepeatsSavedMax = 100;

// A token bucket. Every call puts a share of a repeat in, and so does time; a repeat takes one out.
class RetryBudget {
 public:
  // Full at first.
  RetryBudget(int percent, TimePoint now) : percent_(percent), filled_(now) {}

  void NoteCall() { Put(percent_); }
  bool Take(TimePoint now);

 private:
  static constexpr std::int64_t kRepeat = 100;  // so that a call puts its percent in
  void Put(std::int64_t tokens);

  const int percent_;
  std::int64_t tokens_ = kRepeatsSavedMax * kRepeat;
  TimePoint filled_;
};

class Retry final : public Transport {
 public:
  // Whether another attempt of the call would go to an endpoint that it has not tried.
  using GoesElsewhere = std::function<bool(const CallContext& context)>;

  // Clock, random numbers and `next` outlive it.
  Retry(const LoopExecutor& executor, const RetryLimits& limits, const Clock& clock, Random& random,
        GoesElsewhere goes_elsewhere, Transport& next);

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override;

 private:
  bool MayRepeat(const HttpRequest& request, const SendResult& result, const CallContext& context) const;
  Duration Backoff(int earlier_backoffs);
  Task<void> Wait(TimePoint end, CallContext& context);

  const LoopExecutor executor_;
  const RetryLimits limits_;
  const Clock& clock_;
  Random& random_;
  const GoesElsewhere goes_elsewhere_;
  Transport& next_;
  RetryBudget budget_;
};

}  // namespace session_gateway
