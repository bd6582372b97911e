// One upstream's meaning: what it accepts, what it keeps, what it answers.
//
// Thread rule: Judge may run on many threads at once and touches no state; `serve` of an accepted request,
// Rows and Clear run under the owner's lock. Never here: sockets, counters, faults.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "tests/sandbox/http_server.h"
#include "tests/sandbox/request_rules.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway::sandbox {

struct Accepted {
  bool creates = false;
  // Can still refuse, for what only the state tells.
  std::function<std::variant<Refusal, HttpAnswer>()> serve;
};

class Api {
 public:
  virtual ~Api() = default;
  virtual std::variant<Refusal, Accepted> Judge(const ReceivedRequest& request) = 0;
  virtual std::vector<std::string> Rows() const = 0;
  virtual void Clear() = 0;
};

std::unique_ptr<Api> MakeSymphonyApi(const SandboxOptions& options);
std::unique_ptr<Api> MakeQlikApi(const SandboxOptions& options);

}  // namespace session_gateway::sandbox
