// The way of one gateway of the model to the store, with what redis_ledger.h does on it: one order of
// operations, a time limit for each, claims that are given back when nobody waits for them any more.
//
// The test decides when a request reaches the store and when its reply comes back, or lets both happen at
// once. Thread rule: one thread. Never here: the rules of the store.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/ledger/ledger.h"
#include "server/upstream/loop_event.h"
#include "tests/server/ledger_model_store.h"

namespace session_gateway {

inline constexpr Duration kModelTimeout = std::chrono::milliseconds(500);

class StoreLink final : public Ledger {
 public:
  StoreLink(Loop& loop, const Clock& clock, ModelStore& store, Sabotage sabotage, std::uint64_t gateway)
      : loop_(loop), clock_(clock), store_(store), sabotage_(sabotage), gateway_(gateway) {}

  Task<ClaimResult> Claim(const std::string& key, const ContentHash& content, CallContext& context) override;
  Task<LedgerWrite> Renew(LedgerClaim& claim) override;
  Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) override;
  Task<LedgerWrite> Forget(const LedgerClaim& claim) override;
  Duration renew_every() const override { return kModelLease / 3; }
  void Close() override {}

  // The next request reaches the store; the next reply comes back.
  bool Serve();
  bool Deliver();
  // Ends the waits whose time is over.
  void OnTime();
  // The connection is lost, with what is on it. The requests that had left are returned: the store may still
  // run them.
  std::vector<StoreRequest> Break();
  void Connect();
  bool is_connected() const { return is_connected_; }
  // Whether requests and replies go at once.
  void set_prompt(bool prompt) { is_prompt_ = prompt; }
  bool is_prompt() const { return is_prompt_; }
  // The gateway is dead: nothing that it does reaches anybody.
  std::vector<StoreRequest> Die();
  // Something went wrong at this time; nothing may be expected of the gateway for a while.
  void NoteTrouble() { trouble_at_ = clock_.Now(); }
  bool IsQuietFor(Duration time) const { return clock_.Now() - trouble_at_ > time; }

  // The claim of what is under way.
  std::optional<std::uint64_t> HeldToken(const std::string& key) const;

 private:
  struct Asked {
    Asked(Loop& loop, const StoreRequest& the_request, TimePoint the_limit)
        : request(the_request), limit(the_limit), ended(loop.get_executor()) {}
    void EndWait() {
      if (!is_waited_for) return;
      is_waited_for = false;
      ended.Announce();
    }
    const StoreRequest request;
    const TimePoint limit;
    bool is_waited_for = true;
    bool is_answered = false;
    std::optional<StoreReply> reply;
    LoopEvent ended;
  };

  // All that is handed in outlives the task.
  Task<std::optional<StoreReply>> Ask(const StoreRequest& request, CallContext* context);
  Task<LedgerWrite> Write(const StoreRequest& request);
  void GiveBack(const StoreRequest& claim);
  bool IsOverdue() const;

  Loop& loop_;
  const Clock& clock_;
  ModelStore& store_;
  const Sabotage sabotage_;
  const std::uint64_t gateway_;
  std::uint64_t claims_ = 0;
  std::deque<std::shared_ptr<Asked>> leaving_;    // on their way to the store
  std::deque<std::shared_ptr<Asked>> returning_;  // with their replies
  std::vector<StoreRequest> given_back_;          // once it is connected again
  std::map<std::string, std::uint64_t> held_;
  bool is_connected_ = true;
  bool is_prompt_ = true;
  bool is_dead_ = false;
  TimePoint trouble_at_;
};

}  // namespace session_gateway
