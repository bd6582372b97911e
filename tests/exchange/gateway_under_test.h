// The gateway as main.cc assembles it, in this process: listener, both RPCs, upstream stacks, engine. Nothing
// is a stand-in.
//
// Thread rule: one thread makes and ends it. Never here: upstreams.
#pragma once

#include <pthread.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "server/clock.h"
#include "server/config.h"
#include "server/endpoint.h"
#include "server/ledger/memory_ledger.h"
#include "server/once_counts.h"
#include "server/rpc/handler.h"
#include "server/secret.h"
#include "server/upstream/stack_limits.h"
#include "server/upstream/tls_client.h"

namespace session_gateway {

struct GatewaySetup {
  std::optional<Endpoint> symphony;  // unset: not configured
  std::optional<Endpoint> qlik;
  SymphonyAuthConfig symphony_auth = {};
  QlikAuthConfig qlik_auth = {};
  std::map<std::string, Secret> environment = {};  // where its secrets are
  StackLimits limits = {};
  std::optional<TlsMaterial> tls = {};  // for endpoints with `https`
  std::chrono::milliseconds call_timeout_max = std::chrono::seconds(300);
  Duration linger = std::chrono::seconds(10);
  int session_ttl_in_minutes = 0;
  bool tag_from_request_id = false;
  bool require_request_id = false;
  MemoryLedgerBounds ledger = {};
  // Put around the logic of the RPCs; it outlives what is made.
  std::function<std::unique_ptr<SessionGatewayHandler>(SessionGatewayHandler&)> around = {};
};

class GatewayUnderTest {
 public:
  // `log` outlives the gateway and may be read after its end.
  GatewayUnderTest(const GatewaySetup& setup, std::string& log);
  // Drains, and closes every connection to an upstream.
  ~GatewayUnderTest();
  GatewayUnderTest(const GatewayUnderTest&) = delete;
  GatewayUnderTest& operator=(const GatewayUnderTest&) = delete;

  std::string address() const;
  // The thread that talks to the upstreams.
  pthread_t loop_thread() const;
  OnceCounts once_counts() const;
  // Returns once a create lingers; false when none does for a long time.
  bool WaitUntilLingering() const;
  // Returns once none does. No call follows.
  void WaitForLingering() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace session_gateway
