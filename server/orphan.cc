#include "server/orphan.h"

#include <utility>

namespace session_gateway {

using sessiongateway::v1::CreateExecutionSessionRequest;
using sessiongateway::v1::CreateSessionRequest;

Orphan TakeOrphan(CreateSessionRequest& request) {
  Orphan orphan;
  orphan.method = "sessiongateway.v1.SessionGateway/CreateSession";
  orphan.upstream = UpstreamName(Upstream::kSymphony);
  if (request.has_request_id()) orphan.request_id = std::move(*request.mutable_request_id());
  if (request.has_application_name())
    orphan.application_name = std::move(*request.mutable_application_name());
  if (request.has_cluster_id()) orphan.cluster_id = std::move(*request.mutable_cluster_id());
  if (request.has_session()) {
    auto& session = *request.mutable_session();
    if (session.has_session_name()) orphan.session_name = std::move(*session.mutable_session_name());
    if (session.has_session_tag()) orphan.session_tag = std::move(*session.mutable_session_tag());
  }
  request = CreateSessionRequest();
  return orphan;
}

Orphan TakeOrphan(CreateExecutionSessionRequest& request) {
  Orphan orphan;
  orphan.method = "sessiongateway.v1.SessionGateway/CreateExecutionSession";
  orphan.upstream = UpstreamName(Upstream::kQlik);
  if (request.has_request_id()) orphan.request_id = std::move(*request.mutable_request_id());
  if (request.has_execution_session()) {
    auto& row = *request.mutable_execution_session();
    if (row.has_id()) orphan.requested_id = std::move(*row.mutable_id());
  }
  request = CreateExecutionSessionRequest();
  return orphan;
}

void LogOrphan(Log& log, const Orphan& orphan, std::string_view caller, const OrphanEnd& end,
               const std::optional<RpcError>& error, std::string_view created_id) {
  OrphanRecord record;
  record.method = orphan.method;
  record.upstream = orphan.upstream;
  record.endpoint = end.endpoint;
  record.caller = caller;
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
