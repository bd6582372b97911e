#include "server/upstream/engine.h"

#include "server/upstream/http_engine.h"
#include "server/upstream/httplib_engine.h"

namespace session_gateway {

std::unique_ptr<Engine> MakeEngine(Loop& loop, const Endpoint& endpoint, const EngineLimits& limits,
                                   const Clock& clock, const TlsClient* tls) {
  const TlsClient* const used = endpoint.scheme == "https" ? tls : nullptr;
  if (limits.kind == EngineKind::kHttplib) {
    return std::make_unique<HttplibEngine>(loop, endpoint, limits, clock, used);
  }
  if (used == nullptr) return std::make_unique<HttpEngine>(loop, endpoint, limits, clock);
  return std::make_unique<HttpEngine>(loop, endpoint, limits, clock, *used);
}

}  // namespace session_gateway
