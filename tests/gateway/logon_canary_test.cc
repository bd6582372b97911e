// Every secret of a log-on, those that the gateway is given and those that an upstream hands out, is looked
// for in all that leaves the program for people: log, errors with their trailers, answers, the checked
// configuration, and what the doctor says and captures.
#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "tests/exchange/case_file.h"
#include "tests/gateway/real_systems.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;

constexpr char kSecretPassword[] = "canary.pass:w0rd";
constexpr char kSecretToken[] = "canary.jwt.header.signature";
constexpr char kSecretPfxPassword[] = "canary.of.the.pfx";
constexpr char kSecretKeyPassword[] = "canary.of.the.key";
constexpr char kSecretCallersPassword[] = "canary.of.a.caller";
constexpr char kPasswordVariable[] = "REAL_SYSTEMS_PASSWORD";
constexpr char kPfxVariable[] = "REAL_SYSTEMS_PFX_PASSWORD";

std::string BasicOf(const std::string& user, const std::string& password) {
  return absl::Base64Escape(user + ":" + password);
}

class LogonCanaries : public RealSystems {
 protected:
  LogonCanaries() {
    options_.symphony_logon->users = {{kUser, kSecretPassword}, {"ann", kSecretCallersPassword}};
    options_.symphony_logon->wrong_passwords_max = 0;
    options_.qlik_proxy->tokens = {{kSecretToken, "INTERNAL\\sa_api"}};
    options_.qlik_proxy->sessions_per_user_max = 1000;
    options_.requests_max = 4096;
    options_.tls->pfx_password = kSecretPfxPassword;
    ::setenv(kPasswordVariable, kSecretPassword, 1);
    ::setenv(kPfxVariable, kSecretPfxPassword, 1);
    StartSandbox();
    const std::string key = sandbox_->tls_material().client_key_pem;
    files_.Write("password", kSecretPassword);
    files_.Write("token", kSecretToken);
    files_.Write("encrypted_key.pem", pki::EncryptKey(key, kSecretKeyPassword));
    files_.Write("key_password", kSecretKeyPassword);
    secrets_ = {kSecretPassword,
                kSecretToken,
                kSecretPfxPassword,
                kSecretKeyPassword,
                kSecretCallersPassword,
                BasicOf(kUser, kSecretPassword),
                BasicOf("ann", kSecretCallersPassword),
                MiddleOf(key),
                MiddleOf(ReadWholeFile(files_.path() / "encrypted_key.pem"))};
  }
  ~LogonCanaries() override {
    ::unsetenv(kPasswordVariable);
    ::unsetenv(kPfxVariable);
  }

  // A line that no other key has.
  static std::string MiddleOf(const std::string& pem) {
    return pem.substr(pem.find('\n', pem.find('\n') + 1) + 1, 40);
  }

  // A configuration, and the secrets that a log-on under it sends.
  struct Way {
    std::string config;
    std::vector<std::string> to_symphony;
    std::vector<std::string> to_qlik;
    bool callers_bring_logon = false;
  };
  std::vector<Way> Ways() const {
    const std::vector<std::string> service = {kSecretPassword, BasicOf(kUser, kSecretPassword)};
    const std::vector<std::string> caller = {kSecretCallersPassword, BasicOf("ann", kSecretCallersPassword)};
    return {
        {Symphony(std::string("mode: service_account, user: svc_gateway, password_env: ") + kPasswordVariable,
                  std::string("ca_file: ca.pem, pfx_file: client.pfx, password_env: ") + kPfxVariable) +
             QlikProxy("mode: jwt, token_file: token"),
         service,
         {kSecretToken}},
        {Symphony(kService, kCa) +
             QlikProxy("mode: header, header_name: hdr-usr, user_directory: INTERNAL, user_id: sa_api"),
         service,
         {}},
        {Symphony("mode: caller_basic", kCa) +
             Qlik(kCertificate,
                  "ca_file: ca.pem, cert_file: client.pem, key_file: encrypted_key.pem, "
                  "password_file: key_password"),
         caller,
         {}},
        {Symphony("mode: caller_session", kCa), {}, {}, true}};
  }

