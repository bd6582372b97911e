// Qlik's virtual proxy: whom it lets through to the repository, and the sessions that it keeps for them.
//
// Thread rule: Judge touches no state; the rest runs under the owner's lock. Never here: what the repository
// makes of a request.
#pragma once

#include <list>
#include <optional>
#include <random>
#include <string>
#include <variant>

#include "tests/sandbox/api.h"

namespace session_gateway::sandbox {

class QlikProxy {
 public:
  explicit QlikProxy(const SandboxOptions& options);

  struct Visit {
    std::string target;                          // behind the prefix
    bool is_get = false;                         // only such a one logs on
    std::optional<std::string> session = {};     // the cookie's value
    std::optional<std::string> user = {};        // as the credentials say
    std::optional<std::string> wrong_text = {};  // what is wrong with the credentials
  };
  std::variant<Visit, Refusal> Judge(const ReceivedRequest& request) const;

  struct Entry {
    std::string user;
    bool is_new = false;  // the answer must carry what LogOn says
  };
  std::variant<Entry, Refusal> Admit(const Visit& visit);
  // The header that gives the new session.
  std::pair<std::string, std::string> LogOn(const std::string& user);

  void Expire() { sessions_.clear(); }
  void ForgetCounts() { counts_ = {}; }
  void AddCounts(SandboxCounters& counters) const;

 private:
  using Time = std::chrono::system_clock::time_point;
  struct Session {
    std::string id;
    std::string user;
    Time last_used;
  };

  Refusal ToLogonModule(const std::string& text) const;
  void ReadCredentials(const ReceivedRequest& request, Visit& visit) const;
  void DropIdle();

  const SandboxQlikProxy options_;
  const std::string prefix_;  // with its slash, or empty
  const std::string cookie_;
  const bool secure_;
  const std::function<Time()> now_;
  std::mt19937_64 random_;
  std::list<Session> sessions_;  // bounded by users and sessions_per_user_max, and by kSessionsMax
  SandboxCounters counts_;
};

}  // namespace session_gateway::sandbox
