// What a call's context knows of its caller's metadata.
#include "server/rpc/caller.h"

#include <gmock/gmock.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include "tests/server/rpc_harness.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;
using testing::Not;
using Metadata = std::vector<std::pair<std::string, std::string>>;

constexpr char kAuthorization[] = "Basic Y2FuYXJ5OmNhbmFyeQ==";
constexpr char kCookie[] = "platform.rest.token=\"canary\"; x=1";

Task<std::optional<RpcError>> Tell(const CreateSessionRequest&, CreateSessionResponse& response,
                                   CallContext& context) {
  response.set_application_name(context.caller().symphony_authorization.Reveal());
  response.set_session_id(context.caller().symphony_cookie.Reveal());
  co_return std::nullopt;
}

Answer CallWith(const TestServer& server, const Metadata& metadata) {
  grpc::ClientContext context;
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  Answer answer;
  answer.status = SessionGateway::NewStub(server.Connect())
                      ->CreateSession(&context, CreateSessionRequest(), &answer.response);
  return answer;
}

TEST(Caller, MetadataForSymphonyReachesTheContextAndNotTheLog) {
  TestServer server(Tell);
  const Answer answer =
      CallWith(server, {{kSymphonyAuthorizationKey, kAuthorization}, {kSymphonyCookieKey, kCookie}});
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.response.application_name(), kAuthorization);
  EXPECT_EQ(answer.response.session_id(), kCookie);
  ASSERT_TRUE(WaitUntil([&] { return !server.Logged("call").empty(); }));
  EXPECT_THAT(server.log_text(), Not(HasSubstr("Y2FuYXJ5")));
  EXPECT_THAT(server.log_text(), Not(HasSubstr("canary")));
  EXPECT_FALSE(server.Logged("call").front().contains("caller")) << "it showed no certificate";
}

TEST(Caller, WithoutMetadataThereIsNone) {
  TestServer server(Tell);
  const Answer answer = CallWith(server, {{"authorization", kAuthorization}});
  ASSERT_TRUE(answer.status.ok());
  EXPECT_EQ(answer.response.application_name(), "");
  EXPECT_EQ(answer.response.session_id(), "");
}

TEST(Caller, TheSameValueTwiceIsOne) {
  TestServer server(Tell);
  const Answer answer = CallWith(server, {{kSymphonyCookieKey, kCookie}, {kSymphonyCookieKey, kCookie}});
  ASSERT_TRUE(answer.status.ok());
  EXPECT_EQ(answer.response.session_id(), kCookie);
}

TEST(Caller, TwoValuesAreRefused) {
  for (const char* key : {kSymphonyAuthorizationKey, kSymphonyCookieKey}) {
    TestServer server(Tell);
    const Answer answer = CallWith(server, {{key, "canary1"}, {key, "canary2"}});
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(answer.status.error_message(), HasSubstr(key));
    EXPECT_THAT(answer.status.error_message() + answer.status.error_details(), Not(HasSubstr("canary")));
    google::rpc::Status details;
    ASSERT_TRUE(details.ParseFromString(answer.status.error_details()));
    google::rpc::BadRequest bad_request;
    ASSERT_EQ(details.details_size(), 2);
    ASSERT_TRUE(details.details(1).UnpackTo(&bad_request));
    EXPECT_EQ(bad_request.field_violations(0).field(), "metadata[\"" + std::string(key) + "\"]");
    EXPECT_EQ(server.started(), 0);
    // The refused call has left its place to the next one.
    EXPECT_TRUE(CallWith(server, {}).status.ok());
  }
}

TEST(Caller, ACallForQlikBringsNothingForSymphony) {
  TestServer server(Tell);
  grpc::ClientContext context;
  context.AddMetadata(kSymphonyCookieKey, "canary1");
  context.AddMetadata(kSymphonyCookieKey, "canary2");
  CreateExecutionSessionResponse response;
  EXPECT_TRUE(SessionGateway::NewStub(server.Connect())
                  ->CreateExecutionSession(&context, CreateExecutionSessionRequest(), &response)
                  .ok());
}

TEST(Caller, AnIdentityIsAPrintableText) {
  EXPECT_EQ(UsableIdentity("orders"), "orders");
  EXPECT_EQ(UsableIdentity("J\xC3\xBCrgen M\xC3\xBCller"), "J\xC3\xBCrgen M\xC3\xBCller");
  EXPECT_EQ(UsableIdentity(std::string(kIdentityBytesMax, 'x')), std::string(kIdentityBytesMax, 'x'));
  EXPECT_EQ(UsableIdentity(std::string(kIdentityBytesMax + 1, 'x')), "");
  EXPECT_EQ(UsableIdentity("admin\n"), "");
  EXPECT_EQ(UsableIdentity(std::string("admin\0.example", 14)), "");
  EXPECT_EQ(UsableIdentity("\xFF"), "");
}

}  // namespace
}  // namespace session_gateway
