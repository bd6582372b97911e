// The sandbox upstreams as servers: what they accept, keep and answer, and how they hold many connections.

#include "tests/sandbox/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tests/sandbox_test_client.h"

namespace session_gateway {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

std::string ReadFixture(const std::string& name) {
  std::ifstream file(std::string(SESSION_GATEWAY_SOURCE_DIR) + "/tests/data/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class SandboxTest : public testing::Test {
 protected:
  void Start(SandboxOptions options = {}) {
    sandbox_ = std::make_unique<Sandbox>(std::move(options));
    ASSERT_EQ(sandbox_->Start(), std::nullopt);
  }
  RawReply Symphony(const RawRequest& request) { return ExchangeOnce(sandbox_->symphony_port(), request); }
  RawReply Qlik(const RawRequest& request) { return ExchangeOnce(sandbox_->qlik_port(), request); }

  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SandboxTest, SymphonyTakesTheWholeFixture) {
  Start();
  const std::string body = ReadFixture("symphony.json");
  RawRequest request = SymphonyCreate(body);
  request.target += "&clusterId=c%C3%A9%201&csrftoken=any";
  const RawReply reply = Symphony(request);
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json answer = Json::parse(reply.body);
  EXPECT_TRUE(answer["sessionId"].is_number_unsigned());
  EXPECT_EQ(answer["applicationName"], "symping7.3.2");
  EXPECT_EQ(answer["clusterId"], "c\xC3\xA9 1");
  const auto rows = sandbox_->rows(kSymphony);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_THAT(rows[0], HasSubstr(",\"session\":" + body));
  EXPECT_EQ(Json::parse(rows[0])["sessionId"], answer["sessionId"]);
}

TEST_F(SandboxTest, QlikTakesTheWholeFixtureAndAnswersIt) {
  Start();
  const std::string body = ReadFixture("qlik.json");
  const RawReply reply = Qlik(QlikCreate(body));
  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(Json::parse(reply.body), Json::parse(body));
  EXPECT_THAT(sandbox_->rows(kQlik), ElementsAre(reply.body));
}

TEST_F(SandboxTest, QlikFillsWhatTheServerOwns) {
  SandboxOptions options;
  options.now = [] {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(951'782'400'007));
  };
  Start(options);
  RawRequest request = QlikCreate(R"({"id":"00000000-0000-0000-0000-000000000000","retries":7,"app":null})");
  request.Set("X-Qlik-User", "UserDirectory=DIR;UserId=j%C3%BCrgen%3B");
  const RawReply reply = Qlik(request);
  ASSERT_EQ(reply.status, 201) << reply.body;
  Json answer = Json::parse(reply.body);
  EXPECT_THAT(answer["id"].get<std::string>(),
              testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-.*"));
  answer.erase("id");
  EXPECT_EQ(answer, Json::parse(R"({"createdDate":"2000-02-29T00:00:00.007Z",
      "modifiedDate":"2000-02-29T00:00:00.007Z","modifiedByUserName":"DIR\\j\u00fcrgen;",
      "schemaPath":"ExecutionSession","privileges":null,"executingNode":null,"executionResult":null,"retries":7,
      "app":null,"reloadTask":null,"userSyncTask":null,"externalProgramTask":null})"));
}

TEST_F(SandboxTest, QlikAnswersPrivilegesOnlyWhenAsked) {
  Start();
  RawRequest request = QlikCreate();
  request.target += "&privileges=true";
  const Json answer = Json::parse(Qlik(request).body);
  EXPECT_EQ(answer["privileges"], Json::parse(R"(["create","read","update","delete"])"));
  const RawReply read = Qlik(QlikGet("/qrs/executionsession/" + answer["id"].get<std::string>()));
  EXPECT_EQ(read.status, 200) << read.body;
  EXPECT_EQ(Json::parse(read.body)["privileges"], nullptr);
}

TEST_F(SandboxTest, QlikReadsRowsById) {
  Start();
  const std::string id = "ABCDEF00-0000-4000-8000-00000000000f";
  ASSERT_EQ(Qlik(QlikCreate("{\"id\":\"" + id + "\"}")).status, 201);
  const RawReply found = Qlik(QlikGet("/qrs/executionsession/abcdef00-0000-4000-8000-00000000000F"));
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(Json::parse(found.body)["id"], id);
  EXPECT_EQ(Qlik(QlikGet("/qrs/executionsession/abcdef00-0000-4000-8000-000000000000")).status, 404);
  EXPECT_EQ(Qlik(QlikGet("/qrs/about")).status, 200);
  RawRequest keyless = QlikGet("/qrs/about");
  keyless.Drop("X-Qlik-Xrfkey");
  EXPECT_EQ(Qlik(keyless).status, 403);
}

TEST_F(SandboxTest, QlikIsStrictAboutAskingForARow) {
  Start();
  const std::string path = "/qrs/executionsession/abcdef00-0000-4000-8000-00000000000f";
  ASSERT_EQ(Qlik(QlikCreate(R"({"id":"abcdef00-0000-4000-8000-00000000000f"})")).status, 201);
  EXPECT_EQ(Qlik(QlikGet("/qrs/executionsession/{abcdef00-0000-4000-8000-00000000000f}")).status, 400);
  EXPECT_EQ(Qlik(QlikGet("/qrs/executionsession/")).status, 400);
  EXPECT_EQ(Qlik(QlikGet(path + "/app")).status, 400);
  RawRequest request = QlikGet(path);
  request.body = "{}";
  request.add_length = true;
  EXPECT_EQ(Qlik(request).status, 400);
  request = QlikGet(path);
  request.method = "DELETE";
  EXPECT_EQ(Qlik(request).status, 405);
  request = QlikGet(path);
  request.Drop("X-Qlik-User");
  EXPECT_EQ(Qlik(request).status, 403);
  request = QlikGet(path);
  request.target += "&privileges=false";
  EXPECT_EQ(Qlik(request).status, 400);
  EXPECT_EQ(Qlik(QlikGet(path)).status, 200);
}

TEST_F(SandboxTest, QlikRefusesATakenId) {
  Start();
  ASSERT_EQ(Qlik(QlikCreate(R"({"id":"abcdef00-0000-4000-8000-00000000000f"})")).status, 201);
  const RawReply again = Qlik(QlikCreate(R"({"id":"ABCDEF00-0000-4000-8000-00000000000F"})"));
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.body, HasSubstr("is taken"));
  EXPECT_EQ(sandbox_->counters(kQlik).creates, 1u);
}

TEST_F(SandboxTest, SymphonyWantsItsToken) {
  SandboxOptions options;
  options.csrf_token = "secret one";
  Start(options);
  EXPECT_EQ(Symphony(SymphonyCreate()).status, 401);
  RawRequest request = SymphonyCreate();
  request.target += "&csrftoken=other";
  EXPECT_EQ(Symphony(request).status, 403);
  request = SymphonyCreate();
  request.target += "&csrftoken=secret%20one";
  EXPECT_EQ(Symphony(request).status, 200);
}

TEST_F(SandboxTest, IdsGrowAndFollowTheSeed) {
  const auto ids_of = [](std::uint64_t seed) {
    SandboxOptions options;
    options.seed = seed;
    Sandbox sandbox(options);
    EXPECT_EQ(sandbox.Start(), std::nullopt);
    const auto symphony_id = [&] {
      return Json::parse(ExchangeOnce(sandbox.symphony_port(), SymphonyCreate()).body)["sessionId"]
          .get<int>();
    };
    const int first = symphony_id();
    EXPECT_GT(symphony_id(), first);
    const Json row = Json::parse(ExchangeOnce(sandbox.qlik_port(), QlikCreate()).body);
    return std::pair(first, row["id"].get<std::string>());
  };
  const auto one = ids_of(1);
  EXPECT_EQ(one, ids_of(1));
  EXPECT_NE(one.first, ids_of(2).first);
  EXPECT_NE(one.second, ids_of(2).second);
}

TEST_F(SandboxTest, RecordsRequestsAsTheyWereSent) {
  SandboxOptions options;
  options.requests_max = 2;
  options.recorded_body_max = 5;
  Start(options);
  Symphony(SymphonyCreate());
  RawRequest request = SymphonyCreate(R"({"zzz":1})");
  request.headers.emplace_back("tRaCeParent", "00-1-2-3");
  Symphony(request);
  Symphony(SymphonyCreate());
  const auto requests = sandbox_->requests(kSymphony);
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, request.target);
  EXPECT_THAT(requests[0].headers, ElementsAre(Pair("Host", "symphony"), Pair("Accept", "application/json"),
                                               Pair("Content-Type", "application/json"),
                                               Pair("tRaCeParent", "00-1-2-3"), Pair("Content-Length", "9")));
  EXPECT_EQ(requests[0].body, R"({"zzz)");
  EXPECT_EQ(requests[0].status, 400);
  EXPECT_EQ(requests[0].refusal, "body at /zzz: unknown member");
  EXPECT_EQ(requests[1].status, 200);
}

TEST_F(SandboxTest, KeepsTheNewestRowsOnly) {
  SandboxOptions options;
  options.rows_max = 2;
  Start(options);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(Symphony(SymphonyCreate("{\"sessionPriority\":" + std::to_string(i) + "}")).status, 200);
    ASSERT_EQ(Qlik(QlikCreate("{\"retries\":" + std::to_string(i) + "}")).status, 201);
  }
  EXPECT_THAT(sandbox_->rows(kSymphony),
              ElementsAre(HasSubstr("{\"sessionPriority\":1}"), HasSubstr("{\"sessionPriority\":2}")));
  EXPECT_THAT(sandbox_->rows(kQlik), ElementsAre(HasSubstr("\"retries\":1"), HasSubstr("\"retries\":2")));
  EXPECT_EQ(sandbox_->counters(kSymphony).creates, 3u);
}

TEST_F(SandboxTest, AcceptsConfiguredExtrasAnywhere) {
  SandboxOptions options;
  options.symphony_extras = {"x"};
  options.qlik_extras = {"timeToLive"};
  Start(options);
  EXPECT_EQ(Symphony(SymphonyCreate(R"({"x":[1,{"y":null}],"dockerMountDefinition":[{"x":1.5}]})")).status,
            200);
  EXPECT_EQ(Symphony(SymphonyCreate(R"({"timeToLive":1})")).status, 400);
  const RawReply reply = Qlik(QlikCreate(R"({"reloadTask":{"timeToLive":5},"timeToLive":1.50e+2})"));
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(R"("timeToLive":1.50e+2})"));
}

