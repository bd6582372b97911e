#include "translator/request_rules.h"

#include <utility>

#include "translator/guid.h"

namespace session_gateway {

HttpRequest JsonPost(std::string_view path, Repeat repeat) {
  HttpRequest request;
  request.method = "POST";
  request.path = path;
  request.repeat = repeat;
  // One after the other, for a list in braces would be copied.
  request.headers.reserve(3);
  request.headers.push_back({"accept", "application/json"});
  request.headers.push_back({"accept-encoding", "identity"});
  request.headers.push_back({"content-type", "application/json"});
  return request;
}

SharedText FittingBody(std::string body) {
  constexpr std::size_t kWasteDivisor = 8;  // a large one is not copied for little
  if (body.capacity() - body.size() > body.size() / kWasteDivisor) body.shrink_to_fit();
  return SharedText(std::move(body));
}

void CheckRequestId(bool is_set, const std::string& request_id, Violations& violations) {
  if (!is_set || (IsGuid(request_id) && !IsZeroGuid(request_id))) return;
  violations.Add("request_id", "must be a UUID with hyphens, and not zero");
}

RpcError RequestIdRequired(Upstream upstream) {
  Violations violations;
  violations.Add("request_id", "is required by this gateway, so that a repeated call creates nothing twice");
  return std::move(violations).ToError(upstream);
}

RpcError RequestIdReused(Upstream upstream) {
  Violations violations;
  violations.Add("request_id", "was used for a call with other content; a new call needs a new one");
  RpcError error = std::move(violations).ToError(upstream);
  error.reason = Reason::kRequestIdReused;
  return error;
}

}  // namespace session_gateway
