// Renews a claim that has a lease while its create runs, and says until when something may be sent under it.
//
// Thread rule: loop thread only. Never here: what is sent; ending the claim.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "server/clock.h"
#include "server/ledger/ledger.h"
#include "server/upstream/loop_event.h"

namespace session_gateway {

class ClaimKeeper final : public std::enable_shared_from_this<ClaimKeeper> {
 public:
  // Told of each new end of the lease: nothing may be sent from then on.
  using OnLease = std::function<void(TimePoint lease_end)>;

  struct Parts {
    Loop& loop;
    const Clock& clock;
    Ledger& ledger;
    Duration retry;  // after a renewal of which nothing is known
  };

  // What is handed in outlives it. `on_lease` is called until Stop has returned.
  ClaimKeeper(const Parts& parts, LedgerClaim claim, OnLease on_lease);
  ClaimKeeper(const ClaimKeeper&) = delete;
  ClaimKeeper& operator=(const ClaimKeeper&) = delete;

  void Start();
  // Begins no further renewal.
  void Cancel();
  // The same, and returns once none is under way: then the claim may be ended.
  Task<void> Stop();

  const LedgerClaim& claim() const { return claim_; }
  bool IsOver() const { return parts_.clock.Now() >= claim_.lease_end; }

 private:
  static Task<void> Keep(std::shared_ptr<ClaimKeeper> self);

  const Parts parts_;
  LedgerClaim claim_;
  OnLease on_lease_;
  std::optional<LoopTimer> pause_;
  LoopEvent kept_;  // Keep has returned
  bool keeps_ = false;
  bool stopping_ = false;
};

}  // namespace session_gateway
