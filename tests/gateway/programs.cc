#include "tests/gateway/programs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "tests/exchange/case_file.h"
#include "tests/exchange/channel.h"
#include "tests/exchange/exact_json.h"
#include "tests/sandbox_test_client.h"
#include "tests/server/engine_under_test.h"
#include "tests/server/lanes_under_test.h"

namespace session_gateway {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);
const std::string kAnyPort = "127.0.0.1:0";

std::string ProgramOf(const std::vector<std::string>& tool) {
  return tool.empty() ? "session-gateway" : tool.front();
}

std::vector<std::string> WithTool(const std::vector<std::string>& tool, std::vector<std::string> arguments) {
  if (tool.empty()) return arguments;
  std::vector<std::string> all(tool.begin() + 1, tool.end());
  all.push_back(SESSION_GATEWAY_BINARIES "/session-gateway");
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

std::vector<std::string> WithFreePort(std::vector<std::string> arguments) {
  if (std::find(arguments.begin(), arguments.end(), "--listen") == arguments.end()) {
    arguments.insert(arguments.end(), {"--listen", kAnyPort});
  }
  return arguments;
}

}  // namespace

SandboxControl::SandboxControl(const std::string& endpoint)
    : port_(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))) {}

nlohmann::json SandboxControl::Get(const std::string& name) const {
  const RawReply reply = ExchangeOnce(port_, ControlRequest("GET", name));
  EXPECT_EQ(reply.status, 200) << reply.bytes;
  return ParseExactJson(reply.body);
}

void SandboxControl::AddFault(const std::string& json) const {
  const RawReply reply = ExchangeOnce(port_, ControlRequest("POST", "faults", json));
  EXPECT_EQ(reply.status, 200) << reply.bytes;
}

std::int64_t SandboxControl::Count(const std::string& counter) const {
  return Get("counters").at(counter).get<std::int64_t>();
}

TemporaryFile::TemporaryFile(const std::string& text) : path_(testing::TempDir() + "session-gateway-XXXXXX") {
  const int fd = ::mkstemp(path_.data());
  EXPECT_GE(fd, 0);
  ::close(fd);
  std::ofstream(path_) << text;
}

TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

GatewayProgram::GatewayProgram(const std::vector<std::string>& arguments,
                               const std::vector<std::string>& tool)
    : process_(ProgramOf(tool), WithTool(tool, WithFreePort(arguments))) {
  const std::string line = process_.WaitForLine(R"("msg":"listening")");
  const nlohmann::json listening = nlohmann::json::parse(line, nullptr, false);
  EXPECT_TRUE(listening.is_object()) << "the gateway does not listen: " << process_.log();
  if (!listening.is_object()) return;
  address_ = listening.value("address", "");
  symphony_ = listening.value("sandbox_symphony", "http://127.0.0.1:0");
  qlik_ = listening.value("sandbox_qlik", "http://127.0.0.1:0");
}

RpcResult GatewayProgram::Call(const std::string& rpc, const std::string& request) const {
  return Call(rpc, request, kPatience);
}

RpcResult GatewayProgram::Call(const std::string& rpc, const std::string& request,
                               std::chrono::milliseconds deadline) const {
  const RpcResult result = CallByText(ConnectTo(address_), rpc, request, deadline);
  EXPECT_EQ(result.problems, "");
  return result;
}

std::optional<int> GatewayProgram::Stop() {
  process_.Signal(SIGTERM);
  return process_.WaitForEnd();
}

SandboxProgram::SandboxProgram() : process_("session-gateway-sandbox", {}) {
  const nlohmann::json listening = nlohmann::json::parse(process_.WaitForLine("symphony"), nullptr, false);
  EXPECT_TRUE(listening.is_object()) << "the sandbox does not listen: " << process_.log();
  if (!listening.is_object()) return;
  symphony_ = listening.at("symphony").get<std::string>();
  qlik_ = listening.at("qlik").get<std::string>();
}

std::string YamlUnderTest() {
  std::string yaml = "threads: " + std::to_string(LanesUnderTest()) + "\n";
  if (EngineUnderTest() == EngineKind::kHttplib) yaml += "upstream: {engine: httplib}\n";
  return yaml;
}

std::string SymphonyYaml(const std::string& endpoint) {
  return "symphony:\n  endpoints: [\"" + endpoint + "\"]\n";
}

std::string QlikYaml(const std::string& endpoint) {
  return "qlik:\n  endpoints: [\"" + endpoint +
         "\"]\n  auth:\n    mode: certificate\n    user_directory: INTERNAL\n    user_id: sa_api\n";
}

std::string ConfigFor(const std::string& symphony_endpoint, const std::string& qlik_endpoint) {
  return YamlUnderTest() + (symphony_endpoint.empty() ? "" : SymphonyYaml(symphony_endpoint)) +
         (qlik_endpoint.empty() ? "" : QlikYaml(qlik_endpoint));
}

std::string RequestOfCase(const std::string& name) {
  const auto parsed =
      ParseCase(ReadWholeFile(std::string(SESSION_GATEWAY_SOURCE_DIR) + "/tests/cases/" + name + ".case"));
  const auto* const file = std::get_if<CaseFile>(&parsed);
  const CaseSection* const request = file == nullptr ? nullptr : file->Find("request");
  EXPECT_NE(request, nullptr) << name;
  return request == nullptr ? std::string() : request->text;
}

}  // namespace session_gateway
