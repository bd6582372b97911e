#include "server/upstream/logon.h"

#include <openssl/crypto.h>

#include <boost/asio/co_spawn.hpp>
#include <list>
#include <utility>

#include "server/upstream/loop_event.h"

namespace session_gateway {
namespace {

SendFailure NotTriedAgain(Duration remaining) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(remaining).count();
  return {FailureKind::kLogonRefused, Phase::kLogon, false,
          "an earlier log-on was refused; the next is not tried for another " + std::to_string(seconds) +
              " s, so that the account is not locked"};
}

SendFailure GivenUp() {
  return {FailureKind::kUnreachable, Phase::kLogon, false, "the log-on was given up: the gateway ends"};
}

SendFailure StoppedWaiting(const CallContext& context) {
  if (context.stopped() == StopReason::kCancelled) {
    return {FailureKind::kCancelled, Phase::kLogon, false, "the caller left during the log-on"};
  }
  return {FailureKind::kDeadline, Phase::kLogon, false, "the deadline came during the log-on"};
}

// In a time that tells nothing about where they differ.
bool Same(const Secret& a, const Secret& b) {
  const std::string& x = a.Reveal();
  const std::string& y = b.Reveal();
  return x.size() == y.size() && CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

// A renewal replaces everything that a log-on gave. One that leaves a part out has not done so.
bool Replaces(const LogonState& state, const LogonState& old) {
  return state.cookies.size() >= old.cookies.size() && (old.token.empty() || !state.token.empty());
}

// Ends an exchange when its time has come. The context may be gone by then.
void StopAt(LoopTimer& timer, TimePoint deadline, const std::shared_ptr<CallContext>& context) {
  timer.expires_at(deadline);
  timer.async_wait([weak = std::weak_ptr<CallContext>(context)](const boost::system::error_code& error) {
    const auto alive = weak.lock();
    if (alive && !error) alive->Stop(StopReason::kDeadline);
  });
}

}  // namespace

// A log-on under way, and who waits for it.
struct Logon::Attempt {
  Attempt(LogonIdentity the_identity, std::uint64_t the_clears)
      : identity(std::move(the_identity)), clears(the_clears) {}

