// The second HTTP engine: one exchange of HTTP/1.1 per Send, read by cpp-httplib in a thread of its own, over
// kept connections to one endpoint (docs/decisions/engines.md). It gives the same results as http_engine.h.
//
// Bounds: EngineLimits, of which `threads` says how many exchanges are under way; as many as `connections`
// wait for one of them. Thread rule: Send and all else on the loop thread; names, connecting and stops are
// handled there. Handshakes and exchanges are jobs of worker threads, which hand their end back by a post; a
// connection belongs to one side at a time. No Send may be running when the engine is destroyed; frames that
// are destroyed with their loop wait for their thread. Never here: whom to trust (TlsClient knows), a second
// try, redirects, timers of calls (the call's frame owns its deadline).
#pragma once

#include <cstddef>
#include <memory>

#include "server/upstream/engine.h"

namespace session_gateway {

class HttplibEngine final : public Engine {
 public:
  // As MakeEngine.
  HttplibEngine(Loop& loop, Endpoint endpoint, EngineLimits limits, const Clock& clock, const TlsClient* tls);
  ~HttplibEngine() override;
  HttplibEngine(const HttplibEngine&) = delete;
  HttplibEngine& operator=(const HttplibEngine&) = delete;

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override;
  void Close() override;

  std::size_t open_connections() const override;
  std::size_t idle_connections() const override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace session_gateway
