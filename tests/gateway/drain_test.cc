// The end of the program under load: what was accepted is answered, what is refused was not sent, and the
// upstream has the sessions that the callers were told of and no others.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/channel.h"
#include "tests/gateway/programs.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kCallers = 50;
#else
constexpr int kCallers = 200;
#endif
constexpr int kChannels = 8;
constexpr auto kPatience = std::chrono::seconds(60);

// What the callers saw, by `OK`, the outcome of an error, or the status of one without an outcome.
class Tally {
 public:
  void Add(const std::string& end) {
    const std::lock_guard lock(mutex_);
    ++ends_[end];
  }
  int operator[](const std::string& end) const {
    const std::lock_guard lock(mutex_);
    const auto found = ends_.find(end);
    return found == ends_.end() ? 0 : found->second;
  }
  std::string Text() const {
    const std::lock_guard lock(mutex_);
    return testing::PrintToString(ends_);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> ends_;  // guarded by mutex_
};

std::string EndOf(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.ok()) return "OK";
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto outcome = trailers.find("session-gateway-outcome");
  const std::string code = std::to_string(status.error_code());
  if (outcome == trailers.end()) return "none " + code;
  return std::string(outcome->second.data(), outcome->second.size()) + ' ' + code;
}

// Callers that go on calling until they are refused.
class Callers {
 public:
  explicit Callers(const std::string& address) {
    for (int i = 0; i < kChannels; ++i) channels_.push_back(ConnectTo(address));
    for (int i = 0; i < kCallers; ++i) {
      threads_.emplace_back([this, channel = channels_[static_cast<std::size_t>(i % kChannels)]] {
        while (CallOnce(channel)) continue;
      });
    }
  }
  ~Callers() { Join(); }
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  const Tally& tally() const { return tally_; }

 private:
  bool CallOnce(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::CreateSessionRequest request;
    request.set_application_name("a");
    v1::CreateSessionResponse response;
    const grpc::Status status =
        v1::SessionGateway::NewStub(channel)->CreateSession(&context, request, &response);
    tally_.Add(EndOf(status, context));
    return status.ok();
  }

  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  Tally tally_;
  std::vector<std::thread> threads_;
};

class DrainUnderLoad : public testing::Test {
 protected:
  DrainUnderLoad() { sandbox_.symphony().AddFault(R"({"kind":"delay","ms":500,"count":100000})"); }

  void WaitForRequests(std::int64_t requests) {
    while (sandbox_.symphony().Count("requests") < requests) std::this_thread::yield();
  }

  SandboxProgram sandbox_;
};

TEST_F(DrainUnderLoad, EveryCallThatWasAcceptedIsAnswered) {
  const TemporaryFile config(ConfigFor(sandbox_.symphony_endpoint(), ""));
  GatewayProgram gateway({"--config", config.path()});
  Callers callers(gateway.address());
  WaitForRequests(kCallers + kCallers / 2);  // all are at it, some for the second time
  gateway.process().Signal(SIGTERM);
  EXPECT_EQ(gateway.process().WaitForEnd(), 0) << gateway.process().log();
  callers.Join();

  const Tally& seen = callers.tally();
  const std::int64_t created = sandbox_.symphony().Count("creates");
  EXPECT_GE(seen["OK"], kCallers) << seen.Text();
  EXPECT_EQ(seen["OK"], created) << seen.Text();
  // Refused by the draining gateway, or by the closed door, which has seen nothing of the call.
  EXPECT_EQ(seen["not_sent 14"] + seen["none 14"], kCallers) << seen.Text();
  EXPECT_GT(seen["not_sent 14"], 0) << "nobody was told that it drains: " << seen.Text();
}

TEST_F(DrainUnderLoad, WhatOutlastsTheDrainIsAnsweredToo) {
  const TemporaryFile config(ConfigFor(sandbox_.symphony_endpoint(), "") + "drain_timeout: 300ms\n");
  GatewayProgram gateway({"--config", config.path()});
  Callers callers(gateway.address());
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
  EXPECT_EQ(unknown + seen["not_sent 14"] + seen["none 14"], kCallers)
      << "another end than an answer or a refusal: " << seen.Text();
}

TEST_F(DrainUnderLoad, TheSecondSignalEndsAtOnce) {
  const TemporaryFile config(ConfigFor(sandbox_.symphony_endpoint(), ""));
  GatewayProgram gateway({"--config", config.path()});
  Callers callers(gateway.address());
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
