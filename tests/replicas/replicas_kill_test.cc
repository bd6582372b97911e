// A gateway is killed at each step of a request, and the request is repeated at another one: never a second
// session, and an answer that says what is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/chaos/chaos_proxy.h"
#include "tests/replicas/redis_relay.h"
#include "tests/replicas/replica_site.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using Side = RedisRelay::Side;

constexpr milliseconds kForever = std::chrono::minutes(5);  // an answer that the test does not wait for

// What the upstream does meanwhile.
enum class Answer { kComes, kIsHeld, kRefuses };
// What becomes of a command that the gateway had sent when it was killed.
enum class Fate { kIsLost, kArrives };
// What who repeats the call is told.
enum class Repeat {
  kCreates,
  kReplays,
  kUnknown,       // and nothing was made
  kUnknownThere,  // and it was made, so that QRS can be asked for it
};

struct KillPlace {
  const char* name;
  RedisScript script;
  Side side;
  Fate fate;
  Answer answer;
  Repeat repeat;
};

constexpr KillPlace kPlaces[] = {
    {"before the claim", RedisScript::kClaim, Side::kCommand, Fate::kIsLost, Answer::kComes,
     Repeat::kCreates},
    {"the claim is on its way", RedisScript::kClaim, Side::kCommand, Fate::kArrives, Answer::kComes,
     Repeat::kUnknown},
    {"claimed, and not told so", RedisScript::kClaim, Side::kReply, Fate::kIsLost, Answer::kComes,
     Repeat::kUnknown},
    {"before a renewal", RedisScript::kRenew, Side::kCommand, Fate::kIsLost, Answer::kIsHeld,
     Repeat::kUnknownThere},
    {"a renewal is on its way", RedisScript::kRenew, Side::kCommand, Fate::kArrives, Answer::kIsHeld,
     Repeat::kUnknownThere},
    {"renewed, and not told so", RedisScript::kRenew, Side::kReply, Fate::kIsLost, Answer::kIsHeld,
     Repeat::kUnknownThere},
    {"answered, and not remembered", RedisScript::kRemember, Side::kCommand, Fate::kIsLost, Answer::kComes,
     Repeat::kUnknownThere},
    {"the end is on its way", RedisScript::kRemember, Side::kCommand, Fate::kArrives, Answer::kComes,
     Repeat::kReplays},
    {"remembered, and not told so", RedisScript::kRemember, Side::kReply, Fate::kIsLost, Answer::kComes,
     Repeat::kReplays},
    {"refused, and not forgotten", RedisScript::kForget, Side::kCommand, Fate::kIsLost, Answer::kRefuses,
     Repeat::kUnknown},
    {"the forgetting is on its way", RedisScript::kForget, Side::kCommand, Fate::kArrives, Answer::kRefuses,
     Repeat::kCreates},
    {"forgotten, and not told so", RedisScript::kForget, Side::kReply, Fate::kIsLost, Answer::kRefuses,
     Repeat::kCreates},
};

class ReplicasKill : public testing::TestWithParam<SandboxUpstream> {
 protected:
  ~ReplicasKill() override {
    for (auto& check : checks_) check();
    book_.ExpectHonest(site_.sandbox);
  }

  std::unique_ptr<RedisRelay> MakeRelay() {
    return std::make_unique<RedisRelay>(site_.redis.folder() / "redis.sock",
                                        site_.redis.folder() / ("relay" + std::to_string(++relays_)));
  }
  std::uint64_t Requests() const { return site_.sandbox.counters(GetParam()).requests; }

  // Begins the repeat; what comes of it is looked at in the end, for some wait until a lease is over.
  void RepeatAtSurvivor(const std::string& name, const std::string& id, Repeat repeat) {
    auto told = std::make_shared<std::future<Told>>(book_.Start(survivor_->callee(), id));
    checks_.push_back([this, name, id, repeat, told] {
      const std::string row = told->get().Row();
      EXPECT_EQ(row, RowOf(repeat)) << name;
      // And so it stays.
      const std::string then = repeat == Repeat::kCreates ? "OK replayed" : row;
      EXPECT_EQ(book_.Call(survivor_->callee(), id).Row(), then) << name;
    });
    // A create must not meet what is prepared for the next gateway.
    if (repeat == Repeat::kCreates) told->wait();
  }

  static std::string RowOf(Repeat repeat) {
    switch (repeat) {
      case Repeat::kCreates:
        return "OK";
      case Repeat::kReplays:
        return "OK replayed";
      case Repeat::kUnknown:
        break;
      case Repeat::kUnknownThere:
        if (GetParam() == SandboxUpstream::kQlik) return "OK replayed";
        break;
    }
    return "UNKNOWN OUTCOME_UNKNOWN unknown";
  }

  void Prepare(Answer answer) {
    if (answer == Answer::kIsHeld) site_.Delay(GetParam(), kForever, 1);
    if (answer == Answer::kRefuses) {
      EXPECT_TRUE(site_.sandbox.AddFault(GetParam(), {.kind = SandboxFaultKind::kStatus, .status = 400}));
    }
  }

