// Random interleavings of calls, repeats, joiners, leavers, expiry, crashes and store faults of two gateways
// that share one ledger, against what must hold of them: a request_id creates once while it is remembered,
// each answer is that of its own request, and what is called done is there.
//
// SESSION_GATEWAY_SEED=n plays one seed again, SESSION_GATEWAY_STEPS=n sets how many steps are played in all.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "server/ledger/memory_ledger.h"
#include "tests/server/once_fixture.h"

namespace session_gateway {
namespace {

constexpr int kStepsOfASeed = 1000;
constexpr std::int64_t kStepsInAll = 120'000;
constexpr int kKeys = 6;
constexpr int kGateways = 2;
constexpr std::size_t kCallsAtOnce = 24;
constexpr Duration kAge = std::chrono::hours(24);

std::int64_t FromEnvironment(const char* name, std::int64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

// What both gateways share: the real ledger in memory, and what it has not: holders that die. It watches that
// nothing is forgotten too early.
struct SharedStore {
  SharedStore(const Clock& the_clock, const MemoryLedgerBounds& bounds)
      : clock(the_clock), memory(the_clock, bounds) {}

  void OnEnded(const std::string& key) { ended_at[key] = clock.Now(); }
  void OnClaimed(const std::string& key) {
    died.erase(key);
    const auto ended = ended_at.find(key);
    if (ended == ended_at.end()) return;
    // Room was made for others, or its time is over: from now on the id is a new one.
    EXPECT_GE(clock.Now() - ended->second, std::chrono::minutes(2)) << key << " was forgotten too early";
    ended_at.erase(ended);
    on_forgotten(key);
  }

  const Clock& clock;
  MemoryLedger memory;
  std::map<std::string, TimePoint> ended_at;
  std::set<std::string> died;
  std::function<void(const std::string& key)> on_forgotten;
};

// One gateway's way to the store.
class StoreClient final : public Ledger {
 public:
  StoreClient(SharedStore& store, std::mt19937_64& random) : store_(store), random_(random) {}

  Task<ClaimResult> Claim(const std::string& key, const ContentHash& content, CallContext& context) override {
    if (Fails()) co_return LedgerUnreachable{"fault"};
    ClaimResult result = co_await store_.memory.Claim(key, content, context);
    if (const auto* const claim = std::get_if<LedgerClaim>(&result)) {
      held_[key] = *claim;
      store_.OnClaimed(key);
    }
    if (std::holds_alternative<LedgerEnded>(result) && store_.died.contains(key)) co_return LedgerDied{};
    co_return result;
  }
  Task<LedgerWrite> Renew(LedgerClaim&) override { co_return LedgerWrite::kDone; }
  Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) override {
    if (Fails()) co_return LedgerWrite::kUnreachable;
    held_.erase(claim.key);
    store_.OnEnded(claim.key);
    co_return co_await store_.memory.Remember(claim, ending);
  }
  Task<LedgerWrite> Forget(const LedgerClaim& claim) override {
    if (Fails()) co_return LedgerWrite::kUnreachable;
    held_.erase(claim.key);
    co_return co_await store_.memory.Forget(claim);
  }
  Duration renew_every() const override { return Duration::max(); }
  void Close() override {}

  void set_faults(int percent) { faults_ = percent; }
  // Its gateway dies: what it holds is not known to anybody, and it writes no more.
  void Die() {
    faults_ = 100;
    for (const auto& [key, claim] : held_) {
      store_.died.insert(key);
      store_.OnEnded(key);
      EXPECT_EQ(RunTask(store_.memory.Remember(claim, "")), LedgerWrite::kDone);
    }
    held_.clear();
  }

 private:
  bool Fails() { return static_cast<int>(random_() % 100) < faults_; }

  SharedStore& store_;
  std::mt19937_64& random_;
  std::map<std::string, LedgerClaim> held_;
  int faults_ = 0;
};

struct Gateway {
  Gateway(Loop& loop, const Clock& clock, SharedStore& store, std::mt19937_64& random)
      : upstream(loop, clock),
        client(store, random),
        exchanges(loop, clock, std::chrono::hours(1)),
        once(exchanges, clock, client, {Duration::zero(), Duration::zero()}) {}
  PlayedUpstream upstream;
  StoreClient client;
  Exchanges exchanges;
  Once once;
};

struct ModelCall {
  int key = 0;
  int gateway = 0;
  PlayedCall played;
  bool checked = false;
};

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {
    bounds_.age = kAge;
    // Half of the seeds with room for few, so that some calls find it full.
    bounds_.entries = seed % 2 == 0 ? kKeys - 2 : 100;
    store_.emplace(clock_, bounds_);
    store_->on_forgotten = [this](const std::string& key) {
      sessions_of_.erase(key);
      done_.erase(key);
    };
    for (int i = 0; i < kGateways; ++i) gateways_.push_back(MakeGateway());
    can_ask_ = seed % 3 == 0;
  }

