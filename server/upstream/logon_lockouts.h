// Which users' log-ons were refused, and for how long none of them is tried again: lockout_min, doubled with
// each refusal in a row up to lockout_max. The upstream counts wrong passwords, too, and locks accounts.
//
// A refusal is forgotten by a success, a changed password, or lockout_max after its end. Bounded: room for
// kLockoutsPerIdentity users for each log-on that is kept. When it is full, the user with the fewest refusals
// in a row goes, the soonest over among equals: to flush a lockout somebody would have to have that many
// other users refused, each with an exchange of its own, and first of all flushes those. Thread rule: loop
// thread only. Never here: users' names (a keyed hash stands for each), sending.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/clock.h"
#include "server/config.h"

namespace session_gateway {

inline constexpr std::size_t kLockoutsPerIdentity = 16;

class LogonLockouts {
 public:
  explicit LogonLockouts(const LogonLimits& limits) : limits_(limits) {}

  // How long no log-on of that user is tried.
  std::optional<Duration> Remaining(const std::string& user_key, TimePoint now) const;
  void NoteRefusal(const std::string& user_key, TimePoint now);
  void Forget(const std::string& user_key) { entries_.erase(user_key); }
  void Clear() { entries_.clear(); }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Duration length = Duration::zero();
    TimePoint until;
  };
  void MakeRoom(TimePoint now);
  bool IsOver(const Entry& entry, TimePoint now) const { return now >= entry.until + limits_.lockout_max; }

  const LogonLimits limits_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace session_gateway
