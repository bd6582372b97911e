#include "tests/client/client_run.h"

#include <gtest/gtest.h>

#include "tests/gateway/child_process.h"

namespace session_gateway {

nlohmann::json ClientRun::Json() const {
  nlohmann::json object = nlohmann::json::parse(output, nullptr, false);
  EXPECT_TRUE(object.is_object()) << output << log;
  return object;
}

ClientRun RunClient(const std::vector<std::string>& arguments) {
  ChildProcess client("session-gateway-client", arguments);
  const std::optional<int> code = client.WaitForEnd();
  return {code.value_or(-1), client.output(), client.log()};
}

std::vector<std::string> At(const std::string& address, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--target", address});
  return arguments;
}

}  // namespace session_gateway
