// The end of the program under load: what was accepted is answered, what is refused was not sent, and the
// upstream has the sessions that the callers were told of and no others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "tests/gateway/callers.h"
#include "tests/gateway/programs.h"

namespace session_gateway {
namespace {

#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kCallers = 50;
#else
constexpr int kCallers = 200;
#endif
class DrainUnderLoad : public testing::Test {
 protected:
  // Each create takes so long.
  void Delay(int milliseconds) {
    sandbox_.symphony().AddFault(R"({"kind":"delay","ms":)" + std::to_string(milliseconds) +
                                 R"(,"count":100000})");
  }
  void WaitForRequests(std::int64_t requests) {
    while (sandbox_.symphony().Count("requests") < requests) std::this_thread::yield();
  }

  SandboxProgram sandbox_;
};

TEST_F(DrainUnderLoad, EveryCallThatWasAcceptedIsAnswered) {
  Delay(500);
  const TemporaryFile config(ConfigFor(sandbox_.symphony_endpoint(), ""));
  GatewayProgram gateway({"--config", config.path()});
  Callers callers(gateway.address(), kCallers, Callers::Until::kError);
  WaitForRequests(kCallers + kCallers / 2);  // all are at it, some for the second time
  gateway.process().Signal(SIGTERM);
  EXPECT_EQ(gateway.process().WaitForEnd(), 0) << gateway.process().log();
  callers.Join();

  const Tally& seen = callers.tally();
  const std::int64_t created = sandbox_.symphony().Count("creates");
  EXPECT_GE(seen["OK"], kCallers) << seen.Text();
  EXPECT_EQ(seen["OK"], created) << seen.Text();
  // Refused by the draining gateway, or by the closed door, which has seen nothing of the call. One that
  // crosses its connection's GOAWAY is cancelled by gRPC itself.
  EXPECT_EQ(seen["not_sent 14"] + seen["none 14"] + seen["none 1"], kCallers) << seen.Text();
#ifndef SESSION_GATEWAY_SANITIZED  // so slow, the calls may all miss the short time of refusals
  EXPECT_GT(seen["not_sent 14"], 0) << "nobody was told that it drains: " << seen.Text();
#endif
}

TEST_F(DrainUnderLoad, WhatOutlastsTheDrainIsAnsweredToo) {
  Delay(1500);
  // A tenth of it is for the answers of 200 calls.
  const TemporaryFile config(ConfigFor(sandbox_.symphony_endpoint(), "") + "drain_timeout: 1s\n");
  GatewayProgram gateway({"--config", config.path()});
  Callers callers(gateway.address(), kCallers, Callers::Until::kError);
  WaitForRequests(kCallers + kCallers / 2);
  gateway.process().Signal(SIGTERM);
  EXPECT_EQ(gateway.process().WaitForEnd(), 0) << gateway.process().log();
  callers.Join();

  const Tally& seen = callers.tally();
  const std::int64_t created = sandbox_.symphony().Count("creates");
  const int unknown = seen["unknown 4"];
  EXPECT_GT(unknown, 0) << seen.Text();
  EXPECT_LE(seen["OK"], created) << seen.Text();
  EXPECT_LE(created, seen["OK"] + unknown) << seen.Text();
  EXPECT_EQ(unknown + seen["not_sent 14"] + seen["none 14"] + seen["none 1"], kCallers)
      << "another end than an answer or a refusal: " << seen.Text();
}

TEST_F(DrainUnderLoad, TheSecondSignalEndsAtOnce) {
  Delay(500);
  const TemporaryFile config(ConfigFor(sandbox_.symphony_endpoint(), ""));
  GatewayProgram gateway({"--config", config.path()});
  Callers callers(gateway.address(), kCallers, Callers::Until::kError);
  WaitForRequests(kCallers);
  gateway.process().Signal(SIGTERM);
  EXPECT_NE(gateway.process().WaitForLine(R"("msg":"draining")"), "");
  gateway.process().Signal(SIGINT);
  EXPECT_EQ(gateway.process().WaitForEnd(), -SIGINT);
  callers.Join();
  const std::int64_t created = sandbox_.symphony().Count("creates");
  EXPECT_LE(callers.tally()["OK"], created) << callers.tally().Text();
}

}  // namespace
}  // namespace session_gateway
