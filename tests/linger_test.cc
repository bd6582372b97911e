// Creates whose callers leave before the answer: what the caller is told, what the log says in the end, and
// that nothing is sent again. One suite against both upstreams.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/channel.h"
#include "tests/exchange/gateway_under_test.h"
#include "tests/exchange/rpc_text.h"
#include "tests/gateway/programs.h"
#include "tests/server/raw_server.h"
#include "tests/server/signal.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// Its margin must be enough for a busy machine: a caller whose own timer fires first is told nothing.
#ifdef SESSION_GATEWAY_SANITIZED
constexpr milliseconds kDeadline{3000};
#else
constexpr milliseconds kDeadline{1000};
#endif

struct Side {
  std::string name;
  std::string rpc;
  std::string request;
  std::string answer;  // that creates, without its header
  std::string status_line;
  nlohmann::json identification;  // of the orphan, beside what is the same for both
};

const Side kSymphonySide = {"symphony",
                            "CreateSession",
                            R"(application_name: "app" cluster_id: "c1" csrf_token: "canary-token"
       session { session_name: "night run" session_tag: "run-17" })",
                            R"({"sessionId":"593713426"})",
                            "HTTP/1.1 200 OK\r\n",
                            {{"method", "sessiongateway.v1.SessionGateway/CreateSession"},
                             {"application_name", "app"},
                             {"cluster_id", "c1"},
                             {"session_name", "night run"},
                             {"session_tag", "run-17"}}};
const Side kQlikSide = {
    "qlik",
    "CreateExecutionSession",
    R"(execution_session { id: "046b6c7f-0b8a-43b9-b35d-6489e6daee91" user: "canary-user" })",
    R"({"id":"593713426"})",
    "HTTP/1.1 201 Created\r\n",
    {{"method", "sessiongateway.v1.SessionGateway/CreateExecutionSession"},
     {"requested_id", "046b6c7f-0b8a-43b9-b35d-6489e6daee91"}}};

// The lines of the log with that message.
std::vector<nlohmann::json> LinesOf(const std::string& log, std::string_view message) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(log);
  for (std::string line; std::getline(text, line);) {
    const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
    if (parsed.is_object() && parsed.value("msg", "") == message) lines.push_back(parsed);
  }
  return lines;
}

class LingerTest : public testing::TestWithParam<const Side*> {
 protected:
  // Answers each request with `answer`, header and body, once it may; "" never answers.
  LingerTest()
      : upstream_([this](RawConnection& peer) {
          while (!peer.ReadRequest().empty()) {
            ++requests_;
            asked_.Set();
            if (!may_answer_.Wait()) return;
            if (answer_.empty()) return peer.WaitForEnd();
            peer.Send(answer_);
          }
        }) {}
  ~LingerTest() override { may_answer_.Set(); }

