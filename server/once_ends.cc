#include "server/once_ends.h"

#include <string>
#include <utility>

#include "translator/request_rules.h"
#include "translator/upstream_status.h"

namespace session_gateway {
namespace {

CreateEnd EndOf(RpcError error) { return {.error = std::move(error), .response = {}}; }

}  // namespace

CreateEnd ReusedEnd(Upstream upstream) { return EndOf(RequestIdReused(upstream)); }

CreateEnd LedgerFullEnd(Upstream upstream) {
  return EndOf(MakeError(upstream, absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                         Outcome::kNotSent, Phase::kQueue, "the ledger of requests is full"));
}

CreateEnd LedgerUnreachableEnd(Upstream upstream, std::string_view detail) {
  return EndOf(MakeError(upstream, absl::StatusCode::kUnavailable, Reason::kLedgerUnavailable,
                         Outcome::kNotSent, Phase::kQueue, "the ledger of requests " + std::string(detail)));
}

CreateEnd StoppedEnd(Upstream upstream, StopReason reason, Phase phase, bool may_be_sent,
                     std::string_view detail) {
  const FailureKind kind =
      reason == StopReason::kCancelled ? FailureKind::kCancelled : FailureKind::kDeadline;
  return EndOf(ErrorFromFailure(upstream, SendFailure{kind, phase, may_be_sent, std::string(detail)}));
}

CreateEnd SharedEnd(Upstream upstream, CreateEnd end) {
  if (end.error && end.error->reason == Reason::kDeadline) return Replay(upstream, std::move(end));
  end.replayed = true;
  return end;
}

}  // namespace session_gateway
