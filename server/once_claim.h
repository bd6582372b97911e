// A claim in the ledger, from the moment it is made to its end: renewed while its create runs, ended once,
// and again where the store did not take the end.
//
// Thread rule: loop thread only. Never here: what is sent under it, what an end means.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/clock.h"
#include "server/ledger/ledger.h"
#include "server/upstream/loop_event.h"

namespace session_gateway {

// How long to wait before a claim that another replica holds is asked for again, or an end that the store did
// not take is given to it again; doubles.
struct OncePauses {
  Duration first = std::chrono::milliseconds(50);
  Duration longest = std::chrono::milliseconds(500);
};

class OnceClaim final : public std::enable_shared_from_this<OnceClaim> {
 public:
  // Told of each new end of the lease: nothing may be sent from then on.
  using OnLease = std::function<void(TimePoint lease_end)>;

  struct Parts {
    Loop& loop;
    const Clock& clock;
    Ledger& ledger;
    OncePauses pauses;
  };

  // What is handed in outlives it. `on_lease` is called until Stop has returned.
  OnceClaim(const Parts& parts, LedgerClaim claim, OnLease on_lease);
  OnceClaim(const OnceClaim&) = delete;
  OnceClaim& operator=(const OnceClaim&) = delete;

  // Renews from now on, where the ledger's claims have a lease.
  void Start();
  // Begins no further renewal.
  void Cancel();
  // The same, and returns once none is under way: then the claim may be ended.
  Task<void> Stop();
  bool IsOver() const { return parts_.clock.Now() >= claim_.lease_end; }

  // Remembers `record`, or forgets the key when it is empty.
  Task<LedgerWrite> End(std::string record);
  // After an End of which nothing is known: again, a bounded number of times.
  Task<LedgerWrite> EndAgain(std::string record);

 private:
  static Task<void> Keep(std::shared_ptr<OnceClaim> self);

  const Parts parts_;
  LedgerClaim claim_;
  OnLease on_lease_;
  std::optional<LoopTimer> pause_;
  LoopEvent kept_;  // Keep has returned
  bool keeps_ = false;
  bool stopping_ = false;
};

}  // namespace session_gateway
