#include "server/upstream/site.h"

#include <algorithm>
#include <utility>

#include "server/upstream/tls_files.h"

namespace session_gateway {
namespace {

MadeSite MakeSite(const std::string& set, const std::vector<Endpoint>& endpoints,
                  const TlsClientConfig& config, MadeAuthentication made, const AuthenticationParts& parts) {
  if (auto* problem = std::get_if<std::string>(&made)) return std::move(*problem);
  UpstreamSite site;
  site.authentication = std::get<std::unique_ptr<Authentication>>(std::move(made));
  const bool is_secure = std::any_of(endpoints.begin(), endpoints.end(),
                                     [](const Endpoint& endpoint) { return endpoint.scheme == "https"; });
  if (!is_secure) return site;
  site.tls = std::make_unique<TlsClient>(config.server_name, config.version_min);
  if (auto problem = FollowTlsFiles(set, config, parts.read_variable, parts.files, *site.tls))
    return *problem;
  return site;
}

}  // namespace

MadeSite MakeSymphonySite(const SymphonyConfig& config, const AuthenticationParts& parts) {
  return MakeSite("symphony.tls", config.endpoints, config.tls,
                  MakeSymphonyAuthentication(config.auth, parts), parts);
}

MadeSite MakeQlikSite(const QlikConfig& config, const AuthenticationParts& parts) {
  return MakeSite("qlik.tls", config.endpoints, config.tls, MakeQlikAuthentication(config.auth, parts),
                  parts);
}

}  // namespace session_gateway
