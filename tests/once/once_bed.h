// One gateway before the sandbox, and calls that are repeated: what they were told, and what came upstream.
//
// Thread rule: the test's thread, but for Call, which any thread may. Never here: what should have come.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/exchange/gateway_under_test.h"
#include "tests/exchange/rpc_text.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway {

// One of the two creates.
struct OnceSide {
  std::string name;
  SandboxUpstream upstream;
  std::string rpc;
  std::string request;  // what it creates, in text format
  std::string other;    // something else
};
extern const OnceSide kSymphonyOnce;
extern const OnceSide kQlikOnce;

inline constexpr char kRequestId[] = "046b6c7f-0b8a-43b9-b35d-6489e6daee91";
inline constexpr char kRequestIdInCapitals[] = "046B6C7F-0B8A-43B9-B35D-6489E6DAEE91";
// The id of the row that an anonymous caller's create with kRequestId makes.
inline constexpr char kDerivedId[] = "93335f22-a3fe-5282-965a-d02eb45775d7";

std::string RequestIdOf(int number);
// The request with that id; `more` is of the request itself.
std::string WithId(const std::string& request, const std::string& request_id, const std::string& more = "");

class OnceBed {
 public:
  explicit OnceBed(SandboxOptions options = {});
  ~OnceBed();

  // May be changed until the gateway is started.
  GatewaySetup& setup() { return setup_; }
  // An earlier one ends before, and what it remembered is gone.
  void StartGateway();
  void EndGateway() { gateway_.reset(); }
  GatewayUnderTest& gateway() { return *gateway_; }
  Sandbox& sandbox() { return sandbox_; }
  const std::string& log() const { return log_; }  // whole once the gateway has ended

  RpcResult Call(const OnceSide& side, const std::string& request) const;
  RpcResult Call(const OnceSide& side, const std::string& request, std::chrono::milliseconds deadline,
                 const RpcMetadata& metadata = {}) const;

  void AddFault(const OnceSide& side, SandboxFault fault);
  std::uint64_t Creates(const OnceSide& side) const { return sandbox_.counters(side.upstream).creates; }
  // Methods and paths of the requests, `POST /qrs/executionsession`.
  std::vector<std::string> Requests(const OnceSide& side) const;

 private:
  Sandbox sandbox_;
  GatewaySetup setup_;
  std::string log_;
  std::optional<GatewayUnderTest> gateway_;
};

void ExpectOk(const RpcResult& result, bool replayed);
void ExpectError(const RpcResult& result, const std::string& code, const std::string& reason,
                 const std::string& outcome);
void ExpectUnknown(const RpcResult& result);

}  // namespace session_gateway
