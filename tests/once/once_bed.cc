#include "tests/once/once_bed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/exchange/channel.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::seconds kDeadline{60};
constexpr char kReplayed[] = "replayed: true";

}  // namespace

const OnceSide kSymphonyOnce = {"symphony", SandboxUpstream::kSymphony, "CreateSession",
                                R"(application_name: "app")", R"(application_name: "other")"};
const OnceSide kQlikOnce = {"qlik", SandboxUpstream::kQlik, "CreateExecutionSession",
                            R"(execution_session { user: "u" })", R"(execution_session { user: "other" })"};

std::string RequestIdOf(int number) {
  char text[40];
  std::snprintf(text, sizeof(text), "046b6c7f-0b8a-43b9-b35d-%012d", number);
  return text;
}

std::string WithId(const std::string& request, const std::string& request_id, const std::string& more) {
  return request + " request_id: \"" + request_id + "\" " + more;
}

OnceBed::OnceBed(SandboxOptions options) : sandbox_(std::move(options)) {
  const auto problem = sandbox_.Start();
  EXPECT_EQ(problem, std::nullopt) << *problem;
  const auto endpoint = [this](SandboxUpstream upstream) {
    return std::get<Endpoint>(ParseEndpoint(sandbox_.Endpoint(upstream)));
  };
  setup_.symphony = endpoint(SandboxUpstream::kSymphony);
  setup_.qlik = endpoint(SandboxUpstream::kQlik);
  setup_.qlik_auth.user_directory = "INTERNAL";
  setup_.qlik_auth.user_id = "sa_api";
}

OnceBed::~OnceBed() {
  sandbox_.Stop();  // first, so that no answer keeps the gateway waiting
}

void OnceBed::StartGateway() {
  gateway_.reset();
  gateway_.emplace(setup_, log_);
}

RpcResult OnceBed::Call(const OnceSide& side, const std::string& request) const {
  return Call(side, request, kDeadline);
}

RpcResult OnceBed::Call(const OnceSide& side, const std::string& request, std::chrono::milliseconds deadline,
                        const RpcMetadata& metadata) const {
  RpcResult result = CallByText(ConnectTo(gateway_->address()), side.rpc, request, deadline, metadata);
  EXPECT_EQ(result.problems, "") << result.text;
  return result;
}

void OnceBed::AddFault(const OnceSide& side, SandboxFault fault) {
  EXPECT_TRUE(sandbox_.AddFault(side.upstream, std::move(fault)));
}

std::vector<std::string> OnceBed::Requests(const OnceSide& side) const {
  std::vector<std::string> requests;
  for (const SandboxRequest& request : sandbox_.requests(side.upstream)) {
    requests.push_back(request.method + " " + request.target.substr(0, request.target.find('?')));
  }
  return requests;
}

void ExpectOk(const RpcResult& result, bool replayed) {
  EXPECT_TRUE(result.ok) << result.text;
  if (replayed) {
    EXPECT_THAT(result.text, HasSubstr(kReplayed));
  } else {
    EXPECT_THAT(result.text, Not(HasSubstr(kReplayed)));
  }
}

void ExpectError(const RpcResult& result, const std::string& code, const std::string& reason,
                 const std::string& outcome) {
  EXPECT_EQ(result.code, code) << result.text;
  EXPECT_THAT(result.text, HasSubstr("reason: " + reason + "\n"));
  EXPECT_EQ(result.outcome, outcome) << result.text;
}

void ExpectUnknown(const RpcResult& result) { ExpectError(result, "UNKNOWN", "OUTCOME_UNKNOWN", "unknown"); }

}  // namespace session_gateway
