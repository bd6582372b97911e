// The program that ends, in the middle of a create or after it, and another one that is asked the same: its
// ledger in memory is empty.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "tests/exchange/channel.h"
#include "tests/gateway/programs.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;

constexpr char kSession[] = R"(application_name: "app" request_id: "046b6c7f-0b8a-43b9-b35d-6489e6daee91")";
constexpr char kRow[] = R"(execution_session { } request_id: "046b6c7f-0b8a-43b9-b35d-6489e6daee91")";
constexpr char kReplayed[] = "replayed: true";

class Restart : public testing::Test {
 protected:
  Restart() : config_(ConfigFor(sandbox_.symphony_endpoint(), sandbox_.qlik_endpoint())) { Begin(); }

  void Begin() { gateway_.emplace(std::vector<std::string>{"--config", config_.path()}); }
  void Kill() {
    gateway_->process().Signal(SIGKILL);
    EXPECT_EQ(gateway_->process().WaitForEnd(), -SIGKILL);
  }
  RpcResult CallRow() { return gateway_->Call("CreateExecutionSession", kRow); }
  RpcResult CallSession() { return gateway_->Call("CreateSession", kSession); }

  SandboxProgram sandbox_;
  TemporaryFile config_;
  std::optional<GatewayProgram> gateway_;
};

TEST_F(Restart, QlikStillKnowsTheRow) {
  const RpcResult first = CallRow();
  ASSERT_TRUE(first.ok) << first.text;
  Kill();
  Begin();
  for (int i = 0; i < 2; ++i) {
    const RpcResult again = CallRow();
    EXPECT_TRUE(again.ok) << again.text;
    EXPECT_THAT(again.text, HasSubstr(kReplayed));
  }
  EXPECT_EQ(sandbox_.qlik().Count("creates"), 1);
}

TEST_F(Restart, ARowOfWhichNobodyWasToldIsFound) {
  sandbox_.qlik().AddFault(R"({"kind":"delay","method":"POST","ms":60000})");
  std::thread caller([this, address = gateway_->address()] {
    // Its connection ends with the gateway.
    CallByText(ConnectTo(address), "CreateExecutionSession", kRow, std::chrono::seconds(60));
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (sandbox_.qlik().Count("creates") == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  Kill();
  caller.join();
  Begin();
  const RpcResult again = CallRow();
  EXPECT_TRUE(again.ok) << again.text;
  EXPECT_THAT(again.text, HasSubstr(kReplayed));
  EXPECT_EQ(sandbox_.qlik().Count("creates"), 1);
}

// What the memory ledger does not promise.
TEST_F(Restart, SymphonyCreatesAgain) {
  EXPECT_TRUE(CallSession().ok);
  EXPECT_THAT(CallSession().text, HasSubstr(kReplayed));
  Kill();
  Begin();
  EXPECT_TRUE(CallSession().ok);
  EXPECT_EQ(sandbox_.symphony().Count("creates"), 2);
}

TEST_F(Restart, TheCountsAreLoggedAtTheEnd) {
  EXPECT_TRUE(CallSession().ok);
  EXPECT_TRUE(CallSession().ok);
  sandbox_.qlik().AddFault(R"({"kind":"reset","method":"POST"})");
  EXPECT_TRUE(CallRow().ok);
  EXPECT_EQ(gateway_->Call("CreateSession", std::string(kSession) + " session { }").outcome, "");
  EXPECT_EQ(gateway_->Call("CreateSession", std::string(kSession) + " cluster_id: \"c\"").outcome,
            "not_sent");
  EXPECT_EQ(gateway_->Stop(), 0);
  const nlohmann::json line =
      nlohmann::json::parse(gateway_->process().WaitForLine(R"("msg":"ledger")"), nullptr, false);
  ASSERT_TRUE(line.is_object()) << gateway_->process().log();
  const nlohmann::json expected = {
      {"sent", 2},          {"joined", 0},  {"replayed", 2},    {"still_unknown", 0},
      {"other_content", 1}, {"full", 0},    {"unreachable", 0}, {"left", 0},
      {"done", 2},          {"unknown", 0}, {"refused", 0},     {"not_sent", 0},
      {"asked", 1},         {"found", 1},   {"absent", 0},      {"lost", 0}};
  for (const auto& [name, value] : expected.items()) EXPECT_EQ(line.value(name, -1), value) << name;
}

}  // namespace
}  // namespace session_gateway
