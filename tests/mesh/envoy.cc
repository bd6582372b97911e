#include "tests/mesh/envoy.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/sandbox_test_client.h"

namespace session_gateway {
namespace {

// Three attempts in all, of which the later ones look for another host.
constexpr char kFrontYaml[] = R"(
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: mesh
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: mesh
          codec_type: HTTP2
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: "/"}
                route:
                  cluster: gateway
                  timeout: 0s
                  retry_policy:
                    retry_on: "POLICY"
                    num_retries: 2
                    host_selection_retry_max_attempts: 5
                    retry_host_predicate:
                    - name: envoy.retry_host_predicates.previous_hosts
                      typed_config: {"@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate}
)";

constexpr char kClusterYaml[] = R"(
  clusters:
  - name: gateway
    type: STATIC
    connect_timeout: 5s
    circuit_breakers: {thresholds: [{max_retries: 1000}]}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
    load_assignment:
      cluster_name: gateway
      endpoints:
      - lb_endpoints:
)";

std::string ConfigOf(const std::vector<std::string>& addresses, const std::string& policy) {
  std::string yaml = std::string(kFrontYaml).substr(1) + std::string(kClusterYaml).substr(1);
  constexpr std::string_view kPolicy = "POLICY";
  yaml.replace(yaml.find(kPolicy), kPolicy.size(), policy);
  for (const std::string& address : addresses) {
    yaml += "        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: " +
            address.substr(address.rfind(':') + 1) + "}}}\n";
  }
  return yaml;
}

std::string Program() {
  const char* const path = std::getenv("SESSION_GATEWAY_ENVOY");
  EXPECT_NE(path, nullptr) << "run tests/mesh/run.sh, which sets SESSION_GATEWAY_ENVOY";
  return path == nullptr ? "/nowhere" : path;
}

// The number behind the last colon.
int PortAtEnd(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  return colon == std::string::npos ? 0 : std::atoi(text.c_str() + colon + 1);
}

}  // namespace

Envoy::Envoy(const std::vector<std::string>& addresses, const std::string& policy)
    : admin_(""),
      process_(Program(), {"--config-yaml", ConfigOf(addresses, policy), "--disable-hot-restart",
                           "--concurrency", "1", "--admin-address-path", admin_.path()}) {
  EXPECT_NE(process_.WaitForLine("starting workers"), "") << process_.log();
  std::string admin;
  std::getline(std::ifstream(admin_.path()), admin);
  admin_port_ = PortAtEnd(admin);
  const std::string listeners = Get("/listeners");  // `mesh::127.0.0.1:40000`
  const std::size_t begin = listeners.find("mesh::");
  EXPECT_NE(begin, std::string::npos) << listeners;
  if (begin == std::string::npos) return;
  const std::size_t end = listeners.find_first_of("\r\n", begin);
  address_ = listeners.substr(begin + 6, end - begin - 6);
}

std::string Envoy::Get(const std::string& path) const {
  return ExchangeOnce(
             admin_port_,
             {.method = "GET", .target = path, .headers = {{"Host", "envoy"}, {"Connection", "close"}}})
      .bytes;
}

std::int64_t Envoy::Stat(const std::string& name) const {
  const std::string line = "cluster.gateway." + name + ": ";
  const std::string page = Get("/stats?filter=^cluster.gateway." + name + "$");
  const std::size_t at = page.find(line);
  EXPECT_NE(at, std::string::npos) << page;
  return at == std::string::npos ? -1 : std::atoll(page.c_str() + at + line.size());
}

}  // namespace session_gateway
