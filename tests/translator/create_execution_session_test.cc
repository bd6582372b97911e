// CreateExecutionSession: the request that is sent, what is refused before it is sent, and the answer.
#include "translator/create_execution_session.h"

#include <google/protobuf/util/message_differencer.h>

#include "tests/translator/codec_fixture.h"
#include "tests/translator/sample_documents.h"

namespace session_gateway::testing {
namespace {

const CreateExecutionSessionTranslator& Translator() {
  static const auto translator = CreateExecutionSessionTranslator::Make(DeclaredOptions);
  return std::get<CreateExecutionSessionTranslator>(translator);
}

std::variant<HttpRequest, RpcError> Request(const std::string& text) {
  return Translator().Request(FromText<v1::CreateExecutionSessionRequest>(text), "");
}

std::string Target(const std::string& text) {
  const auto result = Request(text);
  return std::holds_alternative<HttpRequest>(result) ? RenderTarget("", std::get<HttpRequest>(result))
                                                     : "refused";
}

TEST(CreateExecutionSession, AnEmptyRowSendsAnEmptyObject) {
  const auto result = Request("execution_session {}");
  ASSERT_TRUE(std::holds_alternative<HttpRequest>(result));
  const auto& request = std::get<HttpRequest>(result);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.repeat, Repeat::kOnlyIfNotSent);
  EXPECT_EQ(request.body, "{}");
  EXPECT_EQ(request.headers, (std::vector<HttpHeader>{{"accept", "application/json"},
                                                      {"accept-encoding", "identity"},
                                                      {"content-type", "application/json"}}));
}

TEST(CreateExecutionSession, PrivilegesAreAskedForOnlyWhenTrue) {
  EXPECT_EQ(Target("execution_session {}"), "/qrs/executionsession");
  EXPECT_EQ(Target("execution_session {} privileges: false"), "/qrs/executionsession");
  EXPECT_EQ(Target("execution_session {} privileges: true"), "/qrs/executionsession?privileges=true");
}

TEST(CreateExecutionSession, TheRowIsRequired) {
  const auto result = Request("");
  ASSERT_TRUE(std::holds_alternative<RpcError>(result));
  const auto& error = std::get<RpcError>(result);
  EXPECT_EQ(error.code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error.reason, Reason::kInvalidField);
  EXPECT_EQ(error.outcome, Outcome::kNotSent);
  EXPECT_EQ(error.upstream, Upstream::kQlik);
  ASSERT_EQ(error.violations.size(), 1u);
  EXPECT_EQ(error.violations[0].field, "execution_session");
}

TEST(CreateExecutionSession, ABrokenRuleInTheRowSendsNothing) {
  const auto result = Request("execution_session { id: 'x' reload_task { operational { id: '{}' } } }");
  ASSERT_TRUE(std::holds_alternative<RpcError>(result));
  const auto& violations = std::get<RpcError>(result).violations;
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[0].field, "execution_session.id");
  EXPECT_EQ(violations[1].field, "execution_session.reload_task.operational.id");
}

TEST(CreateExecutionSession, PublishedLimitsAreTheUpstreamsToJudge) {
  EXPECT_EQ(Target("execution_session { retries: 101 reload_task { max_retries: -1 } }"),
            "/qrs/executionsession");
}

TEST(CreateExecutionSession, ARequestIdIsAUuidAndStaysHome) {
  auto result = Request("execution_session {} request_id: '00000000-0000-0000-0000-000000000000'");
  EXPECT_EQ(std::get<RpcError>(result).violations.at(0).field, "request_id");
  result = Request("execution_session {} request_id: '046b6c7f-0b8a-43b9-b35d-6489e6daee91'");
  EXPECT_EQ(std::get<HttpRequest>(result), std::get<HttpRequest>(Request("execution_session {}")));
}

constexpr char kDerivedId[] = "6fa459ea-ee8a-5ca4-894e-db77e160355e";

