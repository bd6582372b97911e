// The way from a gateway to Redis is cut at places all over a request's bytes, in both directions, and the
// gateway is killed or goes on: never a second session.
#include <gtest/gtest.h>

#include "tests/chaos/chaos_proxy.h"
#include "tests/replicas/replica_site.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;
// In each direction of one request.
constexpr std::uint64_t kPlaces = 11;

struct CutBytes {
  std::uint64_t handshake = 0;  // until Redis can be used
  std::uint64_t call = 0;       // of one request, behind it
};

class ReplicasCut : public testing::Test {
 protected:
  ~ReplicasCut() override {
    for (auto& repeat : repeats_) repeat();
    std::vector<Replica*> all = {survivor_.get()};
    for (const auto& replica : cut_) all.push_back(replica.get());
    StopAll(all);
    book_.ExpectHonest(site_.sandbox);
  }

  std::unique_ptr<Replica> StartVictim() {
    return site_.Start(ShortLived("127.0.0.1:" + std::to_string(way_.port())));
  }

  static std::uint64_t Count(const ChaosConnection& connection, bool is_request) {
    return is_request ? connection.request.received : connection.answer.received;
  }

  CutBytes Measure(bool is_request) {
    way_.Forward();
    const auto replica = StartVictim();
    replica->WaitUntilUsesRedis();
    const std::uint64_t before = Count(way_.last(), is_request);
    const std::string id = book_.NewRequestId();
    EXPECT_EQ(book_.Call(replica->callee(), id).Row(), "OK");
    // The end is written behind the answer to the caller.
    EXPECT_EQ(book_.Call(survivor_->callee(), id).Row(), "OK replayed");
    const std::uint64_t after = Count(way_.last(), is_request);
    EXPECT_GT(after, before);
    return {before, after - before};
  }

  void CutAt(const std::string& plan_text, bool kills) {
    const auto plan = ParsePlan(plan_text);
    ASSERT_TRUE(std::holds_alternative<ChaosPlan>(plan)) << plan_text;
    way_.Forward();
    way_.PlanNext(std::get<ChaosPlan>(plan));
    const int ended = way_.totals().ended;
    auto victim = StartVictim();
    victim->WaitUntilUsesRedis();
    const std::string id = book_.NewRequestId();
    auto told = book_.Start(victim->callee(), id);
    // The last bytes of an answer may be fewer than they were when they were measured.
    const auto is_cut = [ended](const ChaosTotals& totals) { return totals.ended > ended; };
    while (!way_.WaitFor(is_cut, milliseconds(5)) &&
           told.wait_for(milliseconds(0)) != std::future_status::ready) {
    }
    if (kills) victim->Kill();
    const auto repeat = std::make_shared<std::future<Told>>(
        std::async(std::launch::async,
                   [this, callee = survivor_->callee(), id] { return book_.AskUntilTold(callee, id); }));
    repeats_.push_back([repeat, plan_text] {
      const Told last = repeat->get();
      EXPECT_TRUE(last.ok || last.outcome == "unknown") << plan_text << ": " << last;
    });
    if (kills) return;
    const Told first = told.get();
    EXPECT_TRUE(first.ok || first.outcome == "not_sent" || first.outcome == "unknown") << plan_text << first;
    cut_.push_back(std::move(victim));
  }

  void CutEverywhere(const std::string& direction) {
    const CutBytes bytes = Measure(direction == "request");
    for (std::uint64_t i = 0; i < kPlaces; ++i) {
      const std::string place = "@" + std::to_string(bytes.handshake + bytes.call * i / kPlaces);
      CutAt(direction + ".end=stall" + place, true);
      CutAt(direction + (i % 2 == 0 ? ".end=reset" : ".end=close") + place, false);
    }
  }

  const std::string port_ = std::to_string(FreeLoopbackPort());
  ReplicaSite site_{{"--port", port_}};
  ChaosProxy way_{{.upstream_port = std::stoi(port_)}};
  std::unique_ptr<Replica> survivor_ = site_.Start();
  CreatesBook book_{kSymphony, 5};
  std::vector<std::unique_ptr<Replica>> cut_;  // and alive
  std::vector<std::function<void()>> repeats_;
};

TEST_F(ReplicasCut, TowardsRedis) { CutEverywhere("request"); }
TEST_F(ReplicasCut, FromRedis) { CutEverywhere("answer"); }

}  // namespace
}  // namespace session_gateway
