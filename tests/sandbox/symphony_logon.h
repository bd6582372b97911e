// Symphony's log-on: who may log on, the cookies and the token that a log-on gives, their renewal and their
// end, and accounts that wrong passwords lock.
//
// Thread rule: Judge and ReadClaim touch no state; the rest, and what Judge accepts, runs under the owner's
// lock. Never here: what a log-on is needed for.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <variant>

#include "tests/sandbox/api.h"

namespace session_gateway::sandbox {

class SymphonyLogon {
 public:
  using Time = std::chrono::system_clock::time_point;

  SymphonyLogon(const SandboxOptions& options, std::string_view base_path);

  // Nothing: the path is none of its own.
  std::optional<std::variant<Refusal, Accepted>> Judge(const ReceivedRequest& request);

  // What a request shows of its log-on.
  struct Claim {
    std::string token;
    std::string certificate;
    std::optional<std::string> csrf_token;
  };
  static std::variant<Claim, Refusal> ReadClaim(const ReceivedRequest& request,
                                                std::optional<std::string> csrf_token);
  Checked Admit(const Claim& claim);

  void Expire() { logons_.clear(); }
  // False: there are too many users.
  bool SetPassword(const std::string& user, const std::string& password);
  void ForgetCounts();
  void AddCounts(SandboxCounters& counters) const;

 private:
  struct User {
    std::string password;
    int wrong_in_a_row = 0;
    std::optional<Time> locked_until = {};
  };
  struct Logon {
    std::string user;
    std::string certificate;
    std::string csrf_token;
    Time ends;
    std::string replaces = {};  // the log-on that goes when this one is used for the first time
  };
  using Served = std::variant<Refusal, HttpAnswer>;

  Checked Find(const Claim& claim, Logon** found);
  Served LogOn(const BasicCredentials& credentials);
  Served Renew(const Claim& claim);
  Served Give(const std::string& user, const std::string& replaces);
  std::string RandomText(std::size_t size, std::string_view alphabet);

  const SandboxSymphonyLogon options_;
  const std::string login_path_;
  const std::string renew_path_;
  const bool secure_;
  const std::function<Time()> now_;
  std::mt19937_64 random_;
  std::map<std::string, User> users_;    // by name, bounded by kUsersMax
  std::map<std::string, Logon> logons_;  // by token cookie, bounded by kLogonsMax
  std::deque<std::string> order_;        // of the log-ons, oldest first
  SandboxCounters counts_;
};

}  // namespace session_gateway::sandbox
