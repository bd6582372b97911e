// CreateSession: what Symphony is sent, and what its answer means.
//
//   POST /platform/rest/symrest/v1/clientapi/session?applicationName=A&clusterId=C&csrftoken=T
//   {"sessionName":"…",…}                                            -> 200 {"sessionId":1200,…}
//
// Thread rule: immutable; a JsonReader per thread is handed in. Never here: sending, credentials of the
// gateway.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "sessiongateway/v1/symphony.pb.h"
#include "translator/field_plan.h"
#include "translator/http_message.h"
#include "translator/json_reader.h"
#include "translator/rpc_error.h"
#include "translator/upstream_status.h"

namespace session_gateway {

// Who brings the CSRF token.
enum class CsrfTokenFrom { kGateway, kCaller };

// What the gateway's owner wants in a session whose caller says nothing about it.
struct SessionDefaults {
  std::int32_t session_ttl_in_minutes = 0;  // 0: nothing
  bool operator==(const SessionDefaults&) const = default;
};

class CreateSessionTranslator {
 public:
  // Compiles the plans; the text names the field whose options are wrong.
  static std::variant<CreateSessionTranslator, std::string> Make(const OptionsOf& options_of);

  // The request without the gateway's credentials, or every rule that the message breaks. A caller
  // may set the CSRF token only when it is the caller's to bring. A default yields to the field, and to a
  // pointer of additional_json to it.
  std::variant<HttpRequest, RpcError> Request(const sessiongateway::v1::CreateSessionRequest& message,
                                              CsrfTokenFrom csrf_token_from,
                                              const SessionDefaults& defaults) const;

  // Fills `response` from the upstream's end of the exchange, or says what went wrong. The reply's body may
  // grow in capacity.
  std::optional<RpcError> Response(SendResult& result, CredentialOwner owner, JsonReader& reader,
                                   sessiongateway::v1::CreateSessionResponse& response) const;

 private:
  CreateSessionTranslator(BodyPlan session, BodyPlan answer)
      : session_(std::move(session)), answer_(std::move(answer)) {}

  BodyPlan session_;
  BodyPlan answer_;
};

}  // namespace session_gateway
