#include <algorithm>
#include <string>
#include <vector>

#include "server/config.h"

namespace session_gateway {
namespace {

// What goes to this host itself, to a proxy or a sidecar, cannot be read on the network.
bool IsOpenToRead(const Endpoint& endpoint) {
  return endpoint.scheme == "http" && !IsLoopback(endpoint.host);
}

void Warn(const std::vector<Endpoint>& endpoints, const std::string& mode, const std::string& what,
          std::vector<std::string>& warnings) {
  if (std::none_of(endpoints.begin(), endpoints.end(), IsOpenToRead)) return;
  warnings.push_back(mode + " sends " + what +
                     " over plain http, where everyone on the way can read it; use https endpoints");
}

}  // namespace

std::vector<std::string> ConfigWarnings(const Config& config) {
  std::vector<std::string> warnings;
  if (config.symphony) {
    const std::vector<Endpoint>& endpoints = config.symphony->endpoints;
    switch (config.symphony->auth.mode) {
      case SymphonyAuthMode::kNone:
        break;
      case SymphonyAuthMode::kServiceAccount:
        Warn(endpoints, "symphony.auth.mode: service_account", "the password", warnings);
        break;
      case SymphonyAuthMode::kCallerBasic:
        Warn(endpoints, "symphony.auth.mode: caller_basic", "the callers' passwords", warnings);
        break;
      case SymphonyAuthMode::kCallerSession:
        Warn(endpoints, "symphony.auth.mode: caller_session", "the callers' session cookies", warnings);
        break;
    }
  }
  if (config.qlik) {
    const std::vector<Endpoint>& endpoints = config.qlik->endpoints;
    switch (config.qlik->auth.mode) {
      case QlikAuthMode::kCertificate:
        break;
      case QlikAuthMode::kJwt:
        Warn(endpoints, "qlik.auth.mode: jwt", "the token", warnings);
        break;
      case QlikAuthMode::kHeader:
        Warn(endpoints, "qlik.auth.mode: header", "the session cookie", warnings);
        break;
    }
  }
  if (config.symphony && config.qlik &&
      config.bulkhead.calls + config.bulkhead.queue >= config.limits.calls) {
    warnings.push_back(
        "limits.upstream_calls and limits.upstream_queue together are not below limits.calls: an upstream "
        "that stalls takes all calls, those of the other too");
  }
  return warnings;
}

}  // namespace session_gateway