  // With nothing handed out yet.
  void StartAnew(const Way& way) {
    for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
      const std::set<std::string> handed = Handed();
      secrets_.insert(secrets_.end(), handed.begin(), handed.end());
      sandbox_->ExpireLogons(upstream);
      sandbox_->Reset(upstream);
    }
    brought_ = {};
    if (way.callers_bring_logon) BringLogon();
    StartGateway(way.config);
  }

  // As somebody else has made it.
  void BringLogon() {
    StartGateway(Symphony(kService, kCa));
    ASSERT_TRUE(CreateSession().ok);
    const SandboxRequest create = Requests(kSymphony, "clientapi/session").at(0);
    brought_ = {HeaderOf(create, "cookie"), create.target.substr(create.target.find("csrftoken=") + 10)};
  }

  // What the upstreams handed out until now.
  std::set<std::string> Handed() const {
    std::set<std::string> handed = HandedBy(kSymphony);
    handed.merge(HandedBy(kQlik));
    return handed;
  }

  std::set<std::string> HandedBy(SandboxUpstream upstream) const {
    std::set<std::string> handed;
    for (const SandboxRequest& request : sandbox_->requests(upstream)) {
      for (const absl::string_view cookie : absl::StrSplit(HeaderOf(request, "cookie"), "; ")) {
        const std::pair<std::string, std::string> named = absl::StrSplit(cookie, absl::MaxSplits('=', 1));
        if (!named.second.empty()) handed.insert(ReplaceAll(named.second, "\"", ""));
      }
      // As the sandbox made it, and as it was sent.
      const auto answer = nlohmann::json::parse(request.answer, nullptr, false);
      if (answer.is_object() && answer.contains("csrftoken")) handed.insert(answer["csrftoken"]);
      const std::pair<std::string, std::string> target = absl::StrSplit(request.target, "csrftoken=");
      if (!target.second.empty()) handed.insert(target.second);
    }
    return handed;
  }

  // The first secret in a text, or empty.
  std::string SecretIn(const std::string& text) const {
    std::set<std::string> all = Handed();
    all.insert(secrets_.begin(), secrets_.end());
    const auto found = std::find_if(all.begin(), all.end(), [&text](const std::string& secret) {
      return text.find(secret) != std::string::npos;
    });
    return found == all.end() ? std::string() : *found;
  }

  void Shows(const std::string& where, const std::string& text) {
    ++texts_;
    const std::string secret = SecretIn(text);
    if (secret.empty()) return;
    const std::size_t at = text.find(secret);
    ADD_FAILURE() << where << " shows " << secret << ": " << text.substr(at < 100 ? 0 : at - 100, 300);
  }

  // Each RPC once, sent and as a preview.
  void CallAll(const std::string& where) {
    RpcMetadata metadata = {{"symphony-authorization", "Basic " + BasicOf("ann", kSecretCallersPassword)}};
    std::string session = R"(application_name: "a")";
    if (!brought_.cookie.empty()) {
      metadata.emplace_back("symphony-cookie", brought_.cookie);
      session += " csrf_token: \"" + brought_.csrf_token + "\"";
    }
    for (const char* more : {"", " validate_only: true"}) {
      Shows(where, Call("CreateSession", session + more, metadata).text);
      Shows(where, Call("CreateExecutionSession", std::string("execution_session { }") + more).text);
    }
  }

  void EndGateway(const std::string& where) {
    EXPECT_EQ(gateway().Stop(), 0);
    Shows(where + ": log", gateway().process().log());
    Shows(where + ": output", gateway().process().output());
  }

  // Answers that say each secret of a request.
  static std::vector<SandboxFault> Echoes(const std::string& path, const std::vector<std::string>& secrets) {
    std::vector<SandboxFault> faults;
    for (const int status : {302, 400, 401, 403, 500}) {
      for (const std::string& secret : secrets) {
        SandboxFault fault{.status = status, .body = "refused: " + secret, .path = path};
        fault.headers = {{"Location", "/logon?token=" + secret},
                         {"Set-Cookie", "other=" + secret + "; Path=/"},
                         {"WWW-Authenticate", "Basic realm=\"gateway\""}};
        faults.push_back(fault);
      }
    }
    return faults;
  }

  void Run(const std::string& where, const std::vector<std::string>& arguments) {
    ChildProcess program("session-gateway", arguments);
    EXPECT_TRUE(program.WaitForEnd().has_value()) << where;
    Shows(where + ": output", program.output());
    Shows(where + ": log", program.log());
  }

  struct {
    std::string cookie;
    std::string csrf_token;
  } brought_;  // by the callers themselves
  std::vector<std::string> secrets_;
  int texts_ = 0;
};

