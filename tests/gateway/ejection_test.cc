// What the program's log tells of an endpoint that fails and comes back, with the settings of its file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/programs.h"
#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;

constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{\"sessionId\":\"7\"}";

TEST(EndpointsOfTheProgram, EjectionAndReturnAreLogged) {
  RawPort refusing;
  const std::string endpoint = "http://127.0.0.1:" + std::to_string(refusing.number());
  const TemporaryFile config(
      "listen: {address: 127.0.0.1:0}\nretry: {attempts: 1}\nejection: {failures: 2}\n"
      "symphony: {endpoints: ['" +
      endpoint + "']}\n");
  GatewayProgram gateway({"--config", config.path()});
  const auto call = [&gateway] { return gateway.Call("CreateSession", R"(application_name: "a")"); };
  EXPECT_EQ(call().code, "UNAVAILABLE");
  EXPECT_EQ(call().code, "UNAVAILABLE");
  const auto expect_told = [&](const std::string& event, const std::string& level) {
    const std::string line = gateway.process().WaitForLine(event);
    EXPECT_THAT(line, HasSubstr(R"("upstream":"symphony")"));
    EXPECT_THAT(line, HasSubstr("\"endpoint\":\"" + endpoint + "\""));
    EXPECT_THAT(line, HasSubstr("\"level\":\"" + level + "\""));
  };
  expect_told("endpoint_ejected", "warning");

  const RawServer server(
      [](RawConnection& connection) {
        while (!connection.ReadRequest().empty()) connection.Send(kAnswer);
      },
      std::move(refusing));
  const RpcResult result = call();
  EXPECT_TRUE(result.ok) << result.text;
  expect_told("endpoint_recovered", "info");
  EXPECT_EQ(gateway.Stop(), 0) << gateway.process().log();
}

}  // namespace
}  // namespace session_gateway