  void KillAt(const KillPlace& place) {
    const auto relay = MakeRelay();
    const auto victim = site_.Start(ShortLived(relay->address()));
    victim->WaitUntilUsesRedis();
    Prepare(place.answer);
    relay->HoldNext(place.script, place.side);
    const std::string id = book_.NewRequestId();
    auto told = book_.Start(victim->callee(), id);
    EXPECT_TRUE(relay->WaitUntilHeld()) << place.name;
    victim->Kill();
    if (place.fate == Fate::kArrives) {
      const auto before = site_.redis.AskText({"GET", EntryOf(id)});
      relay->Release();
      EXPECT_TRUE(WaitForChange(id, before)) << place.name;
    } else {
      relay->Drop();
    }
    RepeatAtSurvivor(place.name, id, place.repeat);
    const Told first = told.get();
    // What is remembered is told before the ledger has it.
    const bool was_told = place.script == RedisScript::kRemember && first.heard;
    EXPECT_EQ(first.Row(), was_told ? "OK" : "unheard") << place.name;
  }

  std::string EntryOf(const std::string& id) const {
    const auto names = site_.KeysWith(id);
    return names.empty() ? "none" : names.front();
  }
  bool WaitForChange(const std::string& id, const std::string& before) const {
    const auto end = std::chrono::steady_clock::now() + kCallPatience;
    while (site_.redis.AskText({"GET", EntryOf(id)}) == before) {
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }

  ReplicaSite site_{{}};
  std::unique_ptr<Replica> survivor_ = site_.Start();
  CreatesBook book_{GetParam(), 2};
  int relays_ = 0;
  std::vector<std::function<void()>> checks_;
};

TEST_P(ReplicasKill, AtEachStepOfTheLedger) {
  for (const KillPlace& place : kPlaces) KillAt(place);
}

TEST_P(ReplicasKill, BetweenTheClaimAndTheUpstream) {
  const bool is_symphony = GetParam() == SandboxUpstream::kSymphony;
  ChaosProxy upstream(
      {.upstream_port = is_symphony ? site_.sandbox.symphony_port() : site_.sandbox.qlik_port()});
  const std::string endpoint = "http://127.0.0.1:" + std::to_string(upstream.port());
  ReplicaOptions options = ShortLived(site_.redis.address());
  (is_symphony ? options.symphony : options.qlik) = endpoint;

  struct Place {
    const char* name;
    const char* plan;
    ChaosListening listening;
    bool arrives;  // at the upstream
    Repeat repeat;
  };
  for (const Place& place : {
           Place{"claimed, and not sent", "", ChaosListening::kFull, false, Repeat::kUnknown},
           Place{"sent, and not arrived", "request.end=drop@0", ChaosListening::kOpen, false,
                 Repeat::kUnknown},
           Place{"sent, and not answered", "answer.end=drop@0", ChaosListening::kOpen, true,
                 Repeat::kUnknownThere},
           Place{"half an answer", "answer.end=drop@60", ChaosListening::kOpen, true, Repeat::kUnknownThere},
       }) {
    const auto plan = ParsePlan(place.plan);
    ASSERT_TRUE(std::holds_alternative<ChaosPlan>(plan)) << place.plan;
    upstream.SetPlan(std::get<ChaosPlan>(plan));
    upstream.SetListening(place.listening);
    const int ended = upstream.totals().ended;
    const auto victim = site_.Start(options);
    const std::string id = book_.NewRequestId();
    auto told = book_.Start(victim->callee(), id);
    EXPECT_TRUE(site_.WaitForEntry(id, true)) << place.name;
    if (place.listening == ChaosListening::kOpen) {
      const auto is_there = [ended](const ChaosTotals& totals) { return totals.ended > ended; };
      EXPECT_TRUE(upstream.WaitFor(is_there, kCallPatience)) << place.name;
    }
    victim->Kill();
    RepeatAtSurvivor(place.name, id, place.repeat);
    EXPECT_EQ(told.get().Row(), "unheard") << place.name;
    upstream.SetListening(ChaosListening::kOpen);
  }
}

// The caller left, the gateway learnt the end, and is gone.
TEST_P(ReplicasKill, AfterTheEndOfACreateThatNobodyWaitedFor) {
  const auto relay = MakeRelay();
  const auto victim = site_.Start(ShortLived(relay->address()));
  victim->WaitUntilUsesRedis();
  site_.Delay(GetParam(), milliseconds(400), 1);
  relay->HoldNext(RedisScript::kRemember, Side::kReply);
  const std::string id = book_.NewRequestId();
  EXPECT_EQ(book_.Call(victim->callee(), id, milliseconds(200), "same").outcome, "unknown");
  EXPECT_TRUE(relay->WaitUntilHeld());
  victim->Kill();
  RepeatAtSurvivor("not told", id, Repeat::kReplays);
}

// The first gateway dies while the second waits for it, with several callers of its own.
TEST_P(ReplicasKill, WhileOthersWait) {
  const auto victim = site_.Start(ShortLived(site_.redis.address()));
  site_.Delay(GetParam(), kForever, 1);
  const std::string id = book_.NewRequestId();
  auto told = book_.Start(victim->callee(), id);
  EXPECT_TRUE(site_.WaitForRequests(GetParam(), 1));
  for (int i = 0; i < 5; ++i) RepeatAtSurvivor("waits", id, Repeat::kUnknownThere);
  victim->Kill();
  EXPECT_EQ(told.get().Row(), "unheard");
}

INSTANTIATE_TEST_SUITE_P(Upstreams, ReplicasKill,
                         testing::Values(SandboxUpstream::kSymphony, SandboxUpstream::kQlik),
                         [](const auto& upstream) {
                           return upstream.param == SandboxUpstream::kSymphony ? "Symphony" : "Qlik";
                         });

}  // namespace
}  // namespace session_gateway
