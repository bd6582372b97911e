// What the two HTTP engines have in common: the waist, with connections behind it that can be closed.
//
// Thread rule: loop thread only. No Send may be running when an engine is destroyed. Never here: which engine
// is better for what (docs/decisions/engines.md).
#pragma once

#include <cstddef>
#include <memory>

#include "server/clock.h"
#include "server/endpoint.h"
#include "server/upstream/engine_limits.h"
#include "server/upstream/transport.h"

namespace session_gateway {

class TlsClient;

class Engine : public Transport {
 public:
  // Closes the kept connections, so that the loop can run out. Running exchanges end as they would; new ones
  // are refused as kOverloaded.
  virtual void Close() = 0;

  virtual std::size_t open_connections() const = 0;
  virtual std::size_t idle_connections() const = 0;
};

// The engine of `limits.kind` for one endpoint; one with `https` needs `tls` (null: its exchanges fail). The
// loop and the clock outlive the engine, and so does the TLS client, which also outlives the loop's last run.
std::unique_ptr<Engine> MakeEngine(Loop& loop, const Endpoint& endpoint, const EngineLimits& limits,
                                   const Clock& clock, const TlsClient* tls);

}  // namespace session_gateway
