#include "tests/bench/translate_steps.h"

#include <google/protobuf/arena.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <variant>

#include "server/client/rest_body.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

template <typename Translator>
Translator Make() {
  return std::get<Translator>(Translator::Make(DeclaredOptions));
}

}  // namespace

void FillFromSample(const OnceSample& sample, google::protobuf::Message& message) {
  std::string body = sample.body;
  auto parsed = ParseJsonObject(body);
  auto* const node = std::get_if<JsonNode>(&parsed);
  if (node == nullptr || !FillFromRestBody(std::move(*node), message).empty()) {
    Fail("a body of the bench is none of the contract's");
  }
}

class TranslateSteps::Parts {
 public:
  explicit Parts(const OnceSample& sample)
      : is_qlik_(sample.upstream == Upstream::kQlik),
        symphony_(Make<CreateSessionTranslator>()),
        qlik_(Make<CreateExecutionSessionTranslator>()) {
    session_.set_application_name("symping7.3.2");
    if (is_qlik_) {
      FillFromSample(sample, *row_.mutable_execution_session());
    } else {
      FillFromSample(sample, *session_.mutable_session());
    }
    HttpReply success;
    success.status = is_qlik_ ? 201 : 200;
    success.headers = {{"content-type", "application/json"}};
    success.body = sample.answer;
    success.body.reserve(success.body.size() + 64);  // as the engine hands it up
    success_ = std::move(success);
    HttpReply refusal;
    refusal.status = 403;
    refusal.headers = {{"content-type", "application/json"}};
    refusal.body = R"({"error":"no permission for the consumer"})";
    refusal_ = std::move(refusal);
  }

  std::size_t Request() const {
    const auto made =
        is_qlik_ ? qlik_.Request(row_, {}) : symphony_.Request(session_, CsrfTokenFrom::kGateway, {});
    const auto* const request = std::get_if<HttpRequest>(&made);
    if (request == nullptr) Fail("a message of the bench is refused");
    return request->body.size();
  }

  bool Read(SendResult& result) {
    google::protobuf::Arena arena;
    if (is_qlik_) {
      auto& response = *google::protobuf::Arena::CreateMessage<v1::CreateExecutionSessionResponse>(&arena);
      return qlik_.Response(result, reader_, response).has_value();
    }
    auto& response = *google::protobuf::Arena::CreateMessage<v1::CreateSessionResponse>(&arena);
    return symphony_.Response(result, CredentialOwner::kGateway, reader_, response).has_value();
  }

  SendResult success_;
  SendResult refusal_;

 private:
  const bool is_qlik_;
  const CreateSessionTranslator symphony_;
  const CreateExecutionSessionTranslator qlik_;
  v1::CreateSessionRequest session_;
  v1::CreateExecutionSessionRequest row_;
  JsonReader reader_;
};

TranslateSteps::TranslateSteps(const OnceSample& sample) : parts_(std::make_unique<Parts>(sample)) {}
TranslateSteps::~TranslateSteps() = default;

std::size_t TranslateSteps::Request() { return parts_->Request(); }
bool TranslateSteps::Response() { return parts_->Read(parts_->success_); }
bool TranslateSteps::Refusal() { return parts_->Read(parts_->refusal_); }

}  // namespace session_gateway
