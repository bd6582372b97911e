#include "server/orphan.h"

namespace session_gateway {

Orphan OrphanOf(const sessiongateway::v1::CreateSessionRequest& request, const Caller& caller) {
  return {.method = "sessiongateway.v1.SessionGateway/CreateSession",
          .upstream = UpstreamName(Upstream::kSymphony),
          .caller = caller.identity,
          .request_id = request.request_id(),
          .application_name = request.application_name(),
          .cluster_id = request.cluster_id(),
          .session_name = request.session().session_name(),
          .session_tag = request.session().session_tag(),
          .requested_id = {}};
}

Orphan OrphanOf(const sessiongateway::v1::CreateExecutionSessionRequest& request, const Caller& caller) {
  return {.method = "sessiongateway.v1.SessionGateway/CreateExecutionSession",
          .upstream = UpstreamName(Upstream::kQlik),
          .caller = caller.identity,
          .request_id = request.request_id(),
          .application_name = {},
          .cluster_id = {},
          .session_name = {},
          .session_tag = {},
          .requested_id = request.execution_session().id()};
}

void LogOrphan(Log& log, const Orphan& orphan, const OrphanEnd& end, const std::optional<RpcError>& error,
               std::string_view created_id) {
  OrphanRecord record;
  record.method = orphan.method;
  record.upstream = orphan.upstream;
  record.endpoint = end.endpoint;
  record.caller = orphan.caller;
  record.request_id = orphan.request_id;
  record.application_name = orphan.application_name;
  record.cluster_id = orphan.cluster_id;
  record.session_name = orphan.session_name;
  record.session_tag = orphan.session_tag;
  record.requested_id = orphan.requested_id;
  record.created_id = created_id;
  record.lingered = end.lingered;
  record.outcome = OutcomeName(Outcome::kDone);
  if (error) {
    record.outcome = OutcomeName(error->outcome);
    record.reason = ReasonName(error->reason);
    record.phase = PhaseName(error->phase);
    record.http_status = error->http_status;
    record.created_id = error->created_id;
    // What was refused left nothing behind.
    if (error->outcome == Outcome::kRefused) record.level = LogLevel::kInfo;
  }
  log.Orphan(record);
}

}  // namespace session_gateway
