#include "server/rpc/caller.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "translator/utf8.h"

namespace session_gateway {
namespace {

std::string IdentityOf(const grpc::ServerContext& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return {};
  for (const char* name :
       {GRPC_PEER_URI_PROPERTY_NAME, GRPC_PEER_DNS_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME}) {
    const auto values = auth->FindPropertyValues(name);
    if (!values.empty()) return UsableIdentity({values.front().data(), values.front().size()});
  }
  return {};
}

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Whether the values under `key` are one; then it is in `secret`.
bool TakeOne(const Metadata& metadata, const char* key, Secret& secret) {
  const auto [begin, end] = metadata.equal_range(key);
  if (begin == end) return true;
  const grpc::string_ref first = begin->second;
  if (!std::all_of(begin, end, [first](const auto& entry) { return entry.second == first; })) return false;
  secret = Secret(std::string(first.data(), first.size()));
  return true;
}

RpcError TwoValues(Upstream upstream, const char* key) {
  const std::string where = "metadata[\"" + std::string(key) + "\"]";
  RpcError error =
      MakeError(upstream, absl::StatusCode::kInvalidArgument, Reason::kInvalidField, Outcome::kNotSent,
                Phase::kValidate, where + ": is given more than once, with different values");
  error.violations = {{.field = where, .description = "must not have different values"}};
  return error;
}

}  // namespace

std::variant<Caller, RpcError> ReadCaller(const grpc::ServerContext& context, Upstream upstream) {
  Caller caller;
  caller.identity = IdentityOf(context);
  if (upstream != Upstream::kSymphony) return caller;
  const Metadata& metadata = context.client_metadata();
  if (!TakeOne(metadata, kSymphonyAuthorizationKey, caller.symphony_authorization)) {
    return TwoValues(upstream, kSymphonyAuthorizationKey);
  }
  if (!TakeOne(metadata, kSymphonyCookieKey, caller.symphony_cookie)) {
    return TwoValues(upstream, kSymphonyCookieKey);
  }
  return caller;
}

std::string UsableIdentity(std::string_view name) {
  if (name.size() > kIdentityBytesMax) return {};
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t length = Utf8SequenceLength(rest);
    const auto first = static_cast<unsigned char>(rest.front());
    if (length == 0 || first < 0x20 || first == 0x7F) return {};
    rest.remove_prefix(length);
  }
  return std::string(name);
}

}  // namespace session_gateway
