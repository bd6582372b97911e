#include "server/session_creates.h"

#include <utility>

namespace session_gateway {
namespace {

constexpr int kTaken = 409;

}  // namespace

CreateEnd SymphonyCreate::Read(SendResult& result) {
  sessiongateway::v1::CreateSessionResponse response;
  CreateEnd end;
  end.error =
      parts_.translator.Response(result, parts_.stack.authentication().owner(), parts_.reader, response);
  if (!end.error) end.response = response.SerializeAsString();
  return end;
}

QlikCreate::QlikCreate(const CreateParts<CreateExecutionSessionTranslator>& parts, HttpRequest request,
                       std::string derived_id, bool privileges)
    : parts_(parts), request_(std::move(request)), derived_id_(std::move(derived_id)) {
  if (!derived_id_.empty()) question_ = parts_.translator.RowRequest(derived_id_, privileges);
}

CreateEnd QlikCreate::Read(SendResult& result) {
  sessiongateway::v1::CreateExecutionSessionResponse response;
  CreateEnd end;
  end.error = parts_.translator.Response(result, parts_.reader, response);
  if (!end.error) end.response = response.SerializeAsString();
  // Only a call with this request_id makes a row of this id: an earlier one has, though nobody remembers it.
  if (end.error && end.error->http_status == kTaken && !derived_id_.empty()) {
    end = UnknownEnd(Upstream::kQlik, "QRS says that the id of its row is taken");
    end.error->http_status = kTaken;
    end.error->phase = Phase::kReceive;
  }
  return end;
}

OnceCreate::Found QlikCreate::ReadQuestion(SendResult& result, CreateEnd& end) {
  using Row = CreateExecutionSessionTranslator::Row;
  sessiongateway::v1::CreateExecutionSessionResponse response;
  switch (parts_.translator.ReadRow(result, derived_id_, parts_.reader, response)) {
    case Row::kFound:
      end.response = response.SerializeAsString();
      return Found::kThere;
    case Row::kAbsent:
      return Found::kAbsent;
    case Row::kNotKnown:
      break;
  }
  return Found::kNotKnown;
}

}  // namespace session_gateway
