#include "server/upstream/stack.h"

#include "translator/rest_preview.h"

namespace session_gateway {
namespace {

std::vector<std::unique_ptr<HttpEngine>> MakeEngines(Loop& loop, const std::vector<Endpoint>& endpoints,
                                                     const EngineLimits& limits, const Clock& clock) {
  std::vector<std::unique_ptr<HttpEngine>> engines;
  for (const Endpoint& endpoint : endpoints) {
    engines.push_back(std::make_unique<HttpEngine>(loop, endpoint, limits, clock));
  }
  return engines;
}

std::vector<Transport*> AsTransports(const std::vector<std::unique_ptr<HttpEngine>>& engines) {
  std::vector<Transport*> transports;
  for (const auto& engine : engines) transports.push_back(engine.get());
  return transports;
}

}  // namespace

Task<SendResult> RoundRobin::Send(const HttpRequest& request, CallContext& context) {
  Transport& transport = *transports_[next_];
  next_ = (next_ + 1) % transports_.size();
  return transport.Send(request, context);
}

// The order, from the call to the network. Credentials stand below everything that may log or repeat a
// request, so that no key or token is visible there, and above the choice of the endpoint, which they do not
// depend on.
UpstreamStack::UpstreamStack(Loop& loop, const std::vector<Endpoint>& endpoints, const EngineLimits& limits,
                             std::unique_ptr<Credentials> credentials, const Clock& clock)
    : preview_base_(endpoints.front().Origin() + endpoints.front().prefix),
      credentials_(std::move(credentials)),
      engines_(MakeEngines(loop, endpoints, limits, clock)),
      endpoints_layer_(AsTransports(engines_)),
      credentials_layer_(*credentials_, endpoints_layer_) {}

sessiongateway::v1::RestRequest UpstreamStack::Preview(HttpRequest request) const {
  credentials_->Preview(request);
  return PreviewRequest(preview_base_, request);
}

void UpstreamStack::Close() {
  for (const auto& engine : engines_) engine->Close();
}

}  // namespace session_gateway
