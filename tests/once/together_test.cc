// Calls with one request_id that are under way together: one create, and each caller with its own time. An
// upstream that answers when it is told to.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/channel.h"
#include "tests/once/once_bed.h"
#include "tests/server/raw_server.h"
#include "tests/server/signal.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

#ifdef SESSION_GATEWAY_SANITIZED
constexpr milliseconds kShort{3000};
#else
constexpr milliseconds kShort{800};
#endif
constexpr seconds kLong{60};
constexpr int kCallers = 100;

class Together : public testing::TestWithParam<const OnceSide*> {
 protected:
  Together()
      : upstream_([this](RawConnection& peer) {
          while (!peer.ReadRequest().empty()) {
            ++requests_;
            asked_.Set();
            if (!may_answer_.Wait()) return;
            peer.Send(Answer());
          }
        }) {
    setup_.linger = std::chrono::minutes(1);
    (side().name == "symphony" ? setup_.symphony : setup_.qlik) =
        Endpoint{"http", "127.0.0.1", upstream_.port(), ""};
    setup_.qlik_auth.user_directory = "d";
    setup_.qlik_auth.user_id = "u";
    gateway_.emplace(setup_, log_);
  }
  ~Together() override {
    may_answer_.Set();
    for (std::thread& thread : threads_) thread.join();
  }

