// The program before more connections than it can have: calls that are there go on, its upstreams stay within
// reach, and it listens again when the flood has gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "tests/exchange/channel.h"
#include "tests/gateway/programs.h"
#include "tests/server/raw_caller.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kSession = "CreateSession";
constexpr char kRequest[] = R"(application_name: "a")";
constexpr auto kPatience = std::chrono::seconds(60);

int PortOf(const std::string& address) { return std::stoi(address.substr(address.rfind(':') + 1)); }

std::size_t OpenDescriptors(pid_t pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Seconds of processor time that the process has taken.
double ProcessorTime(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  for (int i = 0; i < 13; ++i) file >> word;
  double user = 0;
  double system = 0;
  file >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

RpcResult CallOn(const std::shared_ptr<grpc::Channel>& channel, std::chrono::milliseconds deadline) {
  return CallByText(channel, kSession, kRequest, deadline);
}

// Polls until a new connection serves a call.
testing::AssertionResult ServesAgain(const GatewayProgram& gateway) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  RpcResult last;
  while (std::chrono::steady_clock::now() < end) {
    last = CallOn(ConnectTo(gateway.address()), std::chrono::seconds(5));
    if (last.ok) return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << last.text;
}

class ConnectionFlood : public testing::Test {
 protected:
  std::vector<RawCaller> Flood(const GatewayProgram& gateway, int connections) {
    std::vector<RawCaller> callers;
    for (int i = 0; i < connections; ++i) callers.emplace_back(PortOf(gateway.address()));
    return callers;
  }

  // Calls of which each has reached the upstream and will be answered after a second.
  std::vector<std::future<RpcResult>> RunningCalls(const std::shared_ptr<grpc::Channel>& channel, int calls) {
    sandbox_.symphony().AddFault(R"({"kind":"delay","ms":1000,"count":)" + std::to_string(calls) + "}");
    const auto before = sandbox_.symphony().Count("requests");
    std::vector<std::future<RpcResult>> running;
    for (int i = 0; i < calls; ++i) {
      running.push_back(std::async(std::launch::async, [channel] { return CallOn(channel, kPatience); }));
    }
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (sandbox_.symphony().Count("requests") < before + calls) {
      if (std::chrono::steady_clock::now() >= end) {
        ADD_FAILURE() << "the calls do not reach the upstream";
        break;
      }
      std::this_thread::yield();
    }
    return running;
  }

  SandboxProgram sandbox_;
  TemporaryFile config_{ConfigFor(sandbox_.symphony_endpoint(), "") + "pool: {connections: 8}\n" +
                        "limits: {connections: 16}\n"};
};

TEST_F(ConnectionFlood, BeyondTheBoundHurtsNobody) {
  GatewayProgram gateway({"--config", config_.path()});
  const auto channel = ConnectTo(gateway.address());
  auto running = RunningCalls(channel, 4);
  {
    const std::vector<RawCaller> flood = Flood(gateway, 200);
    for (auto& call : running) EXPECT_TRUE(call.get().ok);
    // One of another connection to the upstream than those that are kept.
    auto more = RunningCalls(channel, 8);
    for (auto& call : more) EXPECT_TRUE(call.get().ok);
    EXPECT_THAT(gateway.process().WaitForLine("connections_refused"), HasSubstr("bound on connections"));
  }
  EXPECT_TRUE(ServesAgain(gateway));
  EXPECT_EQ(gateway.Stop(), 0) << gateway.process().log();
  EXPECT_THAT(gateway.process().log(), Not(HasSubstr("may need")));
}

// The limit falls below what the program knows of, so that accept() itself fails.
TEST_F(ConnectionFlood, WithoutDescriptorsTheProgramGoesOnAndRecovers) {
  GatewayProgram gateway({"--config", config_.path()});
  const pid_t pid = gateway.process().pid();
  const auto channel = ConnectTo(gateway.address());
  auto running = RunningCalls(channel, 4);
  const rlimit low{.rlim_cur = OpenDescriptors(pid) + 5, .rlim_max = OpenDescriptors(pid) + 5};
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, &low, nullptr), 0);
  {
    const std::vector<RawCaller> flood = Flood(gateway, 100);
    EXPECT_THAT(gateway.process().WaitForLine("connections_refused"), HasSubstr("Too many open files"));
    for (auto& call : running) {
      const RpcResult result = call.get();
      EXPECT_TRUE(result.ok) << result.text;
    }
    const double before = ProcessorTime(pid);
    // Kept connections serve as before. One too many has nothing to send on, and says so.
    auto more = RunningCalls(channel, 4);
    const RpcResult refused = CallOn(channel, kPatience);
    EXPECT_EQ(refused.code, "UNAVAILABLE");
    EXPECT_EQ(refused.outcome, "not_sent");
    for (auto& call : more) EXPECT_TRUE(call.get().ok);
    EXPECT_LT(ProcessorTime(pid) - before, 0.5) << "it spins";
  }
  EXPECT_TRUE(ServesAgain(gateway));
  EXPECT_EQ(gateway.Stop(), 0) << gateway.process().log();
}

TEST_F(ConnectionFlood, ALimitThatIsTooLowIsToldAndShared) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const std::string need = std::to_string(before.rlim_max);
  const TemporaryFile config(ConfigFor(sandbox_.symphony_endpoint(), "") + "pool: {connections: 8}\n" +
                             "limits: {connections: 1000000}\n");
  if (before.rlim_max > 1'000'056) GTEST_SKIP() << "the limit here is above all that can be configured";
  GatewayProgram gateway({"--config", config.path()});
  EXPECT_THAT(gateway.process().WaitForLine("may need 1000056 descriptors"), HasSubstr("may have " + need));
  rlimit raised{};
  ASSERT_EQ(prlimit(gateway.process().pid(), RLIMIT_NOFILE, nullptr, &raised), 0);
  EXPECT_EQ(raised.rlim_cur, before.rlim_max);
  EXPECT_EQ(gateway.Stop(), 0);
}

}  // namespace
}  // namespace session_gateway
