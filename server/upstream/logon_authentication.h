// The way of all who log on: credentials that hold a cache of log-ons at each endpoint, over what an API
// makes of it.
//
// Thread rule: loop thread only. Never here: an API's own requests.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "server/upstream/logon_cache.h"

namespace session_gateway {

// What is handed to every authentication that logs on.
struct LogonSite {
  LoopExecutor executor;
  const Clock& clock;
  LogonKey key;
  LogonLimits limits;
  std::optional<Duration> lifetime;
};

class LogonAuthentication : public Authentication, public LogonProtocol {
 public:
  explicit LogonAuthentication(LogonSite site) : site_(std::move(site)) {}

  std::unique_ptr<Credentials> ForEndpoint(Transport& engine) final;
  // At every endpoint.
  void ForgetLockouts();

 private:
  const LogonSite site_;
  std::vector<std::weak_ptr<LogonCache>> caches_;
};

}  // namespace session_gateway
