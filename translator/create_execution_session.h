// CreateExecutionSession: what the repository service is sent, and what its answer means.
//
//   POST /qrs/executionsession?xrfkey=K&privileges=true
//   {"id":"…",…}                                                     -> 201 {"id":"…",…}
//   GET /qrs/executionsession/{id}?xrfkey=K&privileges=true          -> 200 {"id":"…",…}, or 404
//
// Thread rule: immutable; a JsonReader per thread is handed in. Never here: sending, the Xrfkey pair,
// X-Qlik-User; those belong to the gateway's credentials.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "sessiongateway/v1/qlik.pb.h"
#include "translator/field_plan.h"
#include "translator/http_message.h"
#include "translator/json_reader.h"
#include "translator/rpc_error.h"

namespace session_gateway {

class CreateExecutionSessionTranslator {
 public:
  // Compiles the plans; the text names the field whose options are wrong.
  static std::variant<CreateExecutionSessionTranslator, std::string> Make(const OptionsOf& options_of);

  // The request without the gateway's credentials, or every rule that the message breaks. `row_id` is the new
  // row's when the message names none; empty: the upstream makes one.
  std::variant<HttpRequest, RpcError> Request(
      const sessiongateway::v1::CreateExecutionSessionRequest& message, const std::string& row_id) const;

  // Whether the caller leaves the choice of the row's id to others: it is unset, empty or zero.
  static bool NamesNoId(const sessiongateway::v1::CreateExecutionSessionRequest& message);

  // Fills `response` from the upstream's end of the exchange, or says what went wrong. The reply's body may
  // grow in capacity.
  std::optional<RpcError> Response(SendResult& result, JsonReader& reader,
                                   sessiongateway::v1::CreateExecutionSessionResponse& response) const;

  // The question whether a row is there, and its answer. Only what is surely the row counts as found, and
  // only a complete 404 as absent.
  HttpRequest RowRequest(const std::string& row_id, bool privileges) const;
  enum class Row { kFound, kAbsent, kNotKnown };
  Row ReadRow(SendResult& result, const std::string& row_id, JsonReader& reader,
              sessiongateway::v1::CreateExecutionSessionResponse& response) const;

 private:
  explicit CreateExecutionSessionTranslator(BodyPlan row) : row_(std::move(row)) {}

  BodyPlan row_;
};

}  // namespace session_gateway
