// All that serves the calls of one loop, from the handler of the RPCs to the upstreams: stacks, exchanges,
// ledger.
//
// Thread rule: made before the loop runs and destroyed after it; all else on the loop thread. Never here: the
// listener (rpc/), threads, other lanes but for the home lane's log-ons.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "server/config.h"
#include "server/ledger/make_ledger.h"
#include "server/log.h"
#include "server/once.h"
#include "server/session_service.h"
#include "server/upstream/exchanges.h"
#include "server/upstream/site.h"
#include "server/upstream/stack.h"

namespace session_gateway {

struct GatewayTranslators {
  CreateSessionTranslator create_session;
  CreateExecutionSessionTranslator create_execution_session;
};

struct GatewaySites {
  std::optional<UpstreamSite> symphony;
  std::optional<UpstreamSite> qlik;
};

class GatewayLane {
 public:
  // `home` is null for the first lane, which holds the log-ons of all; else it outlives this. So does
  // everything that is referred to.
  GatewayLane(const Config& config, const StackParts& parts, GatewayTranslators translators,
              const GatewaySites& sites, LedgerSite ledger, const GatewayLane* home, Log& log);
  GatewayLane(const GatewayLane&) = delete;
  GatewayLane& operator=(const GatewayLane&) = delete;

  Loop& loop() { return exchanges_.loop(); }
  SessionGatewayHandler& handler() { return *service_; }
  const OnceCounts& once_counts() const { return once_.counts(); }
  std::size_t lingering() const { return exchanges_.lingering(); }

  void SetLedgerPassword(Secret password) { ledger_.set_password(std::move(password)); }
  // No more calls come. `on_idle` is called once all exchanges have ended: those that linger are abandoned at
  // `end`, and soon after it no store is waited for.
  void Drain(TimePoint end, std::function<void()> on_idle);
  // Breaks off what is under way, so that the loop can run out.
  void Close();

 private:
  std::optional<UpstreamStack> symphony_;
  std::optional<UpstreamStack> qlik_;
  Exchanges exchanges_;
  LedgerSite ledger_;
  Once once_;
  std::optional<SessionService> service_;
  std::optional<LoopTimer> ledger_end_;
};

}  // namespace session_gateway
