// One upstream's meaning: what it accepts, what it keeps, what it answers.
//
// Thread rule: Judge may run on many threads at once and touches no state; what it accepts, and all
// else, runs under the owner's lock. Never here: sockets, counters, faults.
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

// Where a request came in.
enum class Door { kDirect, kProxy };

struct Accepted {
  bool creates = false;
  // Can still refuse, for what only the state tells.
  std::function<std::variant<Refusal, HttpAnswer>()> serve;
  // Whether the state lets it in; runs before a fault is met and before `serve`. Null: nothing is asked.
  std::function<Checked()> admit = {};
  bool changes_log_on = false;  // `serve` begins, renews or ends one
};

class Api {
 public:
  virtual ~Api() = default;
  virtual std::variant<Refusal, Accepted> Judge(const ReceivedRequest& request, Door door) = 0;
  virtual std::vector<std::string> Rows() const = 0;
  // Forgets rows, counts and locks; log-ons stay.
  virtual void Clear() = 0;
  virtual void AddCounts(SandboxCounters& counters) const = 0;
  virtual void ExpireLogons() = 0;
  // False: there is no such log-on, or there are too many users.
  virtual bool SetPassword(const std::string& user, const std::string& password) = 0;
};

std::unique_ptr<Api> MakeSymphonyApi(const SandboxOptions& options);
std::unique_ptr<Api> MakeQlikApi(const SandboxOptions& options);

}  // namespace session_gateway::sandbox
