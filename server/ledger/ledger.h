// The memory of requests: which `request_id` was seen, with what content, and how its create ended. One
// interface, two stores: this process (memory_ledger.h), or Redis for several replicas (redis_ledger.h).
//
//   free --Claim--> running --Remember--> ended --retention is over--> free
//                     |`--Forget (nothing was created)--> free
//                     `--its holder dies: ended, unknown
//
// Whoever claims a key alone may send, and only while the claim is held. An entry is never dropped while it
// runs, nor soon after its end: a create is lost to memory only when nobody can still repeat it by itself.
// Thread rule: loop thread only. Never here: sending, what an ending means, waiting for another's end.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "server/call_context.h"
#include "server/event_loop.h"

namespace session_gateway {

// SHA-256 of what is sent, before credentials.
using ContentHash = std::array<std::uint8_t, 32>;

// The right to send one create. The number grows with every claim of the store: a holder that was thought
// dead cannot overwrite what came after it.
struct LedgerClaim {
  std::string key;
  std::uint64_t fencing_token = 0;
  // Nothing may be sent from this point on unless the claim was renewed; time_point::max() without a lease.
  TimePoint lease_end = TimePoint::max();
  // What was claimed, for a store that may lose its memory and be told again; others leave it empty.
  ContentHash content = {};
};

struct LedgerRunning {};       // somebody else holds the claim: another replica
struct LedgerOtherContent {};  // the key is there with another content
struct LedgerEnded {
  std::string ending;  // as it was given to Remember
};
struct LedgerDied {};  // its holder died in the middle: what it did is not known
struct LedgerFull {};  // no room, and nothing may be dropped
struct LedgerUnreachable {
  std::string detail;  // for people, without secrets
};
using ClaimResult = std::variant<LedgerClaim, LedgerRunning, LedgerOtherContent, LedgerEnded, LedgerDied,
                                 LedgerFull, LedgerUnreachable>;

// What became of an operation of a claim's holder.
enum class LedgerWrite {
  kDone,
  kLost,         // the claim is not held any more
  kUnreachable,  // it is not known whether the store has it
};

class Ledger {
 public:
  virtual ~Ledger() = default;

  // Finds the entry, or claims the key. All that is handed in outlives the task; a stop of `context` ends it
  // as LedgerUnreachable, and a claim that was made all the same is given back.
  virtual Task<ClaimResult> Claim(const std::string& key, const ContentHash& content,
                                  CallContext& context) = 0;
  // Keeps a claim while its create runs; sets a new lease_end.
  virtual Task<LedgerWrite> Renew(LedgerClaim& claim) = 0;
  // The create ended, and how is remembered. `ending` is opaque to the store.
  virtual Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) = 0;
  // Nothing was created: the key is free again.
  virtual Task<LedgerWrite> Forget(const LedgerClaim& claim) = 0;
  // More became known of an entry with that content that has ended, or whose holder died: it is kept with
  // another ending. kLost: there is no such entry, or the store does not change what has ended.
  virtual Task<LedgerWrite> Amend(const std::string&, const ContentHash&, std::string) {
    co_return LedgerWrite::kLost;
  }

  // How often a claim wants to be renewed; Duration::max() without a lease.
  virtual Duration renew_every() const = 0;
  // Breaks off what is under way, so that the loop can run out.
  virtual void Close() = 0;
};

}  // namespace session_gateway
