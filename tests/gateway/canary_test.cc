// Secrets of a kind that cannot be mistaken are planted in every place that may hold one, and must be found
// nowhere that a person or a log reads. A new place is one line of a table below.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/case_file.h"
#include "tests/gateway/programs.h"
#include "tests/pki/temporary_directory.h"
#include "tests/server/redis_server.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;
using testing::HasSubstr;
using Json = nlohmann::json;

// A secret of one place. Letters and digits alone, so that no encoding changes it, and none of base64's.
std::string Canary(const std::string& place) { return "cAnArY7" + place + "7yRaNaC"; }

// What the search finds of every one of them.
constexpr char kBeginning[] = "canary7";
// The same within base64, whatever number of bytes stands before it.
const char* const kBeginningsInBase64[] = {"Y0FuQXJZ", "bkFyW", "QW5Bclk3"};

// Where a caller puts secrets beside its message.
struct Metadata {
  std::string key;
  std::string value;
};
const Metadata kMetadata[] = {
    {"symphony-authorization", "Basic dXNlcjpjQW5Bclk3cGFzc3dvcmQ3eVJhTmFD"},  // user:cAnArY7password7yRaNaC
    {"symphony-cookie", "platform.rest.token=\"" + Canary("cookie") + "\""},
    {"authorization", "Bearer " + Canary("bearer")},
    {"cookie", "session=" + Canary("plaincookie")},
    {"x-api-key", Canary("apikey")},
};

// The requests, each with the metadata above.
struct Request {
  bool is_qlik;
  bool is_sent;  // to the upstream
  std::string text;
};
const Request kRequests[] = {
    {false, true, R"(application_name: "a" csrf_token: ")" + Canary("csrf") + "\""},
    {false, false, R"(application_name: "a" validate_only: true csrf_token: ")" + Canary("csrf") + "\""},
    {false, false, R"(application_name: "a" csrf_token: ")" + Canary("csrf") + R"(\n")"},
    {false, false, R"(csrf_token: ")" + Canary("csrf") + "\""},
    {true, true, "execution_session { }"},
    {true, false, "execution_session { } validate_only: true"},
};

// What an upstream may say of secrets in its headers, all in each faulty answer.
const Json kHeaders = {{"Set-Cookie", "platform.rest.token=" + Canary("setcookie") + "; Path=/"},
                       {"Location", "/logon?csrftoken=" + Canary("location")},
                       {"WWW-Authenticate", "Basic realm=\"" + Canary("realm") + "\""},
                       {"X-Secret", Canary("header")}};

