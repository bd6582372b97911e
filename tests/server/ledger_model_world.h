// The world of the model: some gateways, one store, one upstream, and a seed that decides what happens next.
// The same seed plays the same program.
//
// Thread rule: one thread. Never here: what must hold (ledger_model_judge.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/server/ledger_model_gateway.h"

namespace session_gateway {

inline constexpr int kStepsOfASeed = 1000;

class ModelWorld {
 public:
  ModelWorld(std::uint64_t seed, Sabotage sabotage);
  ModelWorld(const ModelWorld&) = delete;
  ModelWorld& operator=(const ModelWorld&) = delete;
  ~ModelWorld();

  // Plays so many steps, or until something does not hold; then all comes to its end.
  void Play(int steps);
  // What did not hold.
  const std::optional<std::string>& fault() const { return judge_.fault(); }
  LedgerJudge& judge() { return judge_; }

 private:
  enum class Fate { kCreated, kCreatedUnreadable, kCreatedLost, kCreatedFailed, kLost, kRefused, kTaken };
  struct Choice {
    int weight;
    void (ModelWorld::*step)();
  };

  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::unique_ptr<ModelGateway> MakeGateway();
  ModelGateway& AnyGateway() {
    return *gateways_[static_cast<std::size_t>(Random(static_cast<int>(gateways_.size())))];
  }
  Flight* AnyFlight(bool departed, ModelGateway*& of);
  void Saw(const std::string& event) { ++judge_.seen()[event]; }

  ModelStore::Watch MakeWatch();

  // Steps.
  void Begin();
  void Depart();
  void Arrive();
  void Leave();
  void PassMoment();
  void PassSeconds();
  void PassLong();
  void Crash();
  void Drain();
  void Pause();
  void Resume();
  void ChangeLink();
  void Serve();
  void Deliver();
  void Break();
  void Connect();
  void RunStray();
  void ChangeStore();
  void Replicate();
  void LoseData();
  void DeleteRow();

  void Step();
  void Pass(Duration time);
  void Tick(Duration time);
  // All that can go on without time does.
  void Run();
  void OnRan(const StoreRequest& request, const StoreReply& reply);
  void OnLapsed(const std::string& key, std::uint64_t token);
  void CheckClaim(const ModelGateway& gateway, const std::string& key);
  void Replace(std::size_t gateway);
  void KeepStrays(const std::vector<StoreRequest>& strays);

  void Calm();
  void Finish();
  void RepeatAll();
  void CloseAll();

  std::mt19937_64 random_;
  VirtualTime clock_;
  LedgerJudge judge_;
  ModelStore store_;
  ModelGateway::Parts parts_;
  bool may_lose_ = false;
  std::vector<Choice> choices_;
  int weights_ = 0;
  int made_ = 0;
  std::vector<std::unique_ptr<ModelGateway>> gateways_;
  std::vector<std::unique_ptr<ModelGateway>> dead_;
  std::vector<StoreRequest> strays_;
  std::map<const Flight*, Fate> fates_;
  std::map<std::string, std::vector<std::string>> rows_;  // sessions of a key, as the upstream has them
  std::set<std::string> deleted_;
  int first_key_ = 0;
};

}  // namespace session_gateway