  const Side& side() const { return *GetParam(); }
  std::string Whole(const std::string& status_line, const std::string& body) const {
    return status_line + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  Endpoint upstream_endpoint() const { return {"http", "127.0.0.1", upstream_.port(), ""}; }

  GatewaySetup Setup(milliseconds linger) const {
    GatewaySetup setup;
    (side().name == "symphony" ? setup.symphony : setup.qlik) = upstream_endpoint();
    setup.qlik_auth.user_directory = "d";
    setup.qlik_auth.user_id = "u";
    setup.linger = linger;
    return setup;
  }

  // The log of a gateway whose one call ran out of time, and to which the upstream then answered.
  std::string LogOfLateAnswer(const std::string& answer) {
    answer_ = answer;
    std::string log;
    {
      GatewayUnderTest gateway(Setup(std::chrono::minutes(1)), log);
      result_ = CallByText(ConnectTo(gateway.address()), side().rpc, side().request, kDeadline);
      may_answer_.Set();
      gateway.WaitForLingering();
    }
    return log;
  }

  grpc::StatusCode Call(const std::string& address, grpc::ClientContext& context) const {
    namespace v1 = sessiongateway::v1;
    const auto stub = v1::SessionGateway::NewStub(ConnectTo(address));
    if (side().name == "symphony") {
      v1::CreateSessionRequest request;
      google::protobuf::TextFormat::ParseFromString(side().request, &request);
      v1::CreateSessionResponse response;
      return stub->CreateSession(&context, request, &response).error_code();
    }
    v1::CreateExecutionSessionRequest request;
    google::protobuf::TextFormat::ParseFromString(side().request, &request);
    v1::CreateExecutionSessionResponse response;
    return stub->CreateExecutionSession(&context, request, &response).error_code();
  }

  void ExpectOrphan(const nlohmann::json& line, const std::string& outcome) const {
    nlohmann::json expected = side().identification;
    expected.update({{"upstream", side().name},
                     {"outcome", outcome},
                     {"endpoint", "http://127.0.0.1:" + std::to_string(upstream_.port())}});
    for (const auto& [name, value] : expected.items()) EXPECT_EQ(line.value(name, ""), value) << line;
    EXPECT_GE(line.at("lingered_ms").get<double>(), 0);
  }

  Signal asked_;
  Signal may_answer_;
  std::string answer_;
  std::atomic<int> requests_ = 0;
  RawServer upstream_;
  RpcResult result_;
};

TEST_P(LingerTest, ALateSuccessIsLoggedWithItsId) {
  const std::string log = LogOfLateAnswer(Whole(side().status_line, side().answer));
  EXPECT_EQ(result_.code, "DEADLINE_EXCEEDED") << result_.text;
  EXPECT_EQ(result_.outcome, "unknown");
  EXPECT_THAT(result_.text, HasSubstr("wait"));
  EXPECT_EQ(result_.problems, "");
  const auto orphans = LinesOf(log, "orphan");
  ASSERT_EQ(orphans.size(), 1u) << log;
  ExpectOrphan(orphans[0], "done");
  EXPECT_EQ(orphans[0].value("created_id", ""), "593713426");
  EXPECT_EQ(orphans[0].value("level", ""), "warning");
  EXPECT_EQ(LinesOf(log, "call").size(), 1u);
  EXPECT_THAT(log, Not(HasSubstr("canary")));
  EXPECT_EQ(requests_, 1);
}

TEST_P(LingerTest, ALateRefusalLeftNothingBehind) {
  const std::string log = LogOfLateAnswer(Whole("HTTP/1.1 400 Bad Request\r\n", "canary-body"));
  const auto orphans = LinesOf(log, "orphan");
  ASSERT_EQ(orphans.size(), 1u) << log;
  ExpectOrphan(orphans[0], "refused");
  EXPECT_EQ(orphans[0].value("http_status", 0), 400);
  EXPECT_EQ(orphans[0].value("level", ""), "info");
  EXPECT_THAT(log, Not(HasSubstr("canary")));
}

TEST_P(LingerTest, ALateAnswerThatCannotBeReadGivesItsIdAway) {
  const std::string id_name = side().name == "symphony" ? "sessionId" : "id";
  const std::string log = LogOfLateAnswer(Whole(side().status_line, R"({")" + id_name + R"(":"77","x":)"));
  const auto orphans = LinesOf(log, "orphan");
  ASSERT_EQ(orphans.size(), 1u) << log;
  ExpectOrphan(orphans[0], "done");
  EXPECT_EQ(orphans[0].value("reason", ""), "ANSWER_UNREADABLE");
  EXPECT_EQ(orphans[0].value("created_id", ""), "77");
}

TEST_P(LingerTest, LingeringHasItsTime) {
  answer_ = "";
  std::string log;
  {
    GatewayUnderTest gateway(Setup(milliseconds(50)), log);
    result_ = CallByText(ConnectTo(gateway.address()), side().rpc, side().request, kDeadline);
    gateway.WaitForLingering();
    may_answer_.Set();
  }
  const auto orphans = LinesOf(log, "orphan");
  ASSERT_EQ(orphans.size(), 1u) << log;
  ExpectOrphan(orphans[0], "unknown");
  EXPECT_GE(orphans[0].at("lingered_ms").get<double>(), 50);
}

TEST_P(LingerTest, ACallerThatCancelsLeavesAnOrphanToo) {
  answer_ = Whole(side().status_line, side().answer);
  std::string log;
  {
    GatewayUnderTest gateway(Setup(std::chrono::minutes(1)), log);
    grpc::ClientContext context;
    std::thread canceller([&] {
      asked_.Wait();
      context.TryCancel();
    });
    EXPECT_EQ(Call(gateway.address(), context), grpc::StatusCode::CANCELLED);
    canceller.join();
    EXPECT_TRUE(gateway.WaitUntilLingering());
    may_answer_.Set();
    gateway.WaitForLingering();
  }
  const auto orphans = LinesOf(log, "orphan");
  ASSERT_EQ(orphans.size(), 1u) << log;
  ExpectOrphan(orphans[0], "done");
  const auto calls = LinesOf(log, "call");
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].value("outcome", ""), "unknown");
  EXPECT_EQ(calls[0].value("status", ""), "UNKNOWN") << "never CANCELLED once a byte has left";
}

