#include "server/upstream/logon_lockouts.h"

#include <algorithm>
#include <tuple>

namespace session_gateway {

std::optional<Duration> LogonLockouts::Remaining(const std::string& user_key, TimePoint now) const {
  const auto found = entries_.find(user_key);
  if (found == entries_.end() || now >= found->second.until) return std::nullopt;
  return found->second.until - now;
}

void LogonLockouts::NoteRefusal(const std::string& user_key, TimePoint now) {
  const auto found = entries_.find(user_key);
  Duration length = limits_.lockout_min;
  if (found != entries_.end() && !IsOver(found->second, now)) length = found->second.length * 2;
  if (found == entries_.end()) MakeRoom(now);
  length = std::min<Duration>(length, limits_.lockout_max);
  entries_[user_key] = {length, now + length};
}

void LogonLockouts::MakeRoom(TimePoint now) {
  const std::size_t max = limits_.identities * kLockoutsPerIdentity;
  if (entries_.size() < max) return;
  std::erase_if(entries_, [&](const auto& entry) { return IsOver(entry.second, now); });
  if (entries_.empty() || entries_.size() < max) return;
  entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.length, a.second.until) < std::tie(b.second.length, b.second.until);
  }));
}

}  // namespace session_gateway
