#include "server/gateway_lane.h"

#include <utility>

namespace session_gateway {
namespace {

// For the ends of what a drain has abandoned.
constexpr auto kLedgerGrace = std::chrono::milliseconds(500);

EjectionReport ReportEndpoints(Upstream upstream, Log& log) {
  return [upstream, &log](std::string_view endpoint, EndpointEvent event) {
    const bool is_ejected = event == EndpointEvent::kEjected;
    log.Event(is_ejected ? LogLevel::kWarning : LogLevel::kInfo,
              is_ejected ? "endpoint_ejected" : "endpoint_recovered",
              {{"upstream", UpstreamName(upstream)}, {"endpoint", endpoint}});
  };
}

SessionDefaults DefaultsOf(const Config& config) {
  if (!config.symphony) return {};
  return {.session_ttl_in_minutes = config.symphony->session_ttl_in_minutes,
          .tag_from_request_id = config.symphony->tag_from_request_id == Switch::kOn};
}

StackLimits LimitsOf(const Config& config) {
  return {.engine = config.engine,
          .bulkhead = config.bulkhead,
          .retry = config.retry,
          .ejection = config.ejection};
}

}  // namespace

GatewayLane::GatewayLane(const Config& config, const StackParts& parts, GatewayTranslators translators,
                         const GatewaySites& sites, LedgerSite ledger, const GatewayLane* home, Log& log)
    : exchanges_(parts.loop, parts.clock, config.creates.linger),
      ledger_(std::move(ledger)),
      once_(exchanges_, parts.clock, *ledger_.ledger, OncePauses()) {
  const auto make = [&](const std::vector<Endpoint>& endpoints, const UpstreamSite& site, Upstream upstream,
                        const std::optional<UpstreamStack>* at_home, std::optional<UpstreamStack>& stack) {
    EjectionReport report = ReportEndpoints(upstream, log);
    if (at_home == nullptr) {
      stack.emplace(parts, endpoints, LimitsOf(config), site.authentication, std::move(report),
                    site.tls.get());
    } else {
      stack.emplace(parts, endpoints, LimitsOf(config), **at_home, std::move(report), site.tls.get());
    }
  };
  if (sites.symphony) {
    make(config.symphony->endpoints, *sites.symphony, Upstream::kSymphony,
         home == nullptr ? nullptr : &home->symphony_, symphony_);
  }
  if (sites.qlik) {
    make(config.qlik->endpoints, *sites.qlik, Upstream::kQlik, home == nullptr ? nullptr : &home->qlik_,
         qlik_);
  }
  service_.emplace(
      SessionServiceParts{.create_session = std::move(translators.create_session),
                          .create_execution_session = std::move(translators.create_execution_session),
                          .session_defaults = DefaultsOf(config),
                          .require_request_id = config.creates.require_request_id == Switch::kOn,
                          .symphony = symphony_ ? &*symphony_ : nullptr,
                          .qlik = qlik_ ? &*qlik_ : nullptr,
                          .exchanges = exchanges_,
                          .once = once_,
                          .identities = ledger_.identities,
                          .log = log});
}

void GatewayLane::Drain(TimePoint end, std::function<void()> on_idle) {
  ledger_end_.emplace(exchanges_.loop().get_executor(), end + kLedgerGrace);
  ledger_end_->async_wait([this](const boost::system::error_code& error) {
    if (!error) ledger_.ledger->Close();
  });
  exchanges_.Drain(end, [this, idle = std::move(on_idle)] {
    ledger_end_.reset();
    idle();
  });
}

void GatewayLane::Close() {
  ledger_.ledger->Close();
  if (symphony_) symphony_->Close();
  if (qlik_) qlik_->Close();
}

}  // namespace session_gateway