// One that was cut off while it was sent is identified as well.
TEST(LingerOfAPart, IsLoggedWithItsTag) {
  Signal first_byte;
  Signal done;
  RawServer deaf([&](RawConnection& peer) {
    peer.ReadMore(1);
    first_byte.Set();
    done.Wait();
  });
  GatewaySetup setup;
  setup.symphony = Endpoint{"http", "127.0.0.1", deaf.port(), ""};
  std::string log;
  {
    GatewayUnderTest gateway(setup, log);
    sessiongateway::v1::CreateSessionRequest request;
    request.set_application_name("app");
    request.mutable_session()->set_session_tag("run-18");
    request.mutable_session()->set_session_name(std::string(32 << 20, 'x'));
    grpc::ClientContext context;
    std::thread canceller([&] {
      first_byte.Wait();
      context.TryCancel();
    });
    sessiongateway::v1::CreateSessionResponse response;
    const auto stub = sessiongateway::v1::SessionGateway::NewStub(ConnectTo(gateway.address()));
    EXPECT_FALSE(stub->CreateSession(&context, request, &response).ok());
    canceller.join();
  }
  done.Set();
  const auto orphans = LinesOf(log, "orphan");
  ASSERT_EQ(orphans.size(), 1u) << log;
  EXPECT_EQ(orphans[0].value("outcome", ""), "unknown");
  EXPECT_EQ(orphans[0].value("phase", ""), "send");
  EXPECT_EQ(orphans[0].value("session_tag", ""), "run-18");
}

// The program's way to its end waits for what lingers.
TEST_P(LingerTest, ADrainWaitsForTheAnswer) {
  answer_ = Whole(side().status_line, side().answer);
  const std::string endpoint = "http://127.0.0.1:" + std::to_string(upstream_.port());
  const bool symphony = side().name == "symphony";
  const TemporaryFile config(ConfigFor(symphony ? endpoint : "", symphony ? "" : endpoint));
  GatewayProgram gateway({"--config", config.path()});
  EXPECT_EQ(gateway.Call(side().rpc, side().request, kDeadline).code, "DEADLINE_EXCEEDED");
  gateway.process().Signal(SIGTERM);
  // The calls have ended, the create has not.
  EXPECT_NE(gateway.process().WaitForLine(R"("msg":"lingering")"), "");
  may_answer_.Set();
  EXPECT_EQ(gateway.process().WaitForEnd(), 0);
  const auto orphans = LinesOf(gateway.process().log(), "orphan");
  ASSERT_EQ(orphans.size(), 1u) << gateway.process().log();
  ExpectOrphan(orphans[0], "done");
}

INSTANTIATE_TEST_SUITE_P(Both, LingerTest, testing::Values(&kSymphonySide, &kQlikSide),
                         [](const auto& test) { return test.param->name; });

}  // namespace
}  // namespace session_gateway
