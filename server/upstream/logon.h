// The log-on of one user at one endpoint: made by the first call that needs it, shared by all, renewed ahead
// of its end, replaced when the upstream no longer takes it.
//
//   none → logging on → held → (half its lifetime) held, renewed in the background → held …
//
// At most one log-on of a user is under way. It runs as a coroutine of its own with its own deadline, and
// belongs to no caller: one that stops waiting is freed at once, and the log-on goes on. A renewal that fails
// in whatever way is followed by a log-on; while the held state lives, calls go on with it. Cookies and
// token are replaced together. Thread rule: loop thread only. Never here: creates, which request logs on
// (LogonProtocol), whose call it is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "server/clock.h"
#include "server/config.h"
#include "server/upstream/credentials.h"
#include "server/upstream/logon_answer.h"
#include "server/upstream/logon_lockouts.h"
#include "server/upstream/logon_protocol.h"

namespace session_gateway {

// What the log-ons of one endpoint share. Everything that it refers to outlives Close.
struct LogonParts {
  LogonParts(const LoopExecutor& loop_executor, LogonProtocol& the_protocol, Transport& the_engine,
             const Clock& the_clock, const LogonLimits& the_limits, std::optional<Duration> the_lifetime)
      : executor(loop_executor),
        protocol(the_protocol),
        engine(the_engine),
        clock(the_clock),
        limits(the_limits),
        lifetime(the_lifetime),
        lockouts(the_limits) {}

  const LoopExecutor executor;
  LogonProtocol& protocol;
  Transport& engine;
  const Clock& clock;
  const LogonLimits limits;
  const std::optional<Duration> lifetime;  // unset: a log-on lasts until the upstream says otherwise
  LogonLockouts lockouts;
  std::uint64_t generation = 0;  // of the newest state; no two states of an endpoint share one
};

// A state to send with.
struct HeldLogon {
  std::shared_ptr<const LogonState> state;
  LogonStamp stamp;
  std::shared_ptr<const LogonState> previous;  // held before it, if any: an upstream may still speak of it
};
using LogonResult = std::variant<HeldLogon, SendFailure>;

class Logon : public std::enable_shared_from_this<Logon> {
 public:
  Logon(std::shared_ptr<LogonParts> parts, std::string user_key)
      : parts_(std::move(parts)), user_key_(std::move(user_key)) {}

  // The held state, or the end of a log-on. The Logon outlives the task.
  Task<LogonResult> Get(LogonIdentity identity, CallContext& context);

  // The upstream no longer takes the state with that stamp. True: Get gives another, or makes one. False: it
  // is younger than renew_min_age, so that another log-on would not help and would be the next of many.
  bool GiveUp(const LogonStamp& stamp, const LogonIdentity& identity);

  // The answer to a create showed a log-on page: the state is not used again. Within renew_min_age that
  // happens once.
  void MarkStale(const LogonStamp& stamp);

  // The same log-on with other cookies; without any it is over.
  void Update(const LogonStamp& stamp, LogonState state);

  // What the state with that stamp is, if it is still held.
  std::shared_ptr<const LogonState> Find(const LogonStamp& stamp) const;

  bool running() const { return attempt_ != nullptr; }
  bool has_state() const { return held_.has_value(); }

  // Breaks off what is under way. No Get follows.
  void Close();

 private:
  struct Attempt;
  using Self = std::shared_ptr<Logon>;

  static Task<void> Run(Self self, std::shared_ptr<Attempt> attempt);
  static Task<LogonOutcome> Exchange(Self self, std::shared_ptr<Attempt> attempt, HttpRequest request);
  void Start(const LogonIdentity& identity);
  void Finish(Attempt& attempt, LogonOutcome outcome);
  std::optional<HttpRequest> RenewalFor(const LogonIdentity& identity) const;
  bool IsUsable(const LogonIdentity& identity, TimePoint now) const;
  bool IsAlive(TimePoint now) const;
  void RenewWhenDue(const LogonIdentity& identity, TimePoint now);

  const std::shared_ptr<LogonParts> parts_;
  const std::string user_key_;
  std::optional<HeldLogon> held_;
  Secret credential_;       // that the held state was made with
  bool stale_ = false;      // the held state is not used again
  TimePoint next_renewal_;  // none is tried before, after one that failed
  TimePoint next_early_;    // before it no young state is marked as stale
  std::shared_ptr<Attempt> attempt_;
  bool closed_ = false;
};

}  // namespace session_gateway
