// One gateway of the model: the real Once and Exchanges on a loop of their own, before a store or its own
// memory, and before an upstream that the test plays.
//
// Thread rule: one thread. Never here: what happens next, and what must hold.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/ledger/memory_ledger.h"
#include "tests/server/ledger_model_judge.h"
#include "tests/server/ledger_model_link.h"
#include "tests/server/once_fixture.h"

namespace session_gateway {

inline constexpr Duration kModelLinger = std::chrono::seconds(10);

// How an answer begins that shows nothing but the id.
inline constexpr char kUnreadable = '!';

struct ModelCall {
  JudgedCall judged;
  PlayedCall played;
  std::optional<TimePoint> left_at;  // when it was cancelled, or its time was over
  // The order of what calls of one gateway do.
  int began_as = 0;
  int left_as = 0;
  // Another, who waited for the same create, was told that it was not sent, when so many had been sent.
  std::optional<std::uint64_t> sent_at_most;
};

// The ledger in memory, and who is told what it forgets.
class WatchedMemory final : public Ledger {
 public:
  WatchedMemory(const Clock& clock, const MemoryLedgerBounds& bounds, LedgerJudge& judge)
      : clock_(clock), bounds_(bounds), judge_(judge), memory_(clock, bounds) {}

  Task<ClaimResult> Claim(const std::string& key, const ContentHash& content, CallContext& context) override;
  Task<LedgerWrite> Renew(LedgerClaim& claim) override { return memory_.Renew(claim); }
  Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) override;
  Task<LedgerWrite> Forget(const LedgerClaim& claim) override;
  Duration renew_every() const override { return Duration::max(); }
  void Close() override {}

  // Its gateway is gone, and with it all that it knew.
  void Die();
  bool Knows(const std::string& key) const { return known_.contains(key); }
  std::size_t running() const { return memory_.running(); }

 private:
  const Clock& clock_;
  const MemoryLedgerBounds bounds_;
  LedgerJudge& judge_;
  MemoryLedger memory_;
  std::map<std::string, std::optional<TimePoint>> known_;  // and when it ended
  bool is_dead_ = false;
};

class ModelGateway {
 public:
  struct Parts {
    const Clock& clock;
    LedgerJudge& judge;
    ModelStore* store = nullptr;  // nothing: its own memory
    Sabotage sabotage = Sabotage::kNothing;
    MemoryLedgerBounds memory;
    bool can_ask = false;
  };

  ModelGateway(int number, const Parts& parts);
  ModelGateway(const ModelGateway&) = delete;
  ModelGateway& operator=(const ModelGateway&) = delete;
  // Before its end it has run out.
  ~ModelGateway() = default;

  void Begin(const std::string& key, const std::string& body, Duration time);
  // A caller leaves.
  void Cancel(std::size_t call);
  void CancelAll();
  std::size_t calls() const { return calls_.size(); }

  // What can go on goes on; true when there was something.
  bool Poll();
  // Ends what has no more time.
  void OnTime();
  // Judges what callers were told.
  void Check();
  void CheckLateEnds();

  // Its process is stopped, and goes on later.
  void Pause() { is_paused_ = true; }
  void Resume();
  bool is_paused() const { return is_paused_; }
  // Takes no more calls, and ends.
  void Drain() { is_draining_ = true; }
  bool is_draining() const { return is_draining_; }
  bool is_drained() const { return is_idle_ && HasRunOut(); }
  // What the store may still run of its requests.
  std::vector<StoreRequest> Die();
  bool HasRunOut() const { return has_run_out_ && once_.running() == 0 && exchanges_.lingering() == 0; }

  int number() const { return number_; }
  StoreLink* link() { return link_ ? &*link_ : nullptr; }
  std::size_t running_in_memory() const { return memory_ ? memory_->running() : 0; }
  // That have left, or have not; and have no answer yet.
  std::vector<Flight*> Flights(bool departed) const;
  // It will send, by all that it knows.
  bool MayDepart(const Flight& flight) const;
  bool HoldsOwn(const std::string& key, std::uint64_t token) const;
  bool IsQuietFor(Duration time) const;

 private:
  class WatchedUpstream;
  void CheckWait(const ModelCall& call);
  void CheckOthers(const ModelCall& told);
  void Left(ModelCall& call);

  const int number_;
  const Parts parts_;
  Loop loop_{1};
  std::optional<StoreLink> link_;
  std::optional<WatchedMemory> memory_;
  PlayedUpstream upstream_;
  std::unique_ptr<Transport> watched_;
  Exchanges exchanges_;
  Once once_;
  std::vector<std::unique_ptr<ModelCall>> calls_;
  std::vector<std::unique_ptr<ModelCall>> told_;
  int events_ = 0;
  bool is_paused_ = false;
  bool is_draining_ = false;
  bool drain_began_ = false;
  bool is_idle_ = false;
  bool is_dead_ = false;
  bool has_run_out_ = true;
  TimePoint resumed_at_;
  TimePoint drain_at_;
};

}  // namespace session_gateway