// And in its body. What the gateway sent there itself is hidden wherever it stands; of what it does not know,
// that which a name announces.
const std::string kBodies[] = {
    R"({"errorMessage":"bad csrftoken=)" + Canary("csrf") + R"("})",
    R"({"message":"Authorization: Basic )" + Canary("body") + R"("})",
    R"({"message":"cookie: platform.rest.token=)" + Canary("body") + R"("})",
    R"("password=)" + Canary("body") + "\"",
    "X-Qlik-Xrfkey: " + Canary("body"),
    R"({"token":")" + Canary("body") + R"("})",
    "<html><body>" + Canary("body") + "</body></html>",
    R"({"password":")" + Canary("body"),
};
// For Symphony alone, which was sent it.
const std::string kEcho = R"({"errorMessage":"token )" + Canary("csrf") + R"( is bad"})";
const int kStatuses[] = {200, 302, 400, 401, 403, 404, 409, 500, 503};

// Answers that are none.
const Json kFaults[] = {
    {{"kind", "garbage"}, {"body", Canary("garbage") + "\r\n\r\n"}},
    {{"kind", "raw"}, {"body", "HTTP/1.1 200 OK\r\nX-Secret " + Canary("raw") + "\r\n\r\n"}},
    {{"kind", "raw"}, {"body", "HTTP/1.1 " + Canary("raw") + "\r\n\r\n"}},
    {{"kind", "raw"}, {"body", "HTTP/1.1 200 OK\r\nContent-Length: " + Canary("raw") + "\r\n\r\n"}},
    {{"kind", "raw"},
     {"body", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"csrftoken\":\"" + Canary("raw")}},
    {{"kind", "reset"}},
    {{"kind", "html"}, {"body", "<p>" + Canary("html") + "</p>"}},
};

// Configurations that are refused, and files that they name.
const std::string kBadConfigs[] = {
    "symphony:\n  endpoints: [http://127.0.0.1:1]\n  auth:\n    password: " + Canary("config") + "\n",
    "symphony:\n  endpoints: [\"http://user:" + Canary("config") + "@127.0.0.1:1\"]\n",
    "call_timeout: " + Canary("config") + "\n",
    Canary("config") + ": [\n",
};

// Where the ledger's Redis and the names of callers in it are kept secret by. For `_env` it is the value of
// the variable.
struct LedgerSecret {
  std::string key;  // below creates.redis
  std::string other;
  std::string value;
};
const LedgerSecret kLedgerSecrets[] = {
    {"password_file", "identity_key_file", Canary("redispassword")},
    {"password_env", "identity_key_file", Canary("redispassword")},
    {"identity_key_file", "password_file", Canary("identitykey")},
    {"identity_key_env", "password_env", Canary("identitykey")},
};
// Calls that the ledger remembers, of callers who bring a credential of their own.
const Request kRepeatable[] = {
    {false, true, R"(application_name: "a" request_id: "6b1b36cb-2f6a-4b4e-9a36-0d6d4ad2a001")"},
    {true, true, R"(execution_session { } request_id: "6b1b36cb-2f6a-4b4e-9a36-0d6d4ad2a001")"},
};

// Where the first canary stands in a text, or npos.
std::size_t FindCanary(const std::string& text) {
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  std::size_t at = lower.find(kBeginning);
  for (const char* beginning : kBeginningsInBase64) at = std::min(at, text.find(beginning));
  return at;
}

// All that is shown to somebody, by where it stands.
class Shown {
 public:
  void Add(const std::string& where, const std::string& text) {
    ++texts_;
    const std::size_t at = FindCanary(text);
    if (at != std::string::npos) ADD_FAILURE() << where << ": " << text.substr(at < 60 ? 0 : at - 60, 160);
  }
  int texts() const { return texts_; }

 private:
  int texts_ = 0;
};

class Caller {
 public:
  Caller(const std::shared_ptr<grpc::Channel>& channel, Shown& shown)
      : stub_(v1::SessionGateway::NewStub(channel)), shown_(shown) {}

  // Makes each request once.
  void Call(const std::string& where) {
    for (const Request& request : kRequests) Call(where, request, {});
  }

  void CallRepeatable(const std::string& where) {
    for (const Request& request : kRepeatable) Call(where, request, {});
  }

  // Once more, with a second value of each metadata.
  void CallWithMore() {
    for (const Metadata& more : kMetadata) Call("metadata twice", kRequests[0], more);
  }

 private:
  void Call(const std::string& where, const Request& request, const Metadata& more) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    for (const Metadata& metadata : kMetadata) context.AddMetadata(metadata.key, metadata.value);
    if (!more.key.empty()) context.AddMetadata(more.key, Canary("second"));
    if (request.is_qlik) {
      Call<v1::CreateExecutionSessionRequest, v1::CreateExecutionSessionResponse>(
          where, request, context, &v1::SessionGateway::Stub::CreateExecutionSession);
    } else {
      Call<v1::CreateSessionRequest, v1::CreateSessionResponse>(where, request, context,
                                                                &v1::SessionGateway::Stub::CreateSession);
    }
  }

  template <typename Message, typename Response>
  void Call(const std::string& where, const Request& request, grpc::ClientContext& context,
            grpc::Status (v1::SessionGateway::Stub::*call)(grpc::ClientContext*, const Message&, Response*)) {
    Message message;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(request.text, &message)) << request.text;
    Response response;
    const grpc::Status status = (stub_.get()->*call)(&context, message, &response);
    shown_.Add(where + ": message", status.error_message());
    shown_.Add(where + ": details", status.error_details());
    shown_.Add(where + ": response", response.DebugString());
    for (const auto& trailers : {context.GetServerTrailingMetadata(), context.GetServerInitialMetadata()}) {
      for (const auto& [key, value] : trailers) {
        shown_.Add(where + ": trailer",
                   std::string(key.data(), key.size()) + std::string(value.data(), value.size()));
      }
    }
  }

  const std::unique_ptr<v1::SessionGateway::Stub> stub_;
  Shown& shown_;
};

