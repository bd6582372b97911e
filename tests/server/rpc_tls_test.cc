// The listener under TLS and mutual TLS, met by gRPC's own client and by OpenSSL: who gets in, who does not,
// and what the server then knows of its caller.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "server/rpc/listener_tls.h"
#include "tests/pki/pki.h"
#include "tests/server/rpc_harness.h"
#include "tests/server/tls_probe.h"

namespace session_gateway {
namespace {

using pki::CertificateAuthority;

std::shared_ptr<ListenerTls> MakeTls(const pki::Certificate& server, const std::string& client_ca) {
  auto tls = std::make_shared<ListenerTls>(
      ListenerTls::Files{"server.pem", "server_key.pem", client_ca.empty() ? "" : "client_ca.pem"});
  EXPECT_EQ(tls->Replace({Secret(server.FullChainPem()), Secret(server.key_pem), Secret(client_ca)}),
            std::nullopt);
  return tls;
}

GrpcServerOptions With(std::shared_ptr<ListenerTls> tls) {
  GrpcServerOptions options = TestServer::Options();
  options.tls = std::move(tls);
  return options;
}

std::shared_ptr<grpc::Channel> Connect(const TestServer& server, const std::string& root,
                                       const pki::Certificate* client = nullptr) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = root;
  if (client != nullptr) {
    options.pem_cert_chain = client->FullChainPem();
    options.pem_private_key = client->key_pem;
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server.port()),
                                   grpc::SslCredentials(options), arguments);
}

class RpcTls : public testing::Test {
 protected:
  // The identity comes back as the application's name.
  static Task<std::optional<RpcError>> Identity(const CreateSessionRequest&, CreateSessionResponse& response,
                                                CallContext& context) {
    response.set_application_name(context.caller().identity);
    co_return std::nullopt;
  }

  void ExpectRefused(const TestServer& server, const Answer& answer) {
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE) << answer.status.error_message();
    EXPECT_TRUE(server.Logged("call").empty()) << "the call arrived";
  }

  const CertificateAuthority authority_;
  const CertificateAuthority client_authority_{{.common_name = "Client authority"}};
  const pki::Certificate server_ = authority_.Issue(pki::LoopbackServer());
};

TEST_F(RpcTls, AnswersACallerThatTrustsIt) {
  TestServer server(Identity, With(MakeTls(server_, "")));
  const Answer answer = CallCreateSession(Connect(server, authority_.root_pem()), kPatience);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.response.application_name(), "") << "nobody was asked for a certificate";
}

TEST_F(RpcTls, ShowsTheCertificatesBetweenItsOwnAndTheRoot) {
  const auto subordinate = authority_.Subordinate({.common_name = "Subordinate"});
  TestServer server(Echo, With(MakeTls(subordinate.Issue(pki::LoopbackServer()), "")));
  EXPECT_TRUE(CallCreateSession(Connect(server, authority_.root_pem()), kPatience).status.ok());
}

TEST_F(RpcTls, TakesAnRsaKey) {
  pki::CertificateOptions options = pki::LoopbackServer();
  options.key = pki::KeyType::kRsa2048;
  TestServer server(Echo, With(MakeTls(authority_.Issue(options), "")));
  EXPECT_TRUE(CallCreateSession(Connect(server, authority_.root_pem()), kPatience).status.ok());
}

TEST_F(RpcTls, ACallerWithoutTlsIsNotAnswered) {
  TestServer server(Echo, With(MakeTls(server_, "")));
  ExpectRefused(server, CallCreateSession(server.Connect(), kPatience));
}

TEST_F(RpcTls, ACallerThatTrustsAnotherAuthorityLeaves) {
  TestServer server(Echo, With(MakeTls(server_, "")));
  ExpectRefused(server, CallCreateSession(Connect(server, client_authority_.root_pem()), kPatience));
}

TEST_F(RpcTls, ACallerThatLooksForAnotherNameLeaves) {
  TestServer server(Echo, With(MakeTls(authority_.Issue({.dns_names = {"other.example"}}), "")));
  ExpectRefused(server, CallCreateSession(Connect(server, authority_.root_pem()), kPatience));
}

TEST_F(RpcTls, MutualTlsNamesTheCallerInItsContextAndInTheLog) {
  TestServer server(Identity, With(MakeTls(server_, client_authority_.root_pem())));
  const auto client = client_authority_.Issue(pki::Client("ordering service"));
  const Answer answer = CallCreateSession(Connect(server, authority_.root_pem(), &client), kPatience);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.response.application_name(), "ordering service");
  ASSERT_TRUE(WaitUntil([&] { return !server.Logged("call").empty(); }));
  EXPECT_EQ(server.Logged("call").front().at("caller"), "ordering service");
}

