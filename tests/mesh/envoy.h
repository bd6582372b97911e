// A retrying Envoy in front of gateways, as a mesh has it: HTTP/2 on both sides and a usual policy of
// retries. Its program is named by SESSION_GATEWAY_ENVOY.
//
// Thread rule: one thread. Never here: what a retry should do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/gateway/child_process.h"
#include "tests/gateway/programs.h"

namespace session_gateway {

// When a call is repeated, as Envoy has it (`retry_on`).
inline constexpr char kUsualPolicy[] = "unavailable,reset,connect-failure";
// Without `reset`, which Envoy sees of a gateway that died and of none that lives; with `cancelled`, which
// no gateway says once a byte was sent.
inline constexpr char kSafePolicy[] = "unavailable,cancelled,connect-failure,refused-stream";

class Envoy {
 public:
  // Sends calls to these ports of loopback in turn, a repeated one to another port than before.
  Envoy(const std::vector<std::string>& addresses, const std::string& policy);

  const std::string& address() const { return address_; }
  // A counter of the cluster, such as upstream_rq_retry.
  std::int64_t Stat(const std::string& name) const;

  std::string log() const { return process_.log(); }

 private:
  // A page of its admin port.
  std::string Get(const std::string& path) const;

  TemporaryFile admin_;
  ChildProcess process_;
  std::string address_;
  int admin_port_ = 0;
};

}  // namespace session_gateway
