#include "server/session_creates.h"

#include <utility>

namespace session_gateway {
namespace {

constexpr int kTaken = 409;

// Reads into the message of who waits; `read` returns what is wrong.
template <typename Response, typename ReadAnswer>
CreateEnd ReadInto(AnswerPlace<Response>& place, const ReadAnswer& read) {
  Response of_nobody;
  Response& response = place.waiting != nullptr ? *place.waiting : of_nobody;
  response.Clear();
  place.has_answer = false;
  CreateEnd end;
  end.error = read(response);
  if (end.error) return end;
  end.response = response.SerializeAsString();
  place.has_answer = place.waiting != nullptr;
  return end;
}

}  // namespace

CreateEnd SymphonyCreate::Read(SendResult& result) {
  return ReadInto(*place_, [&](sessiongateway::v1::CreateSessionResponse& response) {
    return parts_.translator.Response(result, parts_.stack.authentication().owner(), parts_.reader, response);
  });
}

QlikCreate::QlikCreate(const CreateParts<CreateExecutionSessionTranslator>& parts, HttpRequest request,
                       std::shared_ptr<Place> place, std::string derived_id, bool privileges)
    : parts_(parts),
      request_(std::move(request)),
      place_(std::move(place)),
      derived_id_(std::move(derived_id)),
      privileges_(privileges) {}

CreateEnd QlikCreate::Read(SendResult& result) {
  CreateEnd end = ReadInto(*place_, [&](sessiongateway::v1::CreateExecutionSessionResponse& response) {
    return parts_.translator.Response(result, parts_.reader, response);
  });
  // Only a call with this request_id makes a row of this id: an earlier one has, though nobody remembers it.
  if (end.error && end.error->http_status == kTaken && !derived_id_.empty()) {
    end = UnknownEnd(Upstream::kQlik, "QRS says that the id of its row is taken");
    end.error->http_status = kTaken;
    end.error->phase = Phase::kReceive;
  }
  return end;
}

const HttpRequest* QlikCreate::question() {
  if (derived_id_.empty()) return nullptr;
  if (!question_) question_ = parts_.translator.RowRequest(derived_id_, privileges_);
  return &*question_;
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