  void Play(int steps) {
    for (int i = 0; i < steps; ++i) {
      Step();
      Run();
      Check();
    }
    Settle();
  }

  int sessions() const { return sessions_; }
  std::map<std::string, int> told;  // how often each kind of end was seen

 private:
  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  static std::string Name(int key) { return "key" + std::to_string(key); }

  void Run() {
    loop_.restart();
    // A gateway that waits for the other asks again and again.
    for (int i = 0; i < 40 && loop_.poll_one() > 0; ++i) {
    }
  }

  void Step() {
    switch (Random(40)) {
      case 0:
        return Leave();
      case 1:
        return Leave();
      case 2:
        return AnyGateway().exchanges.Drain(TimePoint::min(), [] {});
      case 3:
        return AnyGateway().client.set_faults(Random(3) == 0 ? 30 : 0);
      case 4:
        return PassTime();
      case 5:
        return Random(4) == 0 ? Crash() : PassTime();
      default:
        break;
    }
    const int rest = Random(10);
    if (rest < 4) return Begin();
    rest < 7 ? Depart() : Arrive();
  }

  std::unique_ptr<Gateway> MakeGateway() {
    return std::make_unique<Gateway>(loop_, clock_, *store_, random_);
  }
  Gateway& AnyGateway() { return *gateways_[static_cast<std::size_t>(Random(kGateways))]; }

  // Nothing leaves it any more, and nobody hears of it; another takes its place.
  void Crash() {
    const int number = Random(kGateways);
    auto& gateway = gateways_[static_cast<std::size_t>(number)];
    gateway->client.Die();
    dead_.push_back(std::exchange(gateway, MakeGateway()));
    for (auto call = calls_.begin(); call != calls_.end();) {
      if ((*call)->gateway != number) {
        ++call;
        continue;
      }
      gone_.push_back(std::move(*call));
      call = calls_.erase(call);
    }
    ++told["crash"];
  }

  void Begin() {
    if (calls_.size() >= kCallsAtOnce) return;
    auto call = std::make_unique<ModelCall>();
    call->key = Random(kKeys);
    call->gateway = Random(kGateways);
    Gateway& gateway = *gateways_[static_cast<std::size_t>(call->gateway)];
    // One in eight has another content.
    const std::string body = Name(call->key) + (Random(8) == 0 ? "/other" : "/");
    OnceCall once = MakeCall(gateway.upstream, Name(call->key), body, can_ask_);
    BeginCall(loop_, gateway.once, std::move(once), call->played);
    calls_.push_back(std::move(call));
  }

  Flight* AnyFlight(bool departed) {
    std::vector<Flight*> flights;
    for (const auto& gateway : gateways_) {
      for (Flight* flight : gateway->upstream.flights()) {
        if (flight->departed == departed && !flight->result) flights.push_back(flight);
      }
    }
    return flights.empty() ? nullptr
                           : flights[static_cast<std::size_t>(Random(static_cast<int>(flights.size())))];
  }

