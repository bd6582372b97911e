#include "tests/server/ledger_model_world.h"

#include <algorithm>
#include <utility>

namespace session_gateway {
namespace {

constexpr int kKeys = 4;
constexpr std::size_t kCallsAtOnce = 8;
constexpr int kRoundsMax = 100;
constexpr Duration kTick = std::chrono::seconds(1);

const char* const kKinds[] = {"claim", "renew", "remember", "forget", "amend", "give back"};
const char* const kAnswers[] = {"claimed", "other", "ended", "died",     "running",
                                "done",    "lost",  "full",  "read only"};

std::string Name(int key) { return "key" + std::to_string(key); }
bool IsQuestion(const Flight& flight) { return flight.request.body.text().starts_with('?'); }
std::string KeyOf(const Flight& flight) {
  const std::size_t begin = IsQuestion(flight) ? 1 : 0;
  return flight.request.body.text().substr(begin, flight.request.body.text().find('/') - begin);
}

}  // namespace

// What the store tells the judge.
ModelStore::Watch ModelWorld::MakeWatch() {
  return {
      .forgotten =
          [this](const std::string& key) {
            // Else it was an old entry that a failure has brought back: of that loss, and no new time.
            if (!judge_.WasLostWithin(key, kModelRetention)) judge_.OnForgotten(key);
          },
      .lost = [this](const std::string& key) { judge_.OnLost(key); },
      .remembered = [this](const std::string& key,
                           const ModelStore::Entry& entry) { judge_.OnRemembered(key, entry.record.ending); },
      .lapsed = [this](const std::string& key,
                       const ModelStore::Entry& entry) { OnLapsed(key, entry.record.token); },
      .ran = [this](const StoreRequest& request, const StoreReply& reply) { OnRan(request, reply); }};
}

void ModelWorld::OnRan(const StoreRequest& request, const StoreReply& reply) {
  judge_.Note(request.key, "store", kKinds[static_cast<int>(request.kind)], request.token, request.holder,
              kAnswers[static_cast<int>(reply.what)], reply.token);
  if (reply.is_anew) Saw("written anew by its holder");
  if (request.kind == StoreRequest::Kind::kGiveBack && reply.what == StoreReply::What::kDone) {
    Saw("claim given back");
  }
}

ModelWorld::ModelWorld(std::uint64_t seed, Sabotage sabotage)
    : random_(seed),
      judge_(clock_, seed % 4 == 1),
      store_(clock_, sabotage, MakeWatch()),
      parts_{.clock = clock_, .judge = judge_, .store = &store_, .sabotage = sabotage, .memory = {}} {
  const bool in_memory = sabotage == Sabotage::kNothing && seed % 6 == 5;
  if (in_memory) parts_.store = nullptr;
  // Half of them with room for few, so that some calls find it full.
  parts_.memory.entries = seed % 12 == 5 ? 3 : 100;
  parts_.memory.age = std::chrono::minutes(10);
  parts_.can_ask = seed % 4 == 1;
  may_lose_ = seed % 3 == 0;
  // Faults come in some seeds often, in others seldom: both ways lead far.
  const int rates[] = {1, 3, 6};
  const int faults = rates[seed / 4 % 3];
  choices_ = {
      {220, &ModelWorld::Begin},        {200, &ModelWorld::Depart},       {170, &ModelWorld::Arrive},
      {20, &ModelWorld::Leave},         {100, &ModelWorld::PassMoment},   {25, &ModelWorld::PassSeconds},
      {2, &ModelWorld::PassLong},       {2 * faults, &ModelWorld::Crash}, {faults, &ModelWorld::Drain},
      {2 * faults, &ModelWorld::Pause}, {12, &ModelWorld::Resume}};
  if (parts_.can_ask) choices_.push_back({10, &ModelWorld::DeleteRow});
  if (!in_memory) {
    choices_.insert(choices_.end(), {{6 * faults, &ModelWorld::ChangeLink},
                                     {60, &ModelWorld::Serve},
                                     {60, &ModelWorld::Deliver},
                                     {2 * faults, &ModelWorld::Break},
                                     {30, &ModelWorld::Connect},
                                     {10, &ModelWorld::RunStray},
                                     {3 * faults, &ModelWorld::ChangeStore}});
  }
  if (!in_memory && may_lose_) {
    choices_.insert(choices_.end(), {{20, &ModelWorld::Replicate}, {5, &ModelWorld::LoseData}});
  }
  for (const Choice& choice : choices_) weights_ += choice.weight;
  const int gateways = in_memory ? 1 : 2 + static_cast<int>(seed % 5 / 2 % 2);
  for (int i = 0; i < gateways; ++i) gateways_.push_back(MakeGateway());
}

ModelWorld::~ModelWorld() {
  // What does not end cannot be taken down.
  for (auto* some : {&gateways_, &dead_}) {
    for (auto& gateway : *some) {
      if (!gateway->HasRunOut()) static_cast<void>(gateway.release());
    }
  }
}

std::unique_ptr<ModelGateway> ModelWorld::MakeGateway() {
  return std::make_unique<ModelGateway>(++made_, parts_);
}

void ModelWorld::Play(int steps) {
  for (int i = 0; i < steps && !fault(); ++i) {
    Step();
    Run();
  }
  if (!fault()) Finish();
  if (fault()) CloseAll();
}

void ModelWorld::Step() {
  int drawn = Random(weights_);
  for (const Choice& choice : choices_) {
    drawn -= choice.weight;
    if (drawn < 0) return (this->*choice.step)();
  }
}

void ModelWorld::Run() {
  bool goes_on = true;
  for (int i = 0; goes_on; ++i) {
    goes_on = false;
    for (const auto* some : {&gateways_, &dead_}) {
      for (const auto& gateway : *some) {
        if (gateway->is_paused()) continue;
        if (gateway->Poll()) goes_on = true;
        StoreLink* const link = gateway->link();
        if (link == nullptr || !link->is_prompt()) continue;
        while (link->Serve()) goes_on = true;
        while (link->Deliver()) goes_on = true;
      }
    }
    if (i > kRoundsMax) return judge_.Fail("something goes round and round");
  }
  for (const auto& gateway : gateways_) gateway->Check();
}

void ModelWorld::Tick(Duration time) {
  VirtualTime::Advance(time);
  store_.OnTime();
  for (const auto* some : {&gateways_, &dead_}) {
    for (const auto& gateway : *some) {
      if (!gateway->is_paused()) gateway->OnTime();
    }
  }
  Run();
  for (std::size_t i = 0; i < gateways_.size(); ++i) {
    if (gateways_[i]->is_drained()) Replace(i);
  }
  std::erase_if(dead_, [](const auto& gateway) { return gateway->HasRunOut(); });
}

void ModelWorld::Pass(Duration time) {
  for (; time > Duration::zero() && !fault(); time -= kTick) Tick(std::min(time, kTick));
}

void ModelWorld::Begin() {
  if (Random(12) == 0) ++first_key_;
  ModelGateway& gateway = AnyGateway();
  if (gateway.is_draining() || gateway.calls() >= kCallsAtOnce) return;
  const std::string key = Name(first_key_ + Random(kKeys));
  // One in ten has another content.
  const std::string body = key + (Random(10) == 0 ? "/other" : "/");
  const int seconds[] = {1, 5, 20, 20, 60, 120};
  gateway.Begin(key, body, std::chrono::seconds(seconds[Random(6)]));
}

Flight* ModelWorld::AnyFlight(bool departed, ModelGateway*& of) {
  std::vector<std::pair<Flight*, ModelGateway*>> flights;
  for (const auto& gateway : gateways_) {
    if (gateway->is_paused()) continue;
    for (Flight* const flight : gateway->Flights(departed)) flights.emplace_back(flight, gateway.get());
  }
  if (flights.empty()) return nullptr;
  const auto& [flight, gateway] = flights[static_cast<std::size_t>(Random(static_cast<int>(flights.size())))];
  of = gateway;
  return flight;
}

void ModelWorld::Depart() {
  ModelGateway* gateway = nullptr;
  Flight* const flight = AnyFlight(false, gateway);
  if (flight == nullptr) return;
  if (Random(6) == 0) return flight->Fail({FailureKind::kUnreachable, Phase::kConnect, false, "no way"});
  if (!gateway->MayDepart(*flight)) return;  // it ends by itself
  flight->Depart();
  if (IsQuestion(*flight)) return;
  const std::string key = KeyOf(*flight);
  CheckClaim(*gateway, key);
  judge_.OnDeparture(gateway->number(), key, flight->request.body.text().back());
  Fate fate = static_cast<Fate>(Random(static_cast<int>(Fate::kTaken)));
  std::vector<std::string>& rows = rows_[key];
  // The id of the new row is that of the request.
  if (parts_.can_ask && !rows.empty() && !deleted_.contains(key)) fate = Fate::kTaken;
  if (fate <= Fate::kCreatedFailed) {
    rows.push_back(judge_.OnCreated(gateway->number(), key, flight->request.body.text().back()));
    deleted_.erase(key);
  }
  fates_[flight] = fate;
}

void ModelWorld::CheckClaim(const ModelGateway& gateway, const std::string& key) {
  if (parts_.store == nullptr || judge_.WasLost(key)) return;
  const ModelStore::Entry* const entry = store_.Find(key);
  const bool is_live = entry != nullptr && entry->record.state == LedgerRecord::State::kRunning;
  if (!is_live || !gateway.HoldsOwn(key, entry->record.token)) {
    judge_.Fail(key + " was sent without a claim that holds");
  }
}

void ModelWorld::Arrive() {
  ModelGateway* gateway = nullptr;
  Flight* const flight = AnyFlight(true, gateway);
  if (flight == nullptr) return;
  const std::string key = KeyOf(*flight);
  const std::vector<std::string>& rows = rows_[key];
  if (IsQuestion(*flight)) {
    if (Random(4) == 0) return flight->Answer(PlayedReply(503, ""));
    const bool is_there = !rows.empty() && !deleted_.contains(key);
    return flight->Answer(is_there ? PlayedReply(200, rows.back()) : PlayedReply(404, ""));
  }
  switch (fates_[flight]) {
    case Fate::kCreated:
      // Its own row: others may have made one since.
      return flight->Answer(
          PlayedReply(200, judge_.CreatedBy(gateway->number(), key, flight->request.body.text().back())));
    case Fate::kCreatedUnreadable:
      return flight->Answer(PlayedReply(
          200, kUnreadable + judge_.CreatedBy(gateway->number(), key, flight->request.body.text().back())));
    case Fate::kCreatedLost:
    case Fate::kLost:
      return flight->Answer(SendFailure{FailureKind::kLost, Phase::kWait, true, "lost"});
    case Fate::kCreatedFailed:
      return flight->Answer(PlayedReply(500, "failed"));
    case Fate::kRefused:
      return flight->Answer(PlayedReply(400, "refused"));
    case Fate::kTaken:
      return flight->Answer(PlayedReply(409, "taken"));
  }
}

void ModelWorld::Leave() {
  ModelGateway& gateway = AnyGateway();
  if (gateway.is_paused() || gateway.calls() == 0) return;
  gateway.Cancel(static_cast<std::size_t>(Random(static_cast<int>(gateway.calls()))));
}

void ModelWorld::PassMoment() { Pass(std::chrono::milliseconds(Random(600))); }
void ModelWorld::PassSeconds() { Pass(std::chrono::seconds(Random(12))); }
void ModelWorld::PassLong() { Pass(kModelLease + kModelRetention + std::chrono::seconds(Random(120))); }

}  // namespace session_gateway
