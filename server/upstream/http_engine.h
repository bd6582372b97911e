// The HTTP engine: one exchange of HTTP/1.1 per Send, over kept connections to one endpoint. Sockets by Asio,
// answers read by AnswerParser on Beast (docs/decisions/http-engine.md).
//
// Everything that goes wrong is a SendFailure whose `sent` is exact. A connection whose exchange saw a stop
// or anything unexpected is closed, never used again. Thread rule: loop thread only. No Send may be running
// when the engine is destroyed. Never here: whom to trust (TlsClient knows), a second try, redirects, timers
// of calls (the call's frame owns its deadline).
#pragma once

#include <cstddef>
#include <memory>

#include "server/upstream/engine.h"

namespace session_gateway {

class HttpEngine final : public Engine {
 public:
  // `endpoint.scheme` is `http`. The loop and the clock outlive the engine.
  HttpEngine(Loop& loop, Endpoint endpoint, EngineLimits limits, const Clock& clock);
  // `endpoint.scheme` is `https`. So does the client, which also outlives the loop's last run.
  HttpEngine(Loop& loop, Endpoint endpoint, EngineLimits limits, const Clock& clock, const TlsClient& tls);
  ~HttpEngine() override;
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override;

  void Close() override;

  std::size_t open_connections() const override;
  std::size_t idle_connections() const override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace session_gateway
