// Walks the way to one endpoint, step by step, as a call would go it: name, connection, TLS, certificates,
// log-on, a read, clocks. Each step has its own time; after a failure the steps that need it are skipped.
//
// It uses the gateway's own parts (resolver, connection, engine, credentials), so that what works here works
// there. Thread rule: loop thread only. Never here: a create, what a finding means (finding.cc), a file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/clock.h"
#include "server/doctor/capture.h"
#include "server/doctor/report.h"
#include "server/endpoint.h"
#include "server/upstream/credentials.h"
#include "server/upstream/engine_limits.h"
#include "server/upstream/tls_client.h"

namespace session_gateway {

// One upstream as the configuration has it. What it refers to outlives the examination.
struct Patient {
  Upstream upstream = Upstream::kSymphony;
  std::vector<Endpoint> endpoints;
  Authentication* authentication = nullptr;
  const TlsClient* tls = nullptr;  // null where no endpoint has `https`
  bool logs_on = false;            // by the gateway's own credential
  Duration logon_timeout{};        // after which the gateway itself gives a log-on up
  bool by_certificate = false;     // the client certificate is all the authority that a request has
  std::string skipped_because;     // why there is no log-on, for people
  bool callers_log_on = false;     // by their own credentials, through the gateway
  // What is read: under the credentials of `authentication`, or as nobody.
  HttpRequest read;
  enum class Reading { kAsGateway, kRenewal, kAsNobody, kNothing } reading = Reading::kAsGateway;
};

class Examiner {
 public:
  Examiner(Loop& loop, const EngineLimits& limits, const Clock& clock, Duration step_timeout,
           Capture& capture)
      : loop_(loop), limits_(limits), clock_(clock), step_timeout_(step_timeout), capture_(capture) {}

  Task<EndpointReport> Examine(const Patient& patient, const Endpoint& endpoint);

 private:
  Loop& loop_;
  const EngineLimits limits_;
  const Clock& clock_;
  const Duration step_timeout_;
  Capture& capture_;
};

}  // namespace session_gateway
