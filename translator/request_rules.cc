#include "translator/request_rules.h"

#include "translator/guid.h"

namespace session_gateway {

HttpRequest JsonPost(std::string_view path, Repeat repeat) {
  HttpRequest request;
  request.method = "POST";
  request.path = path;
  request.repeat = repeat;
  request.headers = {
      {"accept", "application/json"}, {"accept-encoding", "identity"}, {"content-type", "application/json"}};
  return request;
}

void CheckRequestId(bool is_set, const std::string& request_id, Violations& violations) {
  if (!is_set || (IsGuid(request_id) && !IsZeroGuid(request_id))) return;
  violations.Add("request_id", "must be a UUID with hyphens, and not zero");
}

RpcError RequestIdUnsupported(Upstream upstream) {
  return MakeError(upstream, absl::StatusCode::kUnimplemented, Reason::kUnsupported, Outcome::kNotSent,
                   Phase::kValidate, "request_id: this gateway keeps no ledger of requests; leave it unset");
}

}  // namespace session_gateway