TEST_F(RpcTls, TheFirstUriIsTheIdentityElseTheFirstDnsName) {
  TestServer server(Identity, With(MakeTls(server_, client_authority_.root_pem())));
  const auto identity = [&](const pki::CertificateOptions& options) {
    const auto client = client_authority_.Issue(options);
    const Answer answer = CallCreateSession(Connect(server, authority_.root_pem(), &client), kPatience);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    return answer.response.application_name();
  };
  pki::CertificateOptions options = pki::Client("common");
  options.dns_names = {"orders.example", "second.example"};
  EXPECT_EQ(identity(options), "orders.example");
  options.uris = {"spiffe://example.org/ns/shop/sa/orders"};
  EXPECT_EQ(identity(options), "spiffe://example.org/ns/shop/sa/orders");
}

TEST_F(RpcTls, MutualTlsRefusesEveryOtherCaller) {
  TestServer server(Echo, With(MakeTls(server_, client_authority_.root_pem())));
  ExpectRefused(server, CallCreateSession(Connect(server, authority_.root_pem()), kPatience));

  const auto stranger = authority_.Issue(pki::Client("stranger"));
  ExpectRefused(server, CallCreateSession(Connect(server, authority_.root_pem(), &stranger), kPatience));

  pki::CertificateOptions options = pki::Client("late");
  options.not_before = std::chrono::hours(-2);
  options.not_after = std::chrono::hours(-1);
  const auto expired = client_authority_.Issue(options);
  ExpectRefused(server, CallCreateSession(Connect(server, authority_.root_pem(), &expired), kPatience));

  options = pki::Client("a server");
  options.purpose = pki::Purpose::kServer;
  const auto wrong_purpose = client_authority_.Issue(options);
  ExpectRefused(server, CallCreateSession(Connect(server, authority_.root_pem(), &wrong_purpose), kPatience));
}

TEST_F(RpcTls, SpeaksTls12And13AndHttp2Alone) {
  TestServer server(Echo, With(MakeTls(server_, "")));
  for (const auto& [version, name] :
       {std::pair(TLS1_2_VERSION, "TLSv1.2"), std::pair(TLS1_3_VERSION, "TLSv1.3")}) {
    const ProbeResult result = ProbeTls(server.port(), {.version = version});
    EXPECT_TRUE(result.accepted) << result.error;
    EXPECT_EQ(result.version, name);
    EXPECT_EQ(result.alpn, "h2");
    EXPECT_EQ(result.serial, server_.serial);
  }
  const ProbeResult old = ProbeTls(server.port(), {.version = TLS1_1_VERSION});
  EXPECT_FALSE(old.accepted);
  EXPECT_FALSE(ProbeTls(server.port(), {.alpn = "http/1.1"}).accepted);
  EXPECT_FALSE(ProbeTls(server.port(), {.alpn = ""}).accepted);
}

// gRPC closes the connection without an alert.
TEST_F(RpcTls, JudgesAClientsCertificateInBothVersions) {
  TestServer server(Echo, With(MakeTls(server_, client_authority_.root_pem())));
  const auto client = client_authority_.Issue(pki::Client("good"));
  const auto stranger = authority_.Issue(pki::Client("stranger"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_TRUE(ProbeTls(server.port(), {.version = version, .certificate = &client}).accepted);
    EXPECT_FALSE(ProbeTls(server.port(), {.version = version, .certificate = &stranger}).accepted);
    EXPECT_FALSE(ProbeTls(server.port(), {.version = version}).accepted);
  }
}

TEST_F(RpcTls, DoesNotStartWithoutContents) {
  Loop loop{1};
  ScriptedHandler handler;
  const SystemClock clock;
  Log log(clock, LogLevel::kInfo, 10, [](std::string_view) {});
  GrpcServer server(With(std::make_shared<ListenerTls>(ListenerTls::Files{"a", "b", ""})), {{loop, handler}},
                    clock, log);
  EXPECT_TRUE(std::holds_alternative<std::string>(server.Start()));
}

TEST_F(RpcTls, ListensOnAName) {
  GrpcServerOptions options = With(MakeTls(server_, ""));
  options.address = "localhost:0";
  TestServer server(Echo, std::move(options));
  EXPECT_TRUE(CallCreateSession(Connect(server, authority_.root_pem()), kPatience).status.ok());
}

}  // namespace
}  // namespace session_gateway
