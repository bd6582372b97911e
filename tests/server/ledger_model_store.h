// The one store that the gateways of the model share: records by the rules of ledger_rules.h, with leases by
// its own clock, retention, a second server behind it, and all that may be wrong with a store.
//
// Thread rule: one thread. Never here: how a gateway reaches it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "tests/server/ledger_rules.h"
#include "tests/server/virtual_time.h"

namespace session_gateway {

inline constexpr Duration kModelLease = std::chrono::seconds(15);
inline constexpr Duration kModelRetention = std::chrono::seconds(60);

// What is broken on purpose, to see that the model finds it.
enum class Sabotage {
  kNothing,
  kFencing,         // who held a claim once may still end it, whoever holds it now
  kLateHolder,      // a holder sends although its lease is over
  kDeadIsFree,      // a dead entry is claimed anew
  kNeverRenewed,    // claims are not renewed
  kRenewedInWords,  // claims are not renewed, and their holders do not know
  kEndingsDropped,  // what has ended is free at once
  kUnknownIsFree,   // what has ended unknown is free at once
};

struct StoreRequest {
  enum class Kind { kClaim, kRenew, kRemember, kForget, kGiveBack };
  Kind kind = Kind::kClaim;
  std::string key;
  std::uint64_t token = 0;
  std::uint64_t holder = 0;
  std::uint8_t content = 0;
  bool holds = false;  // by the clock of the holder
  std::string ending = {};
};

struct StoreReply {
  enum class What { kClaimed, kOther, kEnded, kDied, kRunning, kDone, kLost, kFull, kReadOnly };
  What what = What::kLost;
  std::uint64_t token = 0;
  std::string ending = {};
  bool is_anew = false;  // a holder wrote what the store had lost
};

class ModelStore {
 public:
  struct Entry {
    LedgerRecord record;
    std::uint64_t holder = 0;
    TimePoint lease_end;
    TimePoint kept_until;
  };
  // Who watches the store.
  struct Watch {
    std::function<void(const std::string& key)> forgotten;  // its retention is over
    std::function<void(const std::string& key)> lost;       // by a failure
    std::function<void(const std::string& key, const Entry& entry)> remembered;
    std::function<void(const std::string& key, const Entry& entry)> lapsed;  // its lease
    std::function<void(const StoreRequest& request, const StoreReply& reply)> ran;
  };

  ModelStore(const Clock& clock, Sabotage sabotage, Watch watch)
      : clock_(clock), sabotage_(sabotage), watch_(std::move(watch)) {}

  StoreReply Run(const StoreRequest& request);
  // Ends leases and retentions.
  void OnTime();

  void set_full(bool full) { is_full_ = full; }
  void set_read_only(bool read_only) { is_read_only_ = read_only; }
  void RestartEmpty();
  // The server behind it takes over what is there now, and one day takes its place.
  void Replicate() { replica_ = entries_; }
  void FailOver();

  const std::map<std::string, Entry>& entries() const { return entries_; }
  const Entry* Find(const std::string& key) const;

 private:
  StoreReply Claim(const StoreRequest& request, Entry& entry);
  bool Write(const StoreRequest& request, Entry& entry);

  const Clock& clock_;
  const Sabotage sabotage_;
  const Watch watch_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Entry> replica_;
  std::uint64_t newest_token_ = 0;
  bool is_full_ = false;
  bool is_read_only_ = false;
};

}  // namespace session_gateway