  const LogonIdentity identity;
  const std::uint64_t clears;             // of the lockouts, when it began
  std::shared_ptr<CallContext> exchange;  // of the request under way
  std::list<LoopEvent> waiting;
  std::optional<LogonResult> result;  // once it has ended
};

Task<LogonResult> Logon::Get(LogonIdentity identity, CallContext& context) {
  for (;;) {
    const TimePoint now = parts_->clock.Now();
    if (context.stopped() != StopReason::kNone || now >= context.deadline()) {
      co_return StoppedWaiting(context);
    }
    if (IsUsable(identity, now)) {
      RenewWhenDue(identity, now);
      co_return *held_;
    }
    if (closed_) co_return GivenUp();
    if (!attempt_) {
      if (const auto remaining = parts_->lockouts.Remaining(user_key_, now)) {
        co_return NotTriedAgain(*remaining);
      }
      Start(identity);
    }
    const std::shared_ptr<Attempt> attempt = attempt_;
    const auto own = attempt->waiting.emplace(attempt->waiting.end(), parts_->executor);
    {
      StopGuard guard(context, [waiter = &*own] { waiter->Announce(); });
      co_await own->Wait();
    }
    attempt->waiting.erase(own);
    if (context.stopped() != StopReason::kNone) co_return StoppedWaiting(context);
    // What came of another password of the same user says nothing about this one.
    if (Same(attempt->identity.credential, identity.credential)) co_return *attempt->result;
  }
}

bool Logon::IsAlive(TimePoint now) const {
  return held_ && !stale_ && (!parts_->lifetime || now < held_->stamp.made + *parts_->lifetime);
}

bool Logon::IsUsable(const LogonIdentity& identity, TimePoint now) const {
  return IsAlive(now) && Same(credential_, identity.credential);
}

void Logon::RenewWhenDue(const LogonIdentity& identity, TimePoint now) {
  if (!parts_->lifetime || now < held_->stamp.made + *parts_->lifetime / 2) return;
  if (attempt_ || closed_ || now < next_renewal_ || parts_->lockouts.Remaining(user_key_, now)) return;
  Start(identity);
}

bool Logon::GiveUp(const LogonStamp& stamp, const LogonIdentity& identity) {
  const bool is_held = held_ && held_->stamp.generation == stamp.generation;
  const bool is_replaced = held_ && !is_held && Same(credential_, identity.credential);
  // One that is under way is waited for, whatever the age: a renewal ends the state that it replaces.
  const bool is_under_way = attempt_ && Same(attempt_->identity.credential, identity.credential);
  if (is_held && is_under_way) stale_ = true;
  if (is_replaced || is_under_way) return true;
  if (parts_->clock.Now() - stamp.made < parts_->limits.renew_min_age) return false;
  if (is_held) stale_ = true;
  return true;
}

void Logon::MarkStale(const LogonStamp& stamp) {
  if (!held_ || held_->stamp.generation != stamp.generation || stale_) return;
  const TimePoint now = parts_->clock.Now();
  const bool is_young = now - stamp.made < parts_->limits.renew_min_age;
  if (is_young && now < next_early_) return;
  if (is_young) next_early_ = now + parts_->limits.renew_min_age;
  stale_ = true;
}

void Logon::Update(const LogonStamp& stamp, LogonState state) {
  if (!held_ || held_->stamp.generation != stamp.generation) return;
  if (state.cookies.empty()) return MarkStale(stamp);
  held_->previous = std::exchange(held_->state, std::make_shared<const LogonState>(std::move(state)));
}

std::shared_ptr<const LogonState> Logon::Find(const LogonStamp& stamp) const {
  if (!held_ || held_->stamp.generation != stamp.generation) return nullptr;
  return held_->state;
}

void Logon::Close() {
  closed_ = true;
  if (attempt_ && attempt_->exchange) attempt_->exchange->Stop(StopReason::kCancelled);
}

void Logon::Start(const LogonIdentity& identity) {
  attempt_ = std::make_shared<Attempt>(identity, parts_->lockouts.clears());
  boost::asio::co_spawn(parts_->executor, Run(shared_from_this(), attempt_),
                        [self = shared_from_this(), attempt = attempt_](const std::exception_ptr& error) {
                          if (error) self->Finish(*attempt, GivenUp());
                        });
}

// Only what is held with the same password can be renewed, and only while it lives.
std::optional<HttpRequest> Logon::RenewalFor(const LogonIdentity& identity) const {
  if (!parts_->lifetime || !IsUsable(identity, parts_->clock.Now())) return std::nullopt;
  return parts_->protocol.RenewRequest(*held_->state);
}

// The engine, the protocol and the clock may be gone once it is closed: nothing of them is used then.
Task<void> Logon::Run(Self self, std::shared_ptr<Attempt> attempt) {
  LogonOutcome outcome = GivenUp();
  bool is_renewed = false;
  std::optional<HttpRequest> renewal;
  if (!self->closed_) renewal = self->RenewalFor(attempt->identity);
  if (renewal) {
    const std::shared_ptr<const LogonState> old = self->held_->state;
    outcome = co_await Exchange(self, attempt, *std::move(renewal));
    const auto* state = std::get_if<LogonState>(&outcome);
    is_renewed = state != nullptr && Replaces(*state, *old);
  }
  if (!is_renewed && !self->closed_) {
    HttpRequest request = self->parts_->protocol.LogonRequest(attempt->identity);
    outcome = co_await Exchange(self, attempt, std::move(request));
  }
  self->Finish(*attempt, std::move(outcome));
}

Task<LogonOutcome> Logon::Exchange(Self self, std::shared_ptr<Attempt> attempt, HttpRequest request) {
  const TimePoint deadline = self->parts_->clock.Now() + self->parts_->limits.timeout;
  const auto context = std::make_shared<CallContext>(deadline);
  LoopTimer timer(self->parts_->executor);
  StopAt(timer, deadline, context);
  attempt->exchange = context;
  SendResult result = co_await self->parts_->engine.Send(request, *context);
  attempt->exchange = nullptr;
  if (self->closed_) co_return GivenUp();
  co_return ReadLogonAnswer(result, self->parts_->protocol);
}

void Logon::Finish(Attempt& attempt, LogonOutcome outcome) {
  if (auto* state = std::get_if<LogonState>(&outcome); state != nullptr && !closed_) {
    const LogonStamp stamp{++parts_->generation, parts_->clock.Now()};
    held_ = HeldLogon{std::make_shared<const LogonState>(std::move(*state)), stamp,
                      held_ ? held_->state : nullptr};
    credential_ = attempt.identity.credential;
    stale_ = false;
    parts_->lockouts.Forget(user_key_);
    attempt.result = *held_;
  } else {
    const auto* failure = std::get_if<SendFailure>(&outcome);
    attempt.result = failure != nullptr ? *failure : GivenUp();
    if (!closed_) {
      const TimePoint now = parts_->clock.Now();
      next_renewal_ = now + parts_->limits.renew_min_age;
      const bool is_refused = failure != nullptr && failure->kind == FailureKind::kLogonRefused;
      if (is_refused && attempt.clears == parts_->lockouts.clears()) {
        parts_->lockouts.NoteRefusal(user_key_, now);
      }
    }
  }
  attempt_.reset();
  for (LoopEvent& waiter : attempt.waiting) waiter.Announce();
}

}  // namespace session_gateway
