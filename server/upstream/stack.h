// Everything between an RPC and the network for one upstream, in its order: choice of the endpoint,
// credentials, engine.
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
  // `endpoints` is not empty; those with `https` need `tls`. Loop, clock and TLS client outlive the stack.
  UpstreamStack(Loop& loop, const std::vector<Endpoint>& endpoints, const EngineLimits& limits,
                std::unique_ptr<Authentication> authentication, const Clock& clock,
                const TlsClient* tls = nullptr);

  Transport& transport() { return endpoints_layer_; }
  const Authentication& authentication() const { return *authentication_; }

  // What would be sent to the first endpoint, secrets masked. The caller has passed the authentication's
  // Check.
  sessiongateway::v1::RestRequest Preview(HttpRequest request, const Caller& caller) const;

  // Breaks off log-ons and lets go of kept connections, so that the loop can run out.
  void Close();

 private:
  // One endpoint with its own log-ons.
  struct Member {
    Member(Authentication& authentication, HttpEngine& endpoint_engine)
        : credentials(authentication.ForEndpoint(endpoint_engine)),
          transport(*credentials, endpoint_engine) {}
    std::unique_ptr<Credentials> credentials;
    CredentialsTransport transport;
  };
  static std::vector<std::unique_ptr<Member>> MakeMembers(
      Authentication& authentication, const std::vector<std::unique_ptr<HttpEngine>>& engines);
  static std::vector<Transport*> AsTransports(const std::vector<std::unique_ptr<Member>>& members);

  std::string preview_base_;
  std::unique_ptr<Authentication> authentication_;
  std::vector<std::unique_ptr<HttpEngine>> engines_;
  std::vector<std::unique_ptr<Member>> members_;
  RoundRobin endpoints_layer_;
};

}  // namespace session_gateway
