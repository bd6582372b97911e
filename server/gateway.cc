#include "server/gateway.h"

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

#include "server/lane_share.h"
#include "server/run_on_loop.h"

namespace session_gateway {
namespace {

RedisClient::Report ReportLedger(Log& log) {
  return [&log](const std::string& problem) {
    if (problem.empty()) {
      log.Event(LogLevel::kInfo, "ledger_usable", {});
    } else {
      log.Event(LogLevel::kWarning, "ledger_unusable", {{"problem", problem}});
    }
  };
}

std::variant<GatewaySites, std::string> MakeSites(const Config& config, const AuthenticationParts& parts) {
  GatewaySites sites;
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

std::variant<GatewayTranslators, std::string> MakeTranslators() {
  auto symphony = CreateSessionTranslator::Make(DeclaredOptions);
  auto qlik = CreateExecutionSessionTranslator::Make(DeclaredOptions);
  for (const std::string* fault : {std::get_if<std::string>(&symphony), std::get_if<std::string>(&qlik)}) {
    if (fault != nullptr) return "illegal field option: " + *fault;
  }
  return GatewayTranslators{std::get<CreateSessionTranslator>(std::move(symphony)),
                            std::get<CreateExecutionSessionTranslator>(std::move(qlik))};
}

}  // namespace

void WarnOfCertificate(std::string_view set, const std::optional<std::string>& warning, Log& log) {
  if (warning) log.Event(LogLevel::kWarning, "credentials", {{"set", set}, {"warning", *warning}});
}

std::variant<std::unique_ptr<Gateway>, std::string> Gateway::Make(const Config& config,
                                                                  const AuthenticationParts& parts,
                                                                  std::deque<Loop>& loops, Log& log) {
  std::vector<GatewayTranslators> translators;
  while (translators.size() < loops.size()) {
    auto of_lane = MakeTranslators();
    if (auto* problem = std::get_if<std::string>(&of_lane)) return std::move(*problem);
    translators.push_back(std::get<GatewayTranslators>(std::move(of_lane)));
  }
  auto sites = MakeSites(config, parts);
  if (auto* problem = std::get_if<std::string>(&sites)) return std::move(*problem);
  auto secrets = LoadLedgerSecrets(config, parts);
  if (auto* problem = std::get_if<std::string>(&secrets)) return std::move(*problem);
  // Its constructor is private.
  return std::unique_ptr<Gateway>(new Gateway(config, parts, std::move(translators),
                                              std::get<GatewaySites>(std::move(sites)),
                                              std::get<LedgerSecrets>(std::move(secrets)), loops, log));
}

Gateway::Gateway(const Config& config, const AuthenticationParts& parts,
                 std::vector<GatewayTranslators> translators, GatewaySites sites, LedgerSecrets secrets,
                 std::deque<Loop>& loops, Log& log)
    : log_(log), sites_(std::move(sites)), secrets_(std::move(secrets)) {
  if (sites_.symphony && sites_.symphony->tls) {
    WarnOfCertificate("symphony.tls", sites_.symphony->tls->Warning(), log);
  }
  if (sites_.qlik && sites_.qlik->tls) WarnOfCertificate("qlik.tls", sites_.qlik->tls->Warning(), log);
  const Config share = ShareOf(config, loops.size());
  for (Loop& loop : loops) {
    const StackParts stack{loop, parts.clock, parts.random};
    lanes_.emplace_back(share, stack, std::move(translators[lanes_.size()]), sites_,
                        MakeLedger(share, secrets_, stack, ReportLedger(log)),
                        lanes_.empty() ? nullptr : &lanes_.front(), log);
  }
  if (!secrets_.password) return;
  ledger_password_.emplace(secrets_.password, [this] {
    for (GatewayLane& lane : lanes_) {
      boost::asio::post(lane.loop(), [&lane, password = secrets_.password->current()] {
        lane.SetLedgerPassword(password);
      });
    }
  });
}

std::vector<ServerLane> Gateway::lanes() {
  std::vector<ServerLane> lanes;
  for (GatewayLane& lane : lanes_) lanes.push_back({lane.loop(), lane.handler()});
  return lanes;
}

void Gateway::Drain(TimePoint end) {
  std::size_t lingering = 0;
  for (GatewayLane& lane : lanes_) {
    RunOnLoop(lane.loop(), [&] { lingering += lane.lingering(); });
  }
  if (lingering > 0)
    log_.Event(LogLevel::kInfo, "lingering", {{"creates", static_cast<std::int64_t>(lingering)}});
  std::deque<std::promise<OnceCounts>> idle(lanes_.size());
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    boost::asio::post(lanes_[i].loop(), [this, i, end, &idle] {
      lanes_[i].Drain(end, [this, i, &idle] { idle[i].set_value(lanes_[i].once_counts()); });
    });
  }
  OnceCounts counts;
  for (auto& lane : idle) counts += lane.get_future().get();
  LogCounts(log_, counts);
}

void Gateway::Close() {
  for (GatewayLane& lane : lanes_) {
    boost::asio::post(lane.loop(), [&lane] { lane.Close(); });
  }
}

}  // namespace session_gateway
