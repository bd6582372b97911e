// The log-ons of one endpoint, one for each user: at most limits.identities, the least recently used goes.
//
// Keyed by a keyed hash of the user, with a key that is made when the program starts, so that no name or
// password lies about as a map's key. One that is under way never goes; those that hold nothing go first. A
// refused log-on leaves no trace here (LogonLockouts remembers it), so users that do not exist displace none
// that do for longer than their log-on takes. Thread rule: loop thread only. Never here: sending.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "server/keyed_hash.h"
#include "server/upstream/logon.h"

namespace session_gateway {

using LogonKey = KeyedHash;

class LogonCache {
 public:
  LogonCache(std::shared_ptr<LogonParts> parts, LogonKey key)
      : parts_(std::move(parts)), key_(std::move(key)) {}
  ~LogonCache() { Close(); }
  LogonCache(const LogonCache&) = delete;
  LogonCache& operator=(const LogonCache&) = delete;

  // The log-on of that user; nullptr when there is no room, for all that are kept are under way.
  std::shared_ptr<Logon> Obtain(const LogonIdentity& identity);
  // The same, but none is made.
  std::shared_ptr<Logon> Find(const LogonIdentity& identity) const;

  // A password was changed: refusals of the old one say nothing any more.
  void ForgetLockouts() { parts_->lockouts.Clear(); }
  void Close();
  std::size_t size() const { return entries_.size(); }

 private:
  using Entry = std::pair<std::string, std::shared_ptr<Logon>>;
  using Order = std::list<Entry>;  // the most recently used first
  bool MakeRoom();

  const std::shared_ptr<LogonParts> parts_;
  const LogonKey key_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> entries_;
};

}  // namespace session_gateway