// A gateway whose configuration names files full of secrets.
class Scene {
 public:
  Scene() {
    pki::WriteCertificate(directory_, "server", certificate_);
    config_.emplace("listen:\n  address: 127.0.0.1:0\n  tls:\n    cert_file: " + Path("server.pem") +
                    "\n    key_file: " + Path("server_key.pem") + "\n" +
                    ConfigFor(sandbox_.symphony_endpoint(), sandbox_.qlik_endpoint()));
  }

  std::string Path(const std::string& name) const { return directory_.path() / name; }
  const pki::TemporaryDirectory& directory() const { return directory_; }
  const std::string& config() const { return config_->path(); }
  const SandboxProgram& sandbox() const { return sandbox_; }
  const std::string& key() const { return certificate_.key_pem; }

  std::shared_ptr<grpc::Channel> Connect(const GatewayProgram& gateway) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = certificate_.root_pem;
    return grpc::CreateChannel(gateway.address(), grpc::SslCredentials(options));
  }

  // Each request that is sent meets the fault at its upstream.
  void Fault(const Json& fault) const {
    for (const Request& request : kRequests) {
      if (!request.is_sent) continue;
      (request.is_qlik ? sandbox_.qlik() : sandbox_.symphony()).AddFault(fault.dump());
    }
  }

 private:
  const pki::TemporaryDirectory directory_;
  const pki::Certificate certificate_ = pki::CertificateAuthority().Issue(pki::LoopbackServer());
  const SandboxProgram sandbox_;
  std::optional<TemporaryFile> config_;
};

// The parts of a key's text that would give it away.
std::string MiddleOf(const std::string& pem) { return pem.substr(pem.find('\n') + 1, 40); }

void ShowEnd(Shown& shown, const std::string& where, const std::vector<std::string>& arguments) {
  ChildProcess program("session-gateway", arguments);
  EXPECT_TRUE(program.WaitForEnd().has_value());
  shown.Add(where + ": output", program.output());
  shown.Add(where + ": log", program.log());
}

TEST(Canaries, TheSearchFindsThem) {
  EXPECT_EQ(FindCanary("a " + Canary("place") + " b"), 2u);
  EXPECT_EQ(FindCanary("CANARY7X"), 0u);
  EXPECT_EQ(FindCanary("Canary"), std::string::npos);
  for (const Metadata& metadata : kMetadata) {
    EXPECT_NE(FindCanary(metadata.value), std::string::npos) << metadata.key;
  }
}

TEST(Canaries, AreNeitherInTheLogNorInAnAnswer) {
  Shown shown;
  Scene scene;
  GatewayProgram gateway({"--config", scene.config()});
  Caller caller(scene.Connect(gateway), shown);
  caller.Call("no fault");
  caller.CallWithMore();
  for (const int status : kStatuses) {
    for (const std::string& body : kBodies) {
      scene.Fault({{"kind", "status"}, {"status", status}, {"body", body}, {"headers", kHeaders}});
      caller.Call(std::to_string(status) + " " + body);
    }
    scene.sandbox().symphony().AddFault(Json{{"kind", "status"}, {"status", status}, {"body", kEcho}}.dump());
    caller.Call(std::to_string(status) + " " + kEcho);
  }
  for (const Json& fault : kFaults) {
    scene.Fault(fault);
    caller.Call(fault.dump());
  }
  const std::int64_t faults = std::size(kStatuses) * std::size(kBodies) + std::size(kFaults);
  const std::int64_t echoes = std::size(kStatuses);
  EXPECT_EQ(scene.sandbox().symphony().Count("faulted"), faults + echoes)
      << "some answer was not the planned one";
  EXPECT_EQ(scene.sandbox().qlik().Count("faulted"), faults);
  EXPECT_EQ(gateway.Stop(), 0);
  shown.Add("log", gateway.process().log());
  shown.Add("output", gateway.process().output());
  EXPECT_THAT(gateway.process().log(), HasSubstr(R"("http_status":503)"));
  EXPECT_GT(shown.texts(), 1000);
}

