// CreateSession: the request that is sent, what is refused before it is sent, and the answer.
#include "translator/create_session.h"

#include <google/protobuf/util/message_differencer.h>

#include "tests/translator/codec_fixture.h"
#include "tests/translator/sample_documents.h"
#include "translator/rest_preview.h"

namespace session_gateway::testing {
namespace {

const CreateSessionTranslator& Translator() {
  static const auto translator = CreateSessionTranslator::Make(DeclaredOptions);
  return std::get<CreateSessionTranslator>(translator);
}

std::variant<HttpRequest, RpcError> Request(const std::string& text,
                                            CsrfTokenFrom from = CsrfTokenFrom::kCaller) {
  return Translator().Request(FromText<v1::CreateSessionRequest>(text), from, {});
}

HttpRequest Sent(const std::string& text, CsrfTokenFrom from = CsrfTokenFrom::kCaller) {
  auto result = Request(text, from);
  if (const auto* error = std::get_if<RpcError>(&result)) {
    ADD_FAILURE() << text << ": " << error->message;
    return {};
  }
  return std::get<HttpRequest>(result);
}

std::string Target(const std::string& text) { return RenderTarget("", Sent(text)); }

std::vector<std::string> Refused(const std::string& text, CsrfTokenFrom from = CsrfTokenFrom::kCaller) {
  auto result = Request(text, from);
  std::vector<std::string> fields;
  if (const auto* error = std::get_if<RpcError>(&result)) {
    EXPECT_EQ(error->code, absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(error->reason, Reason::kInvalidField);
    EXPECT_EQ(error->outcome, Outcome::kNotSent);
    EXPECT_EQ(error->phase, Phase::kValidate);
    EXPECT_EQ(error->upstream, Upstream::kSymphony);
    for (const auto& violation : error->violations) fields.push_back(violation.field);
  }
  return fields;
}

using Fields = std::vector<std::string>;

std::string BodyWithTtl(const std::string& text) {
  auto result = Translator().Request(FromText<v1::CreateSessionRequest>(text), CsrfTokenFrom::kCaller,
                                     {.session_ttl_in_minutes = 60});
  const auto* const request = std::get_if<HttpRequest>(&result);
  return request == nullptr ? std::get<RpcError>(result).message : request->body.text();
}

TEST(CreateSession, ADefaultLifeSpanIsSentUnlessTheCallerSaysOtherwise) {
  EXPECT_EQ(BodyWithTtl("application_name: 'A'"), R"({"sessionTTLInMinutes":60})");
  EXPECT_EQ(BodyWithTtl("application_name: 'A' session { session_name: 'n' }"),
            R"({"sessionName":"n","sessionTTLInMinutes":60})");
  EXPECT_EQ(BodyWithTtl("application_name: 'A' session { session_ttl_in_minutes: 0 }"),
            R"({"sessionTTLInMinutes":0})");
  EXPECT_EQ(BodyWithTtl("application_name: 'A' session { additional_json { key: '/sessionTTLInMinutes' "
                        "value: 'null' } }"),
            R"({"sessionTTLInMinutes":null})");
}

// Thousands of calls wait with theirs.
TEST(CreateSession, ABodyKeepsLittleRoomThatItDoesNotNeed) {
  for (const std::size_t size : {10, 1000, 5000, 9000, 100'000}) {
    const HttpRequest request =
        Sent("application_name: 'A' session { session_name: '" + std::string(size, 'n') + "' }");
    const std::string& body = request.body.text();
    EXPECT_GT(body.size(), size);
    EXPECT_LE(body.capacity(), body.size() + body.size() / 8) << size;
  }
}

TEST(CreateSession, AnEmptySessionSendsAnEmptyObject) {
  const HttpRequest request = Sent("application_name: 'A'");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.repeat, Repeat::kOnlyIfNotSent);
  EXPECT_EQ(request.body, "{}");
  EXPECT_EQ(RenderTarget("/prefix", request),
            "/prefix/platform/rest/symrest/v1/clientapi/session?applicationName=A");
  EXPECT_EQ(request.headers, (std::vector<HttpHeader>{{"accept", "application/json"},
                                                      {"accept-encoding", "identity"},
                                                      {"content-type", "application/json"}}));
  EXPECT_EQ(Sent("application_name: 'A' session {}").body, "{}");
  EXPECT_EQ(Sent("application_name: 'A' session { session_name: 'n' }").body, R"({"sessionName":"n"})");
}

TEST(CreateSession, TheQueryIsOrderedAndPercentEncoded) {
  const std::string path = "/platform/rest/symrest/v1/clientapi/session?applicationName=";
  EXPECT_EQ(Target("csrf_token: 't' cluster_id: 'c' application_name: 'a'"),
            path + "a&clusterId=c&csrftoken=t");
  EXPECT_EQ(Target("application_name: 'a' cluster_id: '' csrf_token: ''"), path + "a&clusterId=&csrftoken=");
  EXPECT_EQ(Target("application_name: 'a b+c&d=e%f/g?h#i\xc3\xa9' "),
            path + "a%20b%2Bc%26d%3De%25f%2Fg%3Fh%23i%C3%A9");
  EXPECT_EQ(Target("application_name: 'aZ09-._~'"), path + "aZ09-._~");
  EXPECT_EQ(Target("application_name: '!*\\'();:@$,[]\"<>\\\\^`{|}'"),
            path + "%21%2A%27%28%29%3B%3A%40%24%2C%5B%5D%22%3C%3E%5C%5E%60%7B%7C%7D");
}

TEST(CreateSession, TheCallersTokenIsASecret) {
  const HttpRequest request = Sent("application_name: 'a' csrf_token: 'CANARY'");
  EXPECT_EQ(request.query.back(), (QueryParam{"csrftoken", "CANARY", Secrecy::kSecret}));
  EXPECT_EQ(RenderMaskedTarget("", request),
            "/platform/rest/symrest/v1/clientapi/session?applicationName=a&csrftoken=***");
}

TEST(CreateSession, TheTokenIsTheCallersToBringOrNot) {
  EXPECT_EQ(Refused("application_name: 'a' csrf_token: 't'", CsrfTokenFrom::kGateway), Fields{"csrf_token"});
  EXPECT_EQ(Refused("application_name: 'a' csrf_token: ''", CsrfTokenFrom::kGateway), Fields{"csrf_token"});
  EXPECT_EQ(Sent("application_name: 'a'", CsrfTokenFrom::kGateway).query.size(), 1u);
}

TEST(CreateSession, TheApplicationIsRequired) {
  EXPECT_EQ(Refused(""), Fields{"application_name"});
  EXPECT_EQ(Refused("application_name: ''"), Fields{"application_name"});
}

TEST(CreateSession, ControlCharactersInTheQueryAreRefused) {
  for (int c : {0, 1, 9, 10, 13, 31, 127}) {
    v1::CreateSessionRequest message;
    const std::string text = "a" + std::string(1, static_cast<char>(c));
    message.set_application_name(text);
    message.set_cluster_id(text);
    message.set_csrf_token(text);
    const auto result = Translator().Request(message, CsrfTokenFrom::kCaller, {});
    ASSERT_TRUE(std::holds_alternative<RpcError>(result)) << c;
    EXPECT_EQ(std::get<RpcError>(result).violations.size(), 3u);
    EXPECT_EQ(std::get<RpcError>(result).violations[2].field, "csrf_token");
  }
  EXPECT_EQ(Refused("application_name: 'a b\xc2\x80'"), Fields());
  // In the body they are text like any other.
  EXPECT_EQ(Sent("application_name: 'a' session { session_name: '\\n' }").body, "{\"sessionName\":\"\\n\"}");
}

TEST(CreateSession, RulesAtTheirBorders) {
  struct Row {
    std::string session;
    Fields refused;
  };
  const std::string tag(128, 'a');
  const std::string ratio = "session.service_to_slot_ratio";
  const Row rows[] = {
      {"session_priority: 1 preemption_rank: 1", {}},
      {"session_priority: 10000 preemption_rank: 10000", {}},
      {"session_priority: 0", {"session.session_priority"}},
      {"session_priority: -1", {"session.session_priority"}},
      {"session_priority: 10001", {"session.session_priority"}},
      {"preemption_rank: 0", {"session.preemption_rank"}},
      {"preemption_rank: 10001", {"session.preemption_rank"}},
      {"session_tag: ''", {}},
      {"session_tag: 'azAZ09_-'", {}},
      {"session_tag: '" + tag + "'", {}},
      {"session_tag: '" + tag + "a'", {"session.session_tag"}},
      {"session_tag: 'a b'", {"session.session_tag"}},
      {"session_tag: 'a.b'", {"session.session_tag"}},
      {"session_tag: '\xc3\xa9'", {"session.session_tag"}},
      {"service_to_slot_ratio {}", {}},
      {"service_to_slot_ratio { num_services: 1 num_slots: 1 }", {}},
      {"service_to_slot_ratio { num_services: 10 num_slots: 1 }", {}},
      {"service_to_slot_ratio { num_services: 11 num_slots: 1 }", {ratio + ".num_services"}},
      {"service_to_slot_ratio { num_services: 1 num_slots: 4294967295 }", {}},
      {"service_to_slot_ratio { num_services: 2 num_slots: 2 }", {ratio}},
      {"service_to_slot_ratio { num_services: 0 num_slots: 1 }", {ratio + ".num_services"}},
      {"service_to_slot_ratio { num_services: 1 num_slots: 0 }", {ratio + ".num_slots"}},
      {"service_to_slot_ratio { num_services: 0 num_slots: 0 }",
       {ratio + ".num_services", ratio + ".num_slots"}},
      {"service_to_slot_ratio { num_services: 11 }", {}},
      {"service_to_slot_ratio { num_slots: 7 }", {}},
      {"service_to_slot_ratio { num_services: 0 }", {ratio + ".num_services"}},
      {"docker_mount_definition { host_dir: '/' } docker_mount_definition {}", {}},
      {"docker_mount_definition {} docker_mount_definition { host_dir: 'a/b' }",
       {"session.docker_mount_definition[1].host_dir"}},
      {"docker_mount_definition { host_dir: '' }", {"session.docker_mount_definition[0].host_dir"}},
      {"docker_mount_definition { container_dir: 'relative' }", {}},
      // The upstream judges the rest.
      {"session_timeout: -1 session_ttl_in_minutes: -1 min_services: 5 max_services: 1 session_name: '" +
           std::string(2000, 'n') + "'",
       {}},
  };
  for (const Row& row : rows)
    EXPECT_EQ(Refused("application_name: 'a' session { " + row.session + " }"), row.refused) << row.session;
}

TEST(CreateSession, EveryBrokenRuleIsNamed) {
  EXPECT_EQ(Refused("request_id: 'x' session { session_priority: 0 common_data {} "
                    "additional_json { key: 'x' value: '1' } }"),
            (Fields{"request_id", "application_name", "session.session_priority",
                    "session.additional_json[\"x\"]", "session.common_data[0]"}));
}

TEST(CreateSession, ARequestIdIsAUuidAndStaysHome) {
  for (const char* bad :
       {"", "x", "00000000-0000-0000-0000-000000000000", "{046b6c7f-0b8a-43b9-b35d-6489e6daee91}",
        "046b6c7f0b8a43b9b35d6489e6daee91", "046b6c7f-0b8a-43b9-b35d-6489e6daee9g"}) {
    EXPECT_EQ(Refused(std::string("application_name: 'a' request_id: '") + bad + "'"), Fields{"request_id"})
        << bad;
  }
  for (const char* good : {"046b6c7f-0b8a-43b9-b35d-6489e6daee91", "046B6C7F-0B8A-43B9-B35D-6489E6DAEE91"}) {
    const auto result = Request(std::string("application_name: 'a' request_id: '") + good + "'");
    ASSERT_TRUE(std::holds_alternative<HttpRequest>(result)) << good;
    EXPECT_EQ(std::get<HttpRequest>(result), std::get<HttpRequest>(Request("application_name: 'a'")));
  }
}

std::string BodyWithTag(const char* fields) {
  const auto result =
      Translator().Request(FromText<v1::CreateSessionRequest>(std::string("application_name: 'a' ") + fields),
                           CsrfTokenFrom::kCaller, {.tag_from_request_id = true});
  return std::get<HttpRequest>(result).body;
}

TEST(CreateSession, TheTagIsTheRequestIdWhereTheOwnerWantsItAndTheCallerSaysNothing) {
  const std::string id = "request_id: '046B6C7F-0B8A-43B9-B35D-6489E6DAEE91'";
  EXPECT_EQ(BodyWithTag(id.c_str()), R"({"sessionTag":"046b6c7f-0b8a-43b9-b35d-6489e6daee91"})");
  EXPECT_EQ(BodyWithTag(""), "{}");
  EXPECT_EQ(BodyWithTag((id + " session { session_tag: 't' }").c_str()), R"({"sessionTag":"t"})");
  EXPECT_EQ(BodyWithTag((id + " session { session_tag: '' }").c_str()), R"({"sessionTag":""})");
  EXPECT_EQ(BodyWithTag((id + " session { additional_json { key: '/sessionTag' value: 'null' } }").c_str()),
            R"({"sessionTag":null})");
}

TEST(CreateSession, TheSampleDocumentIsSentAsItIs) {
  v1::CreateSessionRequest message;
  message.set_application_name("a");
  *message.mutable_session() = Read<v1::Session>(SymphonyBody());
  const auto result = Translator().Request(message, CsrfTokenFrom::kGateway, {});
  ASSERT_TRUE(std::holds_alternative<HttpRequest>(result));
  EXPECT_EQ(std::get<HttpRequest>(result).body, SymphonyBody());
}

struct Answered {
  std::optional<RpcError> error;
  v1::CreateSessionResponse response;
};

Answered Answer(int status, const std::string& body) {
  HttpReply reply;
  reply.status = status;
  reply.body = body;
  reply.endpoint = "http://symphony:8050";
  SendResult result = std::move(reply);
  JsonReader reader;
  Answered out;
  out.error = Translator().Response(result, CredentialOwner::kGateway, reader, out.response);
  return out;
}

TEST(CreateSession, AnAnswerIsReadWithTheEndpointThatGaveIt) {
  const Answered out = Answer(200, SymphonyAnswer());
  ASSERT_FALSE(out.error) << out.error->message;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
      out.response, FromText<v1::CreateSessionResponse>("session_id: '1200' application_name: 'symping7.3.2' "
                                                        "cluster_id: '' endpoint: 'http://symphony:8050'")));
  EXPECT_FALSE(Answer(200, R"({"sessionId":"abc","other":[1]})").error);
}

TEST(CreateSession, AnAnswerWithoutAnIdIsUnreadable) {
  for (const char* body : {"{}", R"({"sessionId":null})", R"({"sessionId":""})", R"({"sessionId":1.5})",
                           R"({"sessionId":1e3})", R"({"sessionId":true})", R"({"sessionId":[1]})",
                           R"({"sessionid":1})", R"({"sessionId":1,"sessionId":null})",
                           R"({"x":{"sessionId":1}})", "[]", "\"1200\"", "", "null", "OK"}) {
    const Answered out = Answer(200, body);
    ASSERT_TRUE(out.error) << body;
    EXPECT_EQ(out.error->code, absl::StatusCode::kInternal);
    EXPECT_EQ(out.error->reason, Reason::kAnswerUnreadable);
    EXPECT_EQ(out.error->outcome, Outcome::kDone);
    EXPECT_EQ(out.error->phase, Phase::kParse);
    EXPECT_EQ(out.error->http_status, 200);
  }
}

TEST(CreateSession, OnlyTwoHundredIsSuccess) {
  for (int status : {201, 202, 203, 204, 206, 226, 299, 101, 199}) {
    const Answered out = Answer(status, SymphonyAnswer());
    ASSERT_TRUE(out.error) << status;
    EXPECT_EQ(out.error->code, absl::StatusCode::kInternal);
    EXPECT_EQ(out.error->reason, Reason::kUpstreamContract);
    EXPECT_EQ(out.error->outcome, Outcome::kUnknown);
    EXPECT_EQ(out.error->http_status, status);
  }
}

TEST(CreateSession, WrongOptionsStopTheStart) {
  for (const char* field : {"session_name", "application_name"}) {
    const auto made = CreateSessionTranslator::Make([&](const google::protobuf::FieldDescriptor& asked) {
      return asked.name() == field ? v1::RestField() : DeclaredOptions(asked);
    });
    ASSERT_TRUE(std::holds_alternative<std::string>(made));
    EXPECT_NE(std::get<std::string>(made).find(field), std::string::npos);
  }
}

TEST(RestPreview, ShowsTheListedHeadersAndNoSecret) {
  HttpRequest request = Sent("application_name: 'a b' csrf_token: 'CANARY1'");
  request.query.insert(request.query.begin(), {"xrfkey", "CANARY2", Secrecy::kSecret});
  request.headers.push_back({"authorization", "Basic CANARY3", Secrecy::kSecret});
  request.headers.push_back({"cookie", "a=CANARY4; b=CANARY5", Secrecy::kSecret});
  request.headers.push_back({"x-qlik-user", "UserDirectory=A;UserId=B"});
  request.headers.push_back({"x-qlik-xrfkey", "CANARY6", Secrecy::kSecret});
  request.headers.push_back({"x-qlik-security", "SecureRequest=true"});
  request.headers.push_back({"host", "h"});
  request.headers.push_back({"traceparent", "t"});
  const v1::RestRequest preview = PreviewRequest("http://h:1/p", request);
  EXPECT_EQ(preview.DebugString().find("CANARY"), std::string::npos);
  EXPECT_EQ(preview.method(), "POST");
  EXPECT_EQ(preview.url(),
            "http://h:1/p/platform/rest/symrest/v1/clientapi/"
            "session?xrfkey=***&applicationName=a%20b&csrftoken=***");
  EXPECT_EQ(preview.body(), "{}");
  const std::map<std::string, std::string> headers(preview.headers().begin(), preview.headers().end());
  EXPECT_EQ(headers, (std::map<std::string, std::string>{{"accept", "application/json"},
                                                         {"accept-encoding", "identity"},
                                                         {"authorization", "***"},
                                                         {"content-type", "application/json"},
                                                         {"cookie", "***"},
                                                         {"x-qlik-security", "SecureRequest=true"},
                                                         {"x-qlik-user", "UserDirectory=A;UserId=B"},
                                                         {"x-qlik-xrfkey", "***"}}));
}

}  // namespace
}  // namespace session_gateway::testing