TEST_F(LogonCanaries, TheSearchKnowsWhatTheUpstreamsHandedOut) {
  StartGateway(Ways()[0].config);
  CallAll("calls");
  // Two cookies, the token in two forms that may be the same, and the proxy's cookie.
  EXPECT_GE(Handed().size(), 4u);
  const SandboxRequest create = Requests(kSymphony, "clientapi/session").at(0);
  EXPECT_NE(SecretIn(HeaderOf(create, "cookie")), "");
  EXPECT_NE(SecretIn(create.target), "");
  EXPECT_NE(SecretIn(HeaderOf(Requests(kQlik, "executionsession").at(0), "cookie")), "");
  EXPECT_NE(SecretIn("a " + BasicOf(kUser, kSecretPassword)), "");
  EXPECT_EQ(SecretIn("canary"), "");
}

TEST_F(LogonCanaries, AreNeitherInTheLogNorInAnAnswer) {
  for (const Way& way : Ways()) {
    StartAnew(way);
    CallAll("no fault");
    for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
      const std::set<std::string> handed = HandedBy(upstream);
      std::vector<std::string> seen(handed.begin(), handed.end());
      if (upstream == kQlik) seen.insert(seen.end(), way.to_qlik.begin(), way.to_qlik.end());
      for (const SandboxFault& fault : Echoes("session", seen)) {
        sandbox_->ClearFaults(upstream);
        ASSERT_TRUE(sandbox_->AddFault(upstream, fault));
        CallAll("an echo");
      }
    }
    EXPECT_GT(sandbox_->counters(kSymphony).faulted, 10u);
    EndGateway("faults");
  }
  EXPECT_GT(texts_, 100);
}

TEST_F(LogonCanaries, AreNotInWhatIsSaidOfARefusedLogon) {
  for (const Way& way : Ways()) {
    for (const SandboxFault& to_symphony : Echoes("auth/login", way.to_symphony)) {
      StartAnew(way);
      ASSERT_TRUE(sandbox_->AddFault(kSymphony, to_symphony));
      for (const SandboxFault& to_qlik : Echoes("/qrs/about", way.to_qlik)) {
        ASSERT_TRUE(to_qlik.status != to_symphony.status || sandbox_->AddFault(kQlik, to_qlik));
      }
      CallAll("a log-on answered " + std::to_string(to_symphony.status));
      EndGateway("refused log-ons");
    }
  }
  EXPECT_GT(texts_, 100);
}

TEST_F(LogonCanaries, AreNotInTheCheckedConfigurationNorInWhatTheDoctorSays) {
  const std::string capture = files_.path() / "capture.txt";
  pki::WriteCertificate(files_, "server", callers_authority_.Issue(pki::LoopbackServer()));
  for (const Way& way : Ways()) {
    const std::string file = files_.Write("gateway.yaml", Listen() + way.config);
    Run("check", {"--config", file, "--check-config"});
    std::vector<SandboxFault> faults = {{.count = 0}};
    for (const char* path : {"auth/login", "/qrs/about"}) {
      const bool is_symphony = path[0] == 'a';
      for (const SandboxFault& fault : Echoes(path, is_symphony ? way.to_symphony : way.to_qlik)) {
        faults.push_back(fault);
      }
    }
    for (const SandboxFault& fault : faults) {
      const SandboxUpstream upstream = fault.path[0] == 'a' ? kSymphony : kQlik;
      for (const char* form : {"", "--json"}) {
        ASSERT_TRUE(fault.count == 0 || sandbox_->AddFault(upstream, fault));
        std::vector<std::string> arguments = {"doctor", "--config", file, "--capture", capture};
        if (*form != '\0') arguments.emplace_back(form);
        Run("doctor", arguments);
        Shows("capture", ReadWholeFile(capture));
        sandbox_->ClearFaults(upstream);
      }
    }
  }
  EXPECT_GT(sandbox_->counters(kSymphony).logons, 1u);
  EXPECT_GT(sandbox_->counters(kSymphony).faulted, 1u);
  EXPECT_GT(sandbox_->counters(kQlik).logons, 1u);
  EXPECT_GT(sandbox_->counters(kQlik).faulted, 1u);
}

}  // namespace
}  // namespace session_gateway
