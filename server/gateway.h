// All that serves one configuration, from the handler of the RPCs to the upstreams: sites, stacks, exchanges,
// ledger. Nothing else puts them together.
//
// Thread rule: made before the loop runs and destroyed after it; Drain and Close on the loop thread. Never
// here: the listener (rpc/), threads, the process.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/config.h"
#include "server/ledger/make_ledger.h"
#include "server/log.h"
#include "server/once.h"
#include "server/session_service.h"
#include "server/upstream/exchanges.h"
#include "server/upstream/site.h"
#include "server/upstream/stack.h"

namespace session_gateway {

// Of a certificate that is outside its dates and was taken all the same; nothing to say otherwise.
void WarnOfCertificate(std::string_view set, const std::optional<std::string>& warning, Log& log);

class Gateway {
 public:
  // The gateway, or what is wrong with the configuration or its files. What the parts refer to, and the log,
  // outlive it.
  static std::variant<std::unique_ptr<Gateway>, std::string> Make(const Config& config,
                                                                  const AuthenticationParts& parts, Log& log);

  SessionGatewayHandler& handler() { return *service_; }
  const OnceCounts& once_counts() const { return once_.counts(); }
  std::size_t lingering() const { return exchanges_.lingering(); }

  // No more calls come. `on_idle` is called once all exchanges have ended: those that linger are abandoned at
  // `end`, and soon after it no store is waited for.
  void Drain(TimePoint end, std::function<void()> on_idle);
  // Breaks off what is under way, so that the loop can run out.
  void Close();

 private:
  struct Sites {
    std::optional<UpstreamSite> symphony;
    std::optional<UpstreamSite> qlik;
  };
  struct Translators {
    CreateSessionTranslator create_session;
    CreateExecutionSessionTranslator create_execution_session;
  };
  static std::variant<Sites, std::string> MakeSites(const Config& config, const AuthenticationParts& parts);
  static std::variant<Translators, std::string> MakeTranslators();

  Gateway(const Config& config, const AuthenticationParts& parts, Translators translators, Sites sites,
          LedgerSite ledger, Log& log);

  Sites sites_;
  std::optional<UpstreamStack> symphony_;
  std::optional<UpstreamStack> qlik_;
  Exchanges exchanges_;
  LedgerSite ledger_;
  Once once_;
  std::optional<SessionService> service_;
  std::optional<LoopTimer> ledger_end_;
};

}  // namespace session_gateway
