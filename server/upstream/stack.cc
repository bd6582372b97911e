#include "server/upstream/stack.h"

#include "translator/rest_preview.h"

namespace session_gateway {
namespace {

std::vector<std::unique_ptr<HttpEngine>> MakeEngines(Loop& loop, const std::vector<Endpoint>& endpoints,
                                                     const EngineLimits& limits, const Clock& clock,
                                                     const TlsClient* tls) {
  std::vector<std::unique_ptr<HttpEngine>> engines;
  for (const Endpoint& endpoint : endpoints) {
    const bool with_tls = endpoint.scheme == "https" && tls != nullptr;
    engines.push_back(with_tls ? std::make_unique<HttpEngine>(loop, endpoint, limits, clock, *tls)
                               : std::make_unique<HttpEngine>(loop, endpoint, limits, clock));
  }
  return engines;
}

}  // namespace

Task<SendResult> RoundRobin::Send(const HttpRequest& request, CallContext& context) {
  Transport& transport = *transports_[next_];
  next_ = (next_ + 1) % transports_.size();
  return transport.Send(request, context);
}

std::vector<std::unique_ptr<UpstreamStack::Member>> UpstreamStack::MakeMembers(
    Authentication& authentication, const std::vector<std::unique_ptr<HttpEngine>>& engines) {
  std::vector<std::unique_ptr<Member>> members;
  for (const auto& engine : engines) members.push_back(std::make_unique<Member>(authentication, *engine));
  return members;
}

std::vector<Transport*> UpstreamStack::AsTransports(const std::vector<std::unique_ptr<Member>>& members) {
  std::vector<Transport*> transports;
  for (const auto& member : members) transports.push_back(&member->transport);
  return transports;
}

// The order, from the call to the network. Credentials stand below everything that may log or repeat a
// request, so that no key or token is visible there, and below the choice of the endpoint, for what one
// endpoint gave at a log-on is nothing to another.
UpstreamStack::UpstreamStack(Loop& loop, const std::vector<Endpoint>& endpoints, const EngineLimits& limits,
                             std::unique_ptr<Authentication> authentication, const Clock& clock,
                             const TlsClient* tls)
    : preview_base_(endpoints.front().Origin() + endpoints.front().prefix),
      authentication_(std::move(authentication)),
      engines_(MakeEngines(loop, endpoints, limits, clock, tls)),
      members_(MakeMembers(*authentication_, engines_)),
      endpoints_layer_(AsTransports(members_)) {}

sessiongateway::v1::RestRequest UpstreamStack::Preview(HttpRequest request, const Caller& caller) const {
  authentication_->Preview(caller, request);
  return PreviewRequest(preview_base_, request);
}

void UpstreamStack::Close() {
  for (const auto& member : members_) member->credentials->Close();
  for (const auto& engine : engines_) engine->Close();
}

}  // namespace session_gateway
