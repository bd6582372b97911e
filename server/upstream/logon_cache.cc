#include "server/upstream/logon_cache.h"

namespace session_gateway {

std::shared_ptr<Logon> LogonCache::Find(const LogonIdentity& identity) const {
  const auto found = entries_.find(key_.Hash(identity.user));
  return found == entries_.end() ? nullptr : found->second->second;
}

std::shared_ptr<Logon> LogonCache::Obtain(const LogonIdentity& identity) {
  std::string user_key = key_.Hash(identity.user);
  const auto found = entries_.find(user_key);
  if (found != entries_.end()) {
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }
  if (!MakeRoom()) return nullptr;
  auto logon = std::make_shared<Logon>(parts_, user_key);
  order_.emplace_front(user_key, logon);
  entries_.emplace(std::move(user_key), order_.begin());
  return logon;
}

// True when one more fits.
bool LogonCache::MakeRoom() {
  if (entries_.size() < parts_->limits.identities) return true;
  auto victim = order_.end();
  for (auto entry = order_.begin(); entry != order_.end(); ++entry) {
    if (entry->second->running()) continue;
    victim = entry;
    if (!entry->second->has_state()) break;
  }
  if (victim == order_.end()) return false;
  entries_.erase(victim->first);
  order_.erase(victim);
  return true;
}

void LogonCache::Close() {
  for (const Entry& entry : order_) entry.second->Close();
}

}  // namespace session_gateway