std::string BodyWithRowId(const char* row) {
  const auto result = Translator().Request(
      FromText<v1::CreateExecutionSessionRequest>(std::string("execution_session {") + row + "}"),
      kDerivedId);
  if (const auto* error = std::get_if<RpcError>(&result)) return error->violations.at(0).field;
  return std::get<HttpRequest>(result).body;
}

TEST(CreateExecutionSession, ARowIdIsTakenWhereTheMessageNamesNone) {
  EXPECT_EQ(BodyWithRowId(""), R"({"id":"6fa459ea-ee8a-5ca4-894e-db77e160355e"})");
  EXPECT_EQ(BodyWithRowId("id: ''"), R"({"id":"6fa459ea-ee8a-5ca4-894e-db77e160355e"})");
  EXPECT_EQ(BodyWithRowId("id: '00000000-0000-0000-0000-000000000000'"),
            R"({"id":"6fa459ea-ee8a-5ca4-894e-db77e160355e"})");
  EXPECT_EQ(BodyWithRowId("additional_json { key: '/id' value: 'null' }"),
            R"({"id":"6fa459ea-ee8a-5ca4-894e-db77e160355e"})");
  EXPECT_EQ(BodyWithRowId("id: '046b6c7f-0b8a-43b9-b35d-6489e6daee91'"),
            R"({"id":"046b6c7f-0b8a-43b9-b35d-6489e6daee91"})");
  EXPECT_EQ(BodyWithRowId("additional_json { key: '/id' value: '1' }"),
            R"(execution_session.additional_json["/id"])");
}

TEST(CreateExecutionSession, TheQuestionForARowIsOneForIt) {
  const HttpRequest question = Translator().RowRequest("f47ac10b-58cc-4372-a567-0e02b2c3d479", true);
  EXPECT_EQ(question.method, "GET");
  EXPECT_EQ(RenderTarget("", question),
            "/qrs/executionsession/f47ac10b-58cc-4372-a567-0e02b2c3d479?privileges=true");
  EXPECT_TRUE(Translator().RowRequest("x", false).query.empty());
  EXPECT_TRUE(question.body.empty());
}

using Row = CreateExecutionSessionTranslator::Row;

Row ReadRow(SendResult result) {
  JsonReader reader;
  v1::CreateExecutionSessionResponse response;
  return Translator().ReadRow(result, "f47ac10b-58cc-4372-a567-0e02b2c3d479", reader, response);
}

HttpReply RowReply(int status, std::string body) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  reply.body.reserve(reply.body.size() + 64);
  return reply;
}

TEST(CreateExecutionSession, OnlyTheRowItselfIsFoundAndOnlyA404IsAbsent) {
  const std::string row = R"({"id":"F47AC10B-58CC-4372-A567-0E02B2C3D479"})";
  EXPECT_EQ(ReadRow(RowReply(200, row)), Row::kFound);
  EXPECT_EQ(ReadRow(RowReply(404, "")), Row::kAbsent);
  EXPECT_EQ(ReadRow(RowReply(200, R"({"id":"046b6c7f-0b8a-43b9-b35d-6489e6daee91"})")), Row::kNotKnown);
  EXPECT_EQ(ReadRow(RowReply(200, "{}")), Row::kNotKnown);
  EXPECT_EQ(ReadRow(RowReply(200, "no json")), Row::kNotKnown);
  EXPECT_EQ(ReadRow(RowReply(201, row)), Row::kNotKnown);
  for (const int status : {302, 401, 403, 409, 500, 503}) {
    EXPECT_EQ(ReadRow(RowReply(status, row)), Row::kNotKnown) << status;
  }
  HttpReply page = RowReply(404, "<html>");
  page.headers = {{"content-type", "text/html"}};
  EXPECT_EQ(ReadRow(page), Row::kNotKnown);
  HttpReply cut = RowReply(200, row);
  cut.body_state = BodyState::kCut;
  EXPECT_EQ(ReadRow(cut), Row::kNotKnown);
  EXPECT_EQ(ReadRow(SendFailure()), Row::kNotKnown);
}