  void Depart() {
    Flight* const flight = AnyFlight(false);
    if (flight == nullptr) return;
    if (Random(5) == 0) return flight->Fail({FailureKind::kUnreachable, Phase::kConnect, false, "no way"});
    if (flight->context.stopped() != StopReason::kNone) return;  // it ends by itself
    flight->Depart();
    if (flight->request.body.starts_with('?')) return;
    // The upstream does its work as the bytes arrive, or never.
    const std::string& body = flight->request.body;
    auto& sessions = sessions_of_[body.substr(0, body.find('/'))];
    fate_[flight] = Random(4);
    if (fate_[flight] <= 1) {
      ++sessions_;
      sessions.push_back("session" + std::to_string(sessions_));
    }
  }

  void Arrive() {
    Flight* const flight = AnyFlight(true);
    if (flight == nullptr) return;
    const std::string& body = flight->request.body;
    if (body.starts_with('?')) {
      const auto& sessions = sessions_of_[body.substr(1, body.find('/') - 1)];
      if (Random(4) == 0) return flight->Answer(PlayedReply(503, ""));
      if (sessions.empty()) return flight->Answer(PlayedReply(404, ""));
      return flight->Answer(PlayedReply(200, sessions.back()));
    }
    const auto& sessions = sessions_of_[body.substr(0, body.find('/'))];
    switch (fate_[flight]) {
      case 0:
        return flight->Answer(PlayedReply(200, sessions.back()));
      case 1:  // created, and the answer is lost
      case 2:
        return flight->Answer(SendFailure{FailureKind::kLost, Phase::kWait, true, "lost"});
      default:
        return flight->Answer(PlayedReply(400, "refused"));
    }
  }

  void Leave() {
    if (calls_.empty()) return;
    ModelCall& call = *calls_[static_cast<std::size_t>(Random(static_cast<int>(calls_.size())))];
    call.played.context.Stop(Random(2) == 0 ? StopReason::kDeadline : StopReason::kCancelled);
  }

  void PassTime() { clock_.Advance(Random(8) == 0 ? kAge : std::chrono::seconds(Random(60))); }

  void Check() {
    for (const auto& [key, sessions] : sessions_of_) {
      ASSERT_LE(sessions.size(), 1u) << key << " was created twice";
    }
    for (auto call = calls_.begin(); call != calls_.end();) {
      const auto& end = (*call)->played.told;
      if (!end) {
        ++call;
        continue;
      }
      CheckTold(**call, *end);
      // Its late end may still come.
      gone_.push_back(std::move(*call));
      call = calls_.erase(call);
    }
  }

  void CheckTold(const ModelCall& call, const CreateEnd& end) {
    const auto& sessions = sessions_of_[Name(call.key)];
    if (!end.error) {
      ++told[end.replayed ? "replayed" : "done"];
      ASSERT_EQ(sessions.size(), 1u) << "done, and not there";
      ASSERT_EQ(end.response, sessions.back()) << "somebody else's answer";
      // Each id has one caller whose own exchange created it.
      if (!end.replayed) {
        ASSERT_TRUE(done_.insert(Name(call.key)).second) << "done twice";
      }
      return;
    }
    ++told[std::string(ReasonName(end.error->reason)) + " " + std::string(OutcomeName(end.error->outcome))];
    if (end.error->code == absl::StatusCode::kUnavailable) {
      ASSERT_EQ(end.error->outcome, Outcome::kNotSent);
    }
    ASSERT_NE(end.error->outcome, Outcome::kDone);
  }

  // All faults end, all that is under way comes to its end; then a repeat of what was done is told so.
  void Settle() {
    for (const auto& gateway : gateways_) gateway->client.set_faults(0);
    for (int i = 0; i < 150; ++i) {
      Depart();
      Arrive();
      Run();
      Check();
    }
    for (auto& call : calls_) call->played.context.Stop(StopReason::kCancelled);
    for (auto& call : gone_) {
      if (!call->played.told) call->played.context.Stop(StopReason::kCancelled);
    }
    for (int i = 0; i < 150; ++i) {
      for (const auto* some : {&gateways_, &dead_}) {
        for (const auto& gateway : *some) gateway->exchanges.Drain(TimePoint::min(), [] {});
      }
      Run();
    }
    Check();
    ASSERT_TRUE(calls_.empty());
    for (const auto* some : {&gateways_, &dead_}) {
      for (const auto& gateway : *some) ASSERT_EQ(gateway->once.running(), 0u);
    }
    RepeatAll();
  }

