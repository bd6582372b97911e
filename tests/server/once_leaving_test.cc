// What those are told who leave a create that somebody else has started.
#include <gtest/gtest.h>

#include "server/ledger/memory_ledger.h"
#include "server/once.h"
#include "tests/server/once_fixture.h"

namespace session_gateway {
namespace {

// Its answer to a renewal comes when the test says so.
class SlowLedger final : public Ledger {
 public:
  SlowLedger(Loop& loop, Ledger& inner) : renewed(loop.get_executor()), inner_(inner) {}

  Task<ClaimResult> Claim(const std::string& key, const ContentHash& content, CallContext& context) override {
    return inner_.Claim(key, content, context);
  }
  Task<LedgerWrite> Renew(LedgerClaim&) override {
    is_renewing = true;
    co_await renewed.Wait();
    co_return LedgerWrite::kDone;
  }
  Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) override {
    return inner_.Remember(claim, std::move(ending));
  }
  Task<LedgerWrite> Forget(const LedgerClaim& claim) override { return inner_.Forget(claim); }
  Duration renew_every() const override { return Duration::zero(); }
  void Close() override {}

  LoopEvent renewed;
  bool is_renewing = false;

 private:
  Ledger& inner_;
};

TEST(OnceLeaving, WhoJoinedIsToldThatAnothersCallMadeIt) {
  Loop loop(1);
  const HandedClock clock;
  MemoryLedger memory(clock, MemoryLedgerBounds());
  SlowLedger ledger(loop, memory);
  PlayedUpstream upstream(loop, clock);
  Exchanges exchanges(loop, clock, std::chrono::hours(1));
  Once once(exchanges, clock, ledger, OncePauses());
  PlayedCall first;
  PlayedCall joined;
  for (PlayedCall* const call : {&first, &joined}) {
    BeginCall(loop, once, MakeCall(upstream, "key", "a", false), *call);
    loop.poll();
    loop.restart();
  }
  while (!ledger.is_renewing) loop.run_one();
  upstream.flight().Depart();
  loop.poll();
  upstream.flight().Answer(PlayedReply(200, "session"));
  loop.poll();
  // The end is known, and the claim is still being renewed: nobody waits for that.
  ASSERT_TRUE(first.told && !first.told->error);
  EXPECT_FALSE(first.told->replayed);
  ASSERT_TRUE(joined.told && !joined.told->error);
  EXPECT_EQ(joined.told->response, "session");
  EXPECT_TRUE(joined.told->replayed);
  EXPECT_EQ(memory.running(), 1u);
  ledger.renewed.Announce();
  loop.run();
  EXPECT_EQ(memory.running(), 0u);
}

}  // namespace
}  // namespace session_gateway