TEST(CreateExecutionSession, TheSampleDocumentIsSentAsItIs) {
  v1::CreateExecutionSessionRequest message;
  *message.mutable_execution_session() = Read<v1::ExecutionSession>(QlikBody());
  const auto result = Translator().Request(message, "");
  ASSERT_TRUE(std::holds_alternative<HttpRequest>(result)) << std::get<RpcError>(result).message;
  EXPECT_EQ(std::get<HttpRequest>(result).body, QlikBody());
}

struct Answered {
  std::optional<RpcError> error;
  v1::CreateExecutionSessionResponse response;
};

Answered Answer(int status, const std::string& body) {
  HttpReply reply;
  reply.status = status;
  reply.body = body;
  SendResult result = std::move(reply);
  JsonReader reader;
  Answered out;
  out.error = Translator().Response(result, reader, out.response);
  return out;
}

TEST(CreateExecutionSession, AnAnswerIsReadWhole) {
  const Answered out = Answer(201, QlikBody());
  ASSERT_FALSE(out.error) << out.error->message;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(out.response.execution_session(),
                                                                 Read<v1::ExecutionSession>(QlikBody())));
  EXPECT_FALSE(out.response.has_replayed());
  EXPECT_FALSE(out.response.has_rest_request());
}

TEST(CreateExecutionSession, AnAnswerWithoutIdIsReadable) {
  const Answered out = Answer(201, "{}");
  EXPECT_FALSE(out.error);
  EXPECT_TRUE(out.response.has_execution_session());
  EXPECT_FALSE(Answer(201, R"({"id":5,"retries":"many"})").error);
}

TEST(CreateExecutionSession, OnlyTwoHundredAndOneIsSuccess) {
  for (int status : {200, 202, 204, 206}) {
    const Answered out = Answer(status, QlikBody());
    ASSERT_TRUE(out.error) << status;
    EXPECT_EQ(out.error->code, absl::StatusCode::kInternal);
    EXPECT_EQ(out.error->reason, Reason::kUpstreamContract);
    EXPECT_EQ(out.error->outcome, Outcome::kUnknown);
  }
}

TEST(CreateExecutionSession, AnUnreadableAnswerMayGiveTheIdAway) {
  for (const char* body : {R"({"id":"046b6c7f-0b8a-43b9-b35d-6489e6daee91","x":)",
                           R"({"id":"046b6c7f-0b8a-43b9-b35d-6489e6daee91","x":nul})"}) {
    const Answered out = Answer(201, body);
    ASSERT_TRUE(out.error);
    EXPECT_EQ(out.error->reason, Reason::kAnswerUnreadable);
    EXPECT_EQ(out.error->outcome, Outcome::kDone);
    EXPECT_EQ(out.error->created_id, "046b6c7f-0b8a-43b9-b35d-6489e6daee91");
  }
}

TEST(CreateExecutionSession, ARefusedCertificateIsTheGatewaysMatter) {
  for (int status : {401, 302}) {
    const Answered out = Answer(status, "");
    ASSERT_TRUE(out.error);
    EXPECT_EQ(out.error->code, absl::StatusCode::kInternal);
    EXPECT_EQ(out.error->reason, Reason::kLogonRefused);
    EXPECT_EQ(out.error->outcome, Outcome::kRefused);
  }
}

TEST(CreateExecutionSession, WrongOptionsStopTheStart) {
  const auto made = CreateExecutionSessionTranslator::Make(
      [](const google::protobuf::FieldDescriptor&) { return v1::RestField(); });
  ASSERT_TRUE(std::holds_alternative<std::string>(made));
  EXPECT_EQ(std::get<std::string>(made),
            "sessiongateway.v1.ExecutionSession.id: has no name option and is not local");
}

}  // namespace
}  // namespace session_gateway::testing