  const OnceSide& side() const { return *GetParam(); }
  std::string Answer() const {
    const std::string body = side().name == "symphony" ? R"({"sessionId":"77"})" : R"({"id":"77"})";
    return (side().name == "symphony" ? "HTTP/1.1 200 OK" : "HTTP/1.1 201 Created") +
           ("\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  RpcResult Call(milliseconds deadline) {
    RpcResult result =
        CallByText(ConnectTo(gateway_->address()), side().rpc, WithId(side().request, kRequestId), deadline);
    EXPECT_EQ(result.problems, "") << result.text;
    return result;
  }
  // On a thread of its own.
  void Begin(milliseconds deadline, RpcResult& result) {
    threads_.emplace_back([this, deadline, &result] { result = Call(deadline); });
  }
  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  // One that is cancelled once the upstream has its request.
  void CallAndCancel(grpc::ClientContext& context) {
    threads_.emplace_back([this, &context] {
      asked_.Wait();
      EXPECT_TRUE(WaitForJoined(joiners_));
      context.TryCancel();
    });
    const auto stub = sessiongateway::v1::SessionGateway::NewStub(ConnectTo(gateway_->address()));
    const std::string text = WithId(side().request, kRequestId);
    grpc::Status status;
    if (side().name == "symphony") {
      sessiongateway::v1::CreateSessionRequest request;
      google::protobuf::TextFormat::ParseFromString(text, &request);
      sessiongateway::v1::CreateSessionResponse response;
      status = stub->CreateSession(&context, request, &response);
    } else {
      sessiongateway::v1::CreateExecutionSessionRequest request;
      google::protobuf::TextFormat::ParseFromString(text, &request);
      sessiongateway::v1::CreateExecutionSessionResponse response;
      status = stub->CreateExecutionSession(&context, request, &response);
    }
    EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  }
  bool WaitForJoined(std::uint64_t joined) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (gateway_->once_counts().joined < joined) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  int OrphansInTheLog() const {
    int count = 0;
    for (std::size_t at = log_.find(R"("msg":"orphan")"); at != std::string::npos;
         at = log_.find(R"("msg":"orphan")", at + 1)) {
      ++count;
    }
    return count;
  }

  Signal asked_;
  Signal may_answer_;
  std::atomic<int> requests_ = 0;
  std::uint64_t joiners_ = 0;  // for which CallAndCancel waits
  RawServer upstream_;
  GatewaySetup setup_;
  std::string log_;
  std::optional<GatewayUnderTest> gateway_;
  std::vector<std::thread> threads_;
};

TEST_P(Together, AHundredAreOne) {
  std::vector<RpcResult> results(kCallers);
  for (RpcResult& result : results) Begin(kLong, result);
  ASSERT_TRUE(WaitForJoined(kCallers - 1));
  may_answer_.Set();
  Join();
  int own = 0;
  for (const RpcResult& result : results) {
    EXPECT_TRUE(result.ok) << result.text;
    EXPECT_THAT(result.text, HasSubstr("id: \"77\""));
    own += result.text.find("replayed: true") == std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(own, 1);
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(gateway_->once_counts().sent, 1u);
  EXPECT_EQ(gateway_->once_counts().joined, kCallers - 1u);
}

TEST_P(Together, EachHasItsOwnDeadline) {
  RpcResult patient;
  RpcResult late;
  Begin(kShort, late);
  asked_.Wait();
  Begin(kLong, patient);
  ASSERT_TRUE(WaitForJoined(1));
  const RpcResult joiner = Call(kShort / 2);
  EXPECT_EQ(joiner.code, "DEADLINE_EXCEEDED") << joiner.text;
  EXPECT_EQ(joiner.outcome, "unknown");
  threads_.front().join();  // the one that began it
  threads_.erase(threads_.begin());
  EXPECT_EQ(late.code, "DEADLINE_EXCEEDED") << late.text;
  EXPECT_EQ(late.outcome, "unknown");
  may_answer_.Set();
  Join();
  ExpectOk(patient, true);
  ExpectOk(Call(kLong), true);
  EXPECT_EQ(requests_, 1);
  gateway_.reset();
  EXPECT_EQ(OrphansInTheLog(), 0) << "somebody knows its end\n" << log_;
}

TEST_P(Together, TheFirstMayLeaveAndTheOthersStay) {
  joiners_ = 1;
  RpcResult other;
  threads_.emplace_back([this, &other] {
    asked_.Wait();
    other = Call(kLong);
  });
  grpc::ClientContext context;
  CallAndCancel(context);
  may_answer_.Set();
  Join();
  ExpectOk(other, true);
  EXPECT_EQ(requests_, 1);
}

// All have left, the create lingers, and its end is remembered and logged.
TEST_P(Together, TheRepeatGetsWhatTheOrphanMade) {
  grpc::ClientContext context;
  CallAndCancel(context);
  ASSERT_TRUE(gateway_->WaitUntilLingering());
  EXPECT_EQ(Call(kShort).code, "DEADLINE_EXCEEDED");
  ASSERT_TRUE(gateway_->WaitUntilLingering()) << "again, when the next has left";
  may_answer_.Set();
  const RpcResult again = Call(kLong);
  ExpectOk(again, true);
  EXPECT_THAT(again.text, HasSubstr("id: \"77\""));
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(gateway_->once_counts().sent, 1u);
}

TEST_P(Together, TheOrphanIsLoggedOnceAndRemembered) {
  EXPECT_EQ(Call(kShort).code, "DEADLINE_EXCEEDED");
  EXPECT_EQ(Call(kShort).code, "DEADLINE_EXCEEDED");
  ASSERT_TRUE(gateway_->WaitUntilLingering());
  may_answer_.Set();
  while (gateway_->once_counts().done == 0) std::this_thread::yield();
  ExpectOk(Call(kLong), true);
  ExpectOk(Call(kLong), true);
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(gateway_->once_counts().replayed, 2u);
  gateway_.reset();
  EXPECT_EQ(OrphansInTheLog(), 1) << log_;
  EXPECT_THAT(log_, HasSubstr(R"("request_id":")" + std::string(kRequestId) + '"'));
  EXPECT_THAT(log_, HasSubstr(R"("created_id":"77")"));
}

INSTANTIATE_TEST_SUITE_P(Both, Together, testing::Values(&kSymphonyOnce, &kQlikOnce),
                         [](const auto& test) { return test.param->name; });

}  // namespace
}  // namespace session_gateway
