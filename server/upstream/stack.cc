#include "server/upstream/stack.h"

#include "translator/rest_preview.h"

namespace session_gateway {
namespace {

std::vector<std::unique_ptr<Engine>> MakeEngines(Loop& loop, const std::vector<Endpoint>& endpoints,
                                                 const EngineLimits& limits, const Clock& clock,
                                                 const TlsClient* tls) {
  std::vector<std::unique_ptr<Engine>> engines;
  for (const Endpoint& endpoint : endpoints) {
    engines.push_back(MakeEngine(loop, endpoint, limits, clock, tls));
  }
  return engines;
}

}  // namespace

std::vector<std::unique_ptr<UpstreamStack::Member>> UpstreamStack::MakeMembers(
    const UpstreamStack* home) const {
  std::vector<std::unique_ptr<Member>> members;
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    auto credentials = home == nullptr ? authentication_->ForEndpoint(*engines_[i])
                                       : authentication_->ForOtherLoop(*home->members_[i]->credentials,
                                                                       home->executor_, executor_);
    members.push_back(std::make_unique<Member>(std::move(credentials), *engines_[i]));
  }
  return members;
}

std::vector<EndpointChoice::Candidate> UpstreamStack::MakeCandidates(
    const std::vector<Endpoint>& endpoints, const std::vector<std::unique_ptr<Member>>& members) {
  std::vector<EndpointChoice::Candidate> candidates;
  for (std::size_t i = 0; i < members.size(); ++i) {
    candidates.push_back({endpoints[i].Origin(), &members[i]->transport});
  }
  return candidates;
}

// The order, from the call to the network. The bulkhead counts calls and not their attempts, so one that
// waits to be made again keeps its place. Credentials stand below everything that may log or repeat a
// request, so that no key or token is visible there, and below the choice of the endpoint, for what one
// endpoint gave at a log-on is nothing to another.
UpstreamStack::UpstreamStack(const StackParts& parts, const std::vector<Endpoint>& endpoints,
                             const StackLimits& limits, std::shared_ptr<Authentication> authentication,
                             const UpstreamStack* home, EjectionReport report, const TlsClient* tls)
    : executor_(parts.loop.get_executor()),
      preview_base_(endpoints.front().Origin() + endpoints.front().prefix),
      authentication_(std::move(authentication)),
      engines_(MakeEngines(parts.loop, endpoints, limits.engine, parts.clock, tls)),
      members_(MakeMembers(home)),
      choice_(MakeCandidates(endpoints, members_), limits.ejection, parts.clock, std::move(report)),
      retry_(
          parts.loop.get_executor(), limits.retry, parts.clock, parts.random,
          [this](const CallContext& context) { return choice_.GoesElsewhere(context); }, choice_),
      bulkhead_(parts.loop.get_executor(), limits.bulkhead, parts.clock, retry_) {}

UpstreamStack::UpstreamStack(const StackParts& parts, const std::vector<Endpoint>& endpoints,
                             const StackLimits& limits, std::shared_ptr<Authentication> authentication,
                             EjectionReport report, const TlsClient* tls)
    : UpstreamStack(parts, endpoints, limits, std::move(authentication), nullptr, std::move(report), tls) {}

UpstreamStack::UpstreamStack(const StackParts& parts, const std::vector<Endpoint>& endpoints,
                             const StackLimits& limits, const UpstreamStack& home, EjectionReport report,
                             const TlsClient* tls)
    : UpstreamStack(parts, endpoints, limits, home.authentication_, &home, std::move(report), tls) {}

sessiongateway::v1::RestRequest UpstreamStack::Preview(HttpRequest request, const Caller& caller) const {
  authentication_->Preview(caller, request);
  return PreviewRequest(preview_base_, request);
}

void UpstreamStack::Close() {
  for (const auto& member : members_) member->credentials->Close();
  for (const auto& engine : engines_) engine->Close();
}

}  // namespace session_gateway
