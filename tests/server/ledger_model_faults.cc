// The steps of the model's world that are faults, and how all comes to its end.
#include <algorithm>
#include <utility>

#include "tests/server/ledger_model_world.h"

namespace session_gateway {
namespace {

constexpr std::size_t kStraysMax = 8;
constexpr Duration kSecond = std::chrono::seconds(1);
// All calls have at most two minutes.
constexpr int kSecondsToTheEnd = 200;

}  // namespace

// Nothing leaves it any more, and nobody hears of it; another takes its place.
void ModelWorld::Crash() {
  Saw("crash");
  const auto number = static_cast<std::size_t>(Random(static_cast<int>(gateways_.size())));
  KeepStrays(gateways_[number]->Die());
  dead_.push_back(std::exchange(gateways_[number], MakeGateway()));
}

void ModelWorld::Replace(std::size_t gateway) {
  Saw("drained");
  KeepStrays(gateways_[gateway]->Die());
  gateways_[gateway] = MakeGateway();
}

void ModelWorld::Drain() { AnyGateway().Drain(); }

void ModelWorld::Pause() {
  Saw("pause");
  AnyGateway().Pause();
  // Often for so long that its claims are forgotten.
  if (Random(3) == 0) PassLong();
}

void ModelWorld::Resume() {
  ModelGateway& gateway = AnyGateway();
  if (!gateway.is_paused()) return;
  gateway.Resume();
  // Its timers and what came meanwhile are met in any order.
  if (Random(2) == 0) gateway.Poll();
  gateway.OnTime();
}

void ModelWorld::ChangeLink() { AnyGateway().link()->set_prompt(Random(3) != 0); }

void ModelWorld::Serve() {
  for (int i = 0; i < 4 && !AnyGateway().link()->Serve(); ++i) {
  }
}

void ModelWorld::Deliver() {
  for (int i = 0; i < 4; ++i) {
    ModelGateway& gateway = AnyGateway();
    if (!gateway.is_paused() && gateway.link()->Deliver()) return;
  }
}

void ModelWorld::Break() {
  ModelGateway& gateway = AnyGateway();
  if (gateway.is_paused() || !gateway.link()->is_connected()) return;
  Saw("connection lost");
  KeepStrays(gateway.link()->Break());
}

void ModelWorld::Connect() {
  ModelGateway& gateway = AnyGateway();
  if (!gateway.is_paused() && !gateway.link()->is_connected()) gateway.link()->Connect();
}

// Of what had left, the store has had all, nothing, or the first part; it may run it late.
void ModelWorld::KeepStrays(const std::vector<StoreRequest>& strays) {
  const std::size_t kept =
      strays.empty() ? 0 : static_cast<std::size_t>(Random(static_cast<int>(strays.size()) + 1));
  strays_.insert(strays_.end(), strays.begin(), strays.begin() + static_cast<std::ptrdiff_t>(kept));
  while (strays_.size() > kStraysMax) RunStray();
}

void ModelWorld::RunStray() {
  if (strays_.empty()) return;
  Saw("late request");
  const StoreRequest request = strays_.front();
  strays_.erase(strays_.begin());
  store_.Run(request);
}

void ModelWorld::ChangeStore() {
  store_.set_full(Random(8) == 0);
  store_.set_read_only(Random(12) == 0);
}

void ModelWorld::Replicate() { store_.Replicate(); }

void ModelWorld::LoseData() {
  for (const auto& gateway : gateways_) {
    if (gateway->link()->is_connected()) KeepStrays(gateway->link()->Break());
  }
  Random(2) == 0 ? store_.RestartEmpty() : store_.FailOver();
  // What was on its way to the old server does not reach the new one.
  strays_.clear();
  Tick(std::chrono::milliseconds(1));
  for (const auto& gateway : gateways_) gateway->link()->Connect();
}

void ModelWorld::DeleteRow() {
  const std::string key = "key" + std::to_string(first_key_ + Random(4));
  if (!rows_.contains(key)) return;
  deleted_.insert(key);
  judge_.OnDeleted(key);
}

// A holder that lives, and whom nothing keeps from the store, does not lose its claim.
void ModelWorld::OnLapsed(const std::string& key, std::uint64_t token) {
  Saw("lease over");
  for (const auto& gateway : gateways_) {
    if (gateway->HoldsOwn(key, token) && gateway->IsQuietFor(2 * kModelLease)) {
      judge_.Fail(key + ": its lease is over, and its holder lives");
    }
  }
}

void ModelWorld::Calm() {
  store_.set_full(false);
  store_.set_read_only(false);
  while (!strays_.empty()) RunStray();
  for (const auto& gateway : gateways_) {
    if (gateway->is_paused()) gateway->Resume();
    StoreLink* const link = gateway->link();
    if (link == nullptr) continue;
    if (!link->is_connected()) link->Connect();
    link->set_prompt(true);
  }
}

void ModelWorld::Finish() {
  Calm();
  const auto waits = [this] {
    return std::any_of(gateways_.begin(), gateways_.end(), [](const auto& one) { return one->calls() > 0; });
  };
  for (int i = 0; i < kSecondsToTheEnd && waits() && !fault(); ++i) {
    for (int j = 0; j < 10; ++j) {
      Depart();
      Arrive();
      Run();
    }
    Pass(kSecond);
  }
  if (waits()) judge_.Fail("somebody waits for ever");
  judge_.OnAllTold();
  if (!fault()) RepeatAll();
  if (!fault()) CloseAll();
}

void ModelWorld::RepeatAll() {
  Pass(3 * kModelLease);
  for (const auto& gateway : gateways_) {
    if (gateway->is_draining()) continue;
    for (int key = first_key_; key < first_key_ + 4; ++key) {
      const std::string name = "key" + std::to_string(key);
      gateway->Begin(name, name + "/", std::chrono::seconds(1));
    }
    Run();
    gateway->CancelAll();
    Run();
  }
}

// Nothing is left: no loop has work, and nobody keeps a claim.
void ModelWorld::CloseAll() {
  const bool had_fault = fault().has_value();
  if (had_fault) Calm();
  for (auto& gateway : gateways_) {
    gateway->CancelAll();
    if (had_fault) gateway->Die();
    gateway->Drain();
  }
  for (int i = 0; i < 60; ++i) Tick(kSecond);
  if (had_fault) return;
  for (const auto& entry : store_.entries()) {
    if (entry.second.record.state == LedgerRecord::State::kRunning)
      judge_.Fail(entry.first + " is kept by nobody");
  }
  for (const auto& gateway : gateways_) {
    gateway->CheckLateEnds();
    if (!gateway->HasRunOut()) judge_.Fail("something is left in a gateway");
    if (gateway->running_in_memory() > 0) judge_.Fail("an entry runs, and nobody has it");
  }
  if (!dead_.empty()) judge_.Fail("something is left in a dead gateway");
}

}  // namespace session_gateway