TEST_F(SandboxTest, SaysWhenAPortIsTaken) {
  Start();
  SandboxOptions options;
  options.qlik_port = sandbox_->qlik_port();
  Sandbox second(options);
  EXPECT_THAT(second.Start().value_or(""), HasSubstr(std::to_string(options.qlik_port)));
}

TEST_F(SandboxTest, HoldsManyConnectionsAtOnce) {
  constexpr int kClients = 80;
  constexpr int kRounds = 20;
  Start();
  std::atomic<int> created = 0;
  std::barrier everyone(kClients);
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&] {
      RawClient client(sandbox_->symphony_port());
      for (int round = 0; round < kRounds; ++round) {
        if (client.Exchange(SymphonyCreate()).status == 200) ++created;
        // Nobody goes on, and so nobody leaves, before all have had an answer on their connection.
        if (round == 0) everyone.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, kClients * kRounds);
  const SandboxCounters counters = sandbox_->counters(kSymphony);
  EXPECT_EQ(counters.creates, static_cast<std::uint64_t>(kClients * kRounds));
  EXPECT_EQ(counters.connections, static_cast<std::uint64_t>(kClients));
}

TEST_F(SandboxTest, ServesTheControlPlane) {
  Start();
  Symphony(SymphonyCreate(R"({"defaultResourceAttributeValue":20.0})"));
  Symphony(SymphonyCreate("[]"));
  EXPECT_EQ(
      Symphony(ControlRequest("GET", "counters")).body,
      R"({"requests":2,"creates":1,"refused":1,"faulted":0,"connections":2,"logons":0,"renewals":0,)"
      R"("refused_logons":0,"locked":0,"sessions":0,"tls_handshakes":0,"tls_resumed":0,"tls_failed":0})");
  EXPECT_THAT(Symphony(ControlRequest("GET", "rows")).body, HasSubstr("20.0"));
  const Json requests = Json::parse(Symphony(ControlRequest("GET", "requests")).body);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1]["body"], "[]");
  EXPECT_EQ(requests[1]["headers"][0]["name"], "Host");
  EXPECT_EQ(Symphony(ControlRequest("POST", "reset")).status, 200);
  EXPECT_EQ(sandbox_->counters(kSymphony), SandboxCounters{});
  EXPECT_EQ(Symphony(ControlRequest("GET", "rows")).body, "[]");
  EXPECT_EQ(Symphony(ControlRequest("GET", "nothing")).status, 404);
}

}  // namespace
}  // namespace session_gateway
