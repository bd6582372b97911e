// Everything between an RPC and the network for one upstream, in its order: credentials, choice of the
// endpoint, engine.
//
// Thread rule: loop thread only. Never here: what is sent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/clock.h"
#include "server/endpoint.h"
#include "server/upstream/credentials.h"
#include "server/upstream/engine_limits.h"
#include "server/upstream/http_engine.h"
#include "server/upstream/transport.h"
#include "sessiongateway/v1/rest_request.pb.h"

namespace session_gateway {

// Hands each call to the next of several transports in turn. A call that fails is not sent again.
class RoundRobin final : public Transport {
 public:
  explicit RoundRobin(std::vector<Transport*> transports) : transports_(std::move(transports)) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override;

 private:
  std::vector<Transport*> transports_;
  std::size_t next_ = 0;
};

class UpstreamStack {
 public:
  // `endpoints` is not empty. Loop and clock outlive the stack.
  UpstreamStack(Loop& loop, const std::vector<Endpoint>& endpoints, const EngineLimits& limits,
                std::unique_ptr<Credentials> credentials, const Clock& clock);

  Transport& transport() { return credentials_layer_; }
  CredentialOwner owner() const { return credentials_->owner(); }

  // What would be sent to the first endpoint, secrets masked.
  sessiongateway::v1::RestRequest Preview(HttpRequest request) const;

  // Lets go of kept connections, so that the loop can run out.
  void Close();

 private:
  std::string preview_base_;
  std::unique_ptr<Credentials> credentials_;
  std::vector<std::unique_ptr<HttpEngine>> engines_;
  RoundRobin endpoints_layer_;
  CredentialsTransport credentials_layer_;
};

}  // namespace session_gateway
