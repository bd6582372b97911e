// All that serves one configuration: what its lanes share (sites, secrets, translators), and the lanes.
// Nothing else puts them together.
//
// Thread rule: made before the loops run and destroyed after they have; all else on the owner's thread, which
// is none of theirs. Never here: the listener, threads, the process.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/config.h"
#include "server/gateway_lane.h"
#include "server/log.h"
#include "server/rpc/lanes.h"

namespace session_gateway {

// Of a certificate that is outside its dates and was taken all the same; nothing to say otherwise.
void WarnOfCertificate(std::string_view set, const std::optional<std::string>& warning, Log& log);

class Gateway {
 public:
  // The gateway, with a lane on each of `loops`, or what is wrong with the configuration or its files. The
  // first loop is that of `parts`: files are followed there, and log-ons live there. What the parts refer to,
  // the loops and the log outlive it.
  static std::variant<std::unique_ptr<Gateway>, std::string> Make(const Config& config,
                                                                  const AuthenticationParts& parts,
                                                                  std::deque<Loop>& loops, Log& log);

  std::vector<ServerLane> lanes();

  // No more calls come. Returns once all exchanges have ended: those that linger are abandoned at `end`, and
  // soon after it no store is waited for. Logs what became of the calls with a request_id.
  void Drain(TimePoint end);
  // Breaks off what is under way, so that the loops can run out. Does not wait for that.
  void Close();

 private:
  Gateway(const Config& config, const AuthenticationParts& parts, std::vector<GatewayTranslators> translators,
          GatewaySites sites, LedgerSecrets secrets, std::deque<Loop>& loops, Log& log);

  Log& log_;
  const GatewaySites sites_;
  const LedgerSecrets secrets_;
  std::deque<GatewayLane> lanes_;
  std::optional<GatewaySecretWatch> ledger_password_;
};

}  // namespace session_gateway
