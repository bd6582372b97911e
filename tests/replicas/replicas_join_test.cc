// The same request_id at two gateways that share one Redis: one session, and all callers are told of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replicas/replica_site.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

class ReplicasJoin : public testing::TestWithParam<SandboxUpstream> {
 protected:
  ~ReplicasJoin() override { book_.ExpectHonest(site_.sandbox); }

  std::uint64_t Creates() const { return site_.sandbox.counters(GetParam()).creates; }

  ReplicaSite site_{{}};
  std::unique_ptr<Replica> first_ = site_.Start();
  std::unique_ptr<Replica> second_ = site_.Start();
  CreatesBook book_{GetParam(), 1};
};

TEST_P(ReplicasJoin, OneAfterTheOtherGivesOneSession) {
  const std::string id = book_.NewRequestId();
  const Told told = book_.Call(first_->callee(), id);
  EXPECT_EQ(told.Row(), "OK") << told;
  for (Replica* const replica : {first_.get(), second_.get()}) {
    const Told again = book_.Call(replica->callee(), id);
    EXPECT_EQ(again.Row(), "OK replayed") << again;
    EXPECT_EQ(again.made, told.made);
  }
  EXPECT_EQ(Creates(), 1u);
}

TEST_P(ReplicasJoin, AtOnceGivesOneSession) {
  constexpr int kIds = 40;
  std::vector<std::future<Told>> all;
  for (int i = 0; i < kIds; ++i) {
    const std::string id = book_.NewRequestId();
    all.push_back(book_.Start(first_->callee(), id));
    all.push_back(book_.Start(second_->callee(), id));
  }
  int replayed = 0;
  for (auto& one : all) {
    const Told told = one.get();
    EXPECT_TRUE(told.ok) << told;
    if (told.replayed) ++replayed;
  }
  EXPECT_EQ(replayed, kIds);
  StopAll({first_.get(), second_.get()});
  EXPECT_EQ(Creates(), static_cast<std::uint64_t>(kIds));
}

TEST_P(ReplicasJoin, OtherContentIsRefusedWhileItRunsAndAfterwards) {
  const std::string id = book_.NewRequestId();
  site_.Delay(GetParam(), milliseconds(500), 1);
  auto first = book_.Start(first_->callee(), id);
  ASSERT_TRUE(site_.WaitForRequests(GetParam(), 1));
  const char* const kReused = "INVALID_ARGUMENT REQUEST_ID_REUSED not_sent";
  EXPECT_EQ(book_.Call(second_->callee(), id, kCallPatience, "other").Row(), kReused);
  EXPECT_EQ(first.get().Row(), "OK");
  for (Replica* const replica : {first_.get(), second_.get()}) {
    EXPECT_EQ(book_.Call(replica->callee(), id, kCallPatience, "other").Row(), kReused);
  }
  EXPECT_EQ(book_.Call(second_->callee(), id).Row(), "OK replayed");
}

TEST_P(ReplicasJoin, WhoWaitsAtTheOtherGatewayKeepsItsDeadline) {
  const std::string id = book_.NewRequestId();
  site_.Delay(GetParam(), milliseconds(900), 1);
  auto first = book_.Start(first_->callee(), id);
  ASSERT_TRUE(site_.WaitForRequests(GetParam(), 1));
  auto patient = book_.Start(second_->callee(), id);
  const Told short_of_time = book_.Call(second_->callee(), id, milliseconds(300), "same");
  EXPECT_EQ(short_of_time.Row(), "DEADLINE_EXCEEDED DEADLINE unknown") << short_of_time;
  const Told told = first.get();
  EXPECT_EQ(told.Row(), "OK");
  const Told joined = patient.get();
  EXPECT_EQ(joined.Row(), "OK replayed") << joined;
  EXPECT_EQ(joined.made, told.made);
  EXPECT_EQ(book_.Call(second_->callee(), id).Row(), "OK replayed");
  EXPECT_EQ(Creates(), 1u);
}

TEST_P(ReplicasJoin, WhatIsRefusedIsToldToWhoWaitsAndMayBeTriedAgain) {
  const std::string id = book_.NewRequestId();
  // The one that waits at the other gateway finds the key free, and asks by itself.
  EXPECT_TRUE(site_.sandbox.AddFault(GetParam(), {.kind = SandboxFaultKind::kStatus, .status = 400}));
  EXPECT_EQ(book_.Call(first_->callee(), id).outcome, "refused");
  EXPECT_EQ(book_.Call(second_->callee(), id).Row(), "OK");
  EXPECT_EQ(book_.Call(first_->callee(), id).Row(), "OK replayed");
}

TEST_P(ReplicasJoin, ACallerThatLeavesLosesNothing) {
  const std::string id = book_.NewRequestId();
  site_.Delay(GetParam(), milliseconds(600), 1);
  const Told left = book_.Call(first_->callee(), id, milliseconds(200), "same");
  EXPECT_EQ(left.outcome, "unknown") << left;
  const Told told = book_.Call(second_->callee(), id);
  EXPECT_EQ(told.Row(), "OK replayed") << told;
  EXPECT_EQ(Creates(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Upstreams, ReplicasJoin,
                         testing::Values(SandboxUpstream::kSymphony, SandboxUpstream::kQlik),
                         [](const auto& upstream) {
                           return upstream.param == SandboxUpstream::kSymphony ? "Symphony" : "Qlik";
                         });

}  // namespace
}  // namespace session_gateway
