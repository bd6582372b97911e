#include "server/gateway.h"

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

RedisClient::Report ReportLedger(Log& log) {
  return [&log](const std::string& problem) {
    if (problem.empty()) {
      log.Event(LogLevel::kInfo, "ledger_usable", {});
    } else {
      log.Event(LogLevel::kWarning, "ledger_unusable", {{"problem", problem}});
    }
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

void WarnOfCertificate(std::string_view set, const std::optional<std::string>& warning, Log& log) {
  if (warning) log.Event(LogLevel::kWarning, "credentials", {{"set", set}, {"warning", *warning}});
}

std::variant<Gateway::Sites, std::string> Gateway::MakeSites(const Config& config,
                                                             const AuthenticationParts& parts) {
  Sites sites;
  const auto take = [](MadeSite made, std::optional<UpstreamSite>& site) {
    if (auto* problem = std::get_if<std::string>(&made)) return std::optional(std::move(*problem));
    site = std::get<UpstreamSite>(std::move(made));
    return std::optional<std::string>();
  };
  if (config.symphony) {
    if (auto problem = take(MakeSymphonySite(*config.symphony, parts), sites.symphony)) return *problem;
  }
  if (config.qlik) {
    if (auto problem = take(MakeQlikSite(*config.qlik, parts), sites.qlik)) return *problem;
  }
  return sites;
}

std::variant<Gateway::Translators, std::string> Gateway::MakeTranslators() {
  auto symphony = CreateSessionTranslator::Make(DeclaredOptions);
  auto qlik = CreateExecutionSessionTranslator::Make(DeclaredOptions);
  for (const std::string* fault : {std::get_if<std::string>(&symphony), std::get_if<std::string>(&qlik)}) {
    if (fault != nullptr) return "illegal field option: " + *fault;
  }
  return Translators{std::get<CreateSessionTranslator>(std::move(symphony)),
                     std::get<CreateExecutionSessionTranslator>(std::move(qlik))};
}

std::variant<std::unique_ptr<Gateway>, std::string> Gateway::Make(const Config& config,
                                                                  const AuthenticationParts& parts,
                                                                  Log& log) {
  auto translators = MakeTranslators();
  if (auto* problem = std::get_if<std::string>(&translators)) return std::move(*problem);
  auto sites = MakeSites(config, parts);
  if (auto* problem = std::get_if<std::string>(&sites)) return std::move(*problem);
  auto ledger = MakeLedger(config, parts, ReportLedger(log));
  if (auto* problem = std::get_if<std::string>(&ledger)) return std::move(*problem);
  // Its constructor is private.
  return std::unique_ptr<Gateway>(new Gateway(config, parts, std::get<Translators>(std::move(translators)),
                                              std::get<Sites>(std::move(sites)),
                                              std::get<LedgerSite>(std::move(ledger)), log));
}

Gateway::Gateway(const Config& config, const AuthenticationParts& parts, Translators translators, Sites sites,
                 LedgerSite ledger, Log& log)
    : sites_(std::move(sites)),
      exchanges_(parts.loop, parts.clock, config.creates.linger),
      ledger_(std::move(ledger)),
      once_(exchanges_, parts.clock, *ledger_.ledger, OncePauses()) {
  const StackParts stack{parts.loop, parts.clock, parts.random};
  if (sites_.symphony) {
    if (sites_.symphony->tls) WarnOfCertificate("symphony.tls", sites_.symphony->tls->Warning(), log);
    symphony_.emplace(stack, config.symphony->endpoints, LimitsOf(config),
                      std::move(sites_.symphony->authentication), ReportEndpoints(Upstream::kSymphony, log),
                      sites_.symphony->tls.get());
  }
  if (sites_.qlik) {
    if (sites_.qlik->tls) WarnOfCertificate("qlik.tls", sites_.qlik->tls->Warning(), log);
    qlik_.emplace(stack, config.qlik->endpoints, LimitsOf(config), std::move(sites_.qlik->authentication),
                  ReportEndpoints(Upstream::kQlik, log), sites_.qlik->tls.get());
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

void Gateway::Drain(TimePoint end, std::function<void()> on_idle) {
  ledger_end_.emplace(exchanges_.loop().get_executor(), end + kLedgerGrace);
  ledger_end_->async_wait([this](const boost::system::error_code& error) {
    if (!error) ledger_.ledger->Close();
  });
  exchanges_.Drain(end, [this, idle = std::move(on_idle)] {
    ledger_end_.reset();
    idle();
  });
}

void Gateway::Close() {
  ledger_.ledger->Close();
  if (symphony_) symphony_->Close();
  if (qlik_) qlik_->Close();
}

}  // namespace session_gateway