  void RepeatAll() {
    for (const std::string& key : done_) {
      // What ended longer ago may have made room.
      const auto ended = store_->ended_at.find(key);
      if (ended != store_->ended_at.end() && clock_.Now() - ended->second >= std::chrono::minutes(2))
        continue;
      ++told["repeated at the end"];
      for (int i = 0; i < kGateways; ++i) {
        PlayedCall again;
        OnceCall once = MakeCall(gateways_[static_cast<std::size_t>(i)]->upstream, key, key + "/", false);
        BeginCall(loop_, gateways_[static_cast<std::size_t>(i)]->once, std::move(once), again);
        for (int turn = 0; turn < 4; ++turn) Run();
        if (!again.told) again.context.Stop(StopReason::kCancelled);
        for (int turn = 0; turn < 4; ++turn) Run();
        ASSERT_TRUE(again.told);
        // The store may never have learned of it; then it is not known, or it is another content's. It is
        // never sent again.
        if (again.told->error) {
          ASSERT_TRUE(again.told->error->outcome == Outcome::kUnknown ||
                      again.told->error->reason == Reason::kRequestIdReused)
              << again.told->error->message;
        }
      }
    }
  }

  std::mt19937_64 random_;
  Loop loop_{1};
  HandedClock clock_;
  MemoryLedgerBounds bounds_;
  std::optional<SharedStore> store_;
  std::vector<std::unique_ptr<Gateway>> gateways_;
  std::vector<std::unique_ptr<Gateway>> dead_;
  std::vector<std::unique_ptr<ModelCall>> calls_;
  std::vector<std::unique_ptr<ModelCall>> gone_;
  std::map<std::string, std::vector<std::string>> sessions_of_;
  std::map<const Flight*, int> fate_;
  std::set<std::string> done_;
  bool can_ask_ = false;
  int sessions_ = 0;
};

TEST(LedgerModel, NoInterleavingCreatesTwice) {
  const std::int64_t only = FromEnvironment("SESSION_GATEWAY_SEED", -1);
  const std::int64_t steps = FromEnvironment("SESSION_GATEWAY_STEPS", kStepsInAll);
  const std::uint64_t first = only >= 0 ? static_cast<std::uint64_t>(only) : std::random_device()();
  const std::int64_t seeds = only >= 0 ? 1 : (steps + kStepsOfASeed - 1) / kStepsOfASeed;
  std::map<std::string, int> told;
  int sessions = 0;
  for (std::int64_t i = 0; i < seeds; ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    Model model(seed);
    model.Play(kStepsOfASeed);
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "SESSION_GATEWAY_SEED=" << seed;
    for (const auto& [kind, count] : model.told) told[kind] += count;
    sessions += model.sessions();
  }
  for (const auto& [kind, count] : told) std::cout << kind << ": " << count << '\n';
  std::cout << sessions << " sessions, " << seeds * kStepsOfASeed << " steps, first seed " << first << '\n';
  if (only >= 0) return;
  // What was never seen was not tested.
  for (const char* kind : {"done", "replayed", "REQUEST_ID_REUSED not_sent", "LEDGER_UNAVAILABLE not_sent",
                           "OUTCOME_UNKNOWN unknown", "UPSTREAM_REFUSED refused", "DEADLINE unknown",
                           "DEADLINE not_sent", "OVERLOADED not_sent", "UPSTREAM_UNREACHABLE not_sent"}) {
    EXPECT_GT(told[kind], 0) << kind;
  }
}

}  // namespace
}  // namespace session_gateway
