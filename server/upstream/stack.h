// Everything between an RPC and the network for one upstream, in its order: bulkhead, retry, choice of the
// endpoint, credentials, engine.
//
// Thread rule: loop thread only. Never here: what is sent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/clock.h"
#include "server/endpoint.h"
#include "server/random.h"
#include "server/upstream/bulkhead.h"
#include "server/upstream/credentials.h"
#include "server/upstream/endpoint_choice.h"
#include "server/upstream/engine.h"
#include "server/upstream/retry.h"
#include "server/upstream/stack_limits.h"
#include "server/upstream/transport.h"
#include "sessiongateway/v1/rest_request.pb.h"

namespace session_gateway {

// What the stacks of all upstreams are built on; outlives them.
struct StackParts {
  Loop& loop;
  const Clock& clock;
  Random& random;
};

class UpstreamStack {
 public:
  // `endpoints` is not empty; those with `https` need `tls`. The TLS client outlives the stack.
  UpstreamStack(const StackParts& parts, const std::vector<Endpoint>& endpoints, const StackLimits& limits,
                std::shared_ptr<Authentication> authentication, EjectionReport report,
                const TlsClient* tls = nullptr);
  // The same upstream for calls on another loop: connections, bounds and judgement of endpoints of its own,
  // the log-ons of `home`, which outlives it.
  UpstreamStack(const StackParts& parts, const std::vector<Endpoint>& endpoints, const StackLimits& limits,
                const UpstreamStack& home, EjectionReport report, const TlsClient* tls);

  Transport& transport() { return bulkhead_; }
  const Authentication& authentication() const { return *authentication_; }

  // What would be sent to the first endpoint, secrets masked. The caller has passed the authentication's
  // Check.
  sessiongateway::v1::RestRequest Preview(HttpRequest request, const Caller& caller) const;

  // Breaks off log-ons and lets go of kept connections, so that the loop can run out.
  void Close();

 private:
  // One endpoint with its own log-ons.
  struct Member {
    Member(std::unique_ptr<Credentials> of_endpoint, Engine& endpoint_engine)
        : credentials(std::move(of_endpoint)), transport(*credentials, endpoint_engine) {}
    std::unique_ptr<Credentials> credentials;
    CredentialsTransport transport;
  };
  UpstreamStack(const StackParts& parts, const std::vector<Endpoint>& endpoints, const StackLimits& limits,
                std::shared_ptr<Authentication> authentication, const UpstreamStack* home,
                EjectionReport report, const TlsClient* tls);
  std::vector<std::unique_ptr<Member>> MakeMembers(const UpstreamStack* home) const;
  static std::vector<EndpointChoice::Candidate> MakeCandidates(
      const std::vector<Endpoint>& endpoints, const std::vector<std::unique_ptr<Member>>& members);

  const LoopExecutor executor_;
  const std::string preview_base_;
  const std::shared_ptr<Authentication> authentication_;
  std::vector<std::unique_ptr<Engine>> engines_;
  std::vector<std::unique_ptr<Member>> members_;
  EndpointChoice choice_;
  Retry retry_;
  Bulkhead bulkhead_;
};

}  // namespace session_gateway