TEST(Canaries, AreNotInWhatIsSaidOfFiles) {
  Shown shown;
  Scene scene;
  GatewayProgram gateway({"--config", scene.config()});
  const std::string begin = "-----BEGIN PRIVATE KEY-----\n";
  for (const std::string& text : {Canary("key"), begin + Canary("key"), begin + scene.key()}) {
    scene.directory().Write("server_key.pem", text);
    gateway.process().Signal(SIGHUP);
    ShowEnd(shown, "start", {"--config", scene.config()});
    ShowEnd(shown, "check", {"--config", scene.config(), "--check-config"});
  }
  EXPECT_NE(gateway.process().WaitForLine("credentials_refused"), "");
  EXPECT_EQ(gateway.Stop(), 0);
  shown.Add("log", gateway.process().log());
  EXPECT_THAT(gateway.process().log(), testing::Not(HasSubstr(MiddleOf(scene.key()))));
}

TEST(Canaries, AreNotInWhatIsSaidOfABadConfiguration) {
  Shown shown;
  for (const std::string& text : kBadConfigs) {
    const TemporaryFile config(text);
    ShowEnd(shown, text, {"--config", config.path()});
    ShowEnd(shown, text, {"--config", config.path(), "--check-config"});
  }
}

// A configuration whose ledger is in Redis, with the secrets of a row and of its other. The user `gateway` of
// that Redis has the canary for a password.
std::string LedgerConfig(const Scene& scene, const RedisServer& redis, const LedgerSecret& secret,
                         const std::string& value, const std::string& user) {
  std::string yaml = ReadWholeFile(scene.config());
  const std::size_t symphony = yaml.find("symphony:\n");
  yaml.insert(symphony + 10, "  auth: {mode: caller_basic}\n");
  yaml += "creates:\n  redis:\n    address: \"" + redis.address() + "\"\n    user: " + user + "\n";
  const auto plant = [&](const std::string& key, const std::string& planted) {
    const bool is_file = key.ends_with("_file");
    const std::string name = is_file ? scene.directory().Write(key, planted) : "CANARY_" + key;
    if (!is_file) ::setenv(name.c_str(), planted.c_str(), 1);
    yaml += "    " + key + ": " + name + "\n";
  };
  plant(secret.key, value);
  plant(secret.other, Canary(secret.other.starts_with("password") ? "redispassword" : "identitykey"));
  return yaml;
}

TEST(Canaries, AreNeitherInWhatIsSaidOfTheLedgerNorInIt) {
  Shown shown;
  Scene scene;
  RedisServer redis({});
  redis.Ask({"ACL", "SETUSER", "gateway", "on", ">" + Canary("redispassword"), "~*", "+@all"});
  for (const LedgerSecret& secret : kLedgerSecrets) {
    // Too short, of two lines, of a user whom Redis does not know: refused at the start, or by Redis.
    for (const std::string& bad : {std::string(), Canary("x") + "\n" + Canary("y")}) {
      const TemporaryFile config(LedgerConfig(scene, redis, secret, bad, "gateway"));
      ShowEnd(shown, secret.key, {"--config", config.path(), "--check-config"});
    }
    for (const std::string user : {"nobody", "gateway"}) {
      const TemporaryFile config(LedgerConfig(scene, redis, secret, secret.value, user));
      ShowEnd(shown, secret.key, {"--config", config.path(), "--check-config"});
      GatewayProgram gateway({"--config", config.path()});
      Caller caller(scene.Connect(gateway), shown);
      // The second time a remembered one is told again.
      scene.sandbox().symphony().AddFault(R"({"kind": "reset"})");
      for (int i = 0; i < 2; ++i) caller.CallRepeatable(secret.key + " of " + user);
      EXPECT_EQ(gateway.Stop(), 0);
      shown.Add(secret.key + ": log", gateway.process().log());
      if (user == "nobody") {
        EXPECT_THAT(gateway.process().log(), HasSubstr("ledger_unusable"));
      }
    }
    EXPECT_GT(redis.Ask({"DBSIZE"}).integer, 1) << secret.key;
    for (const RedisReply& key : redis.Ask({"KEYS", "*"}).elements) {
      shown.Add("a key in Redis", key.text);
      shown.Add("a record in Redis", redis.AskText({"GET", key.text}));
    }
    redis.Ask({"FLUSHALL"});
  }
}

}  // namespace
}  // namespace session_gateway
