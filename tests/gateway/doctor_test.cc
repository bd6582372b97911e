// `session-gateway doctor`, the real program, against sandboxes with one fault planted each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/gateway/doctor_fixture.h"

namespace session_gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST_F(DoctorTest, WhatIsWellIsWellAtEachStep) {
  StartWithLogon();
  const Diagnosis diagnosis = Examine(Symphony(kService) + Qlik());
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.output << diagnosis.log;
  ASSERT_TRUE(diagnosis.report["ok"]);
  ASSERT_EQ(diagnosis.report["endpoints"].size(), 2u);
  for (const json& endpoint : diagnosis.report["endpoints"]) {
    ASSERT_EQ(endpoint["steps"].size(), 9u) << endpoint;
    for (const json& step : endpoint["steps"]) {
      // The sandbox's certificates live for a day.
      EXPECT_THAT(step.value("finding", "none"), testing::AnyOf("none", testing::EndsWith("_expires_soon")))
          << step;
    }
  }
  EXPECT_EQ(diagnosis.Status("logon"), "ok");
  EXPECT_EQ(sandbox_->counters(SandboxUpstream::kSymphony).creates, 0u);
  EXPECT_EQ(sandbox_->counters(SandboxUpstream::kQlik).creates, 0u);
}

TEST_F(DoctorTest, ThePlainWayIsExaminedAsWell) {
  StartSandbox();
  const Diagnosis diagnosis = Examine(Symphony() + Qlik());
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.output << diagnosis.log;
  EXPECT_EQ(diagnosis.Status("tls"), "skipped");
  // This sandbox has no log-on at all, which matters to nobody under the mode none.
  EXPECT_EQ(diagnosis.Status("read"), "ok");
}

TEST_F(DoctorTest, AnUnknownHost) {
  const Diagnosis diagnosis = Examine(Symphony("", "http://no-such-host.invalid:8050"));
  EXPECT_EQ(diagnosis.exit_code, 1);
  EXPECT_EQ(diagnosis.Finding("name_resolution"), "unknown_host") << diagnosis.output;
  EXPECT_EQ(diagnosis.Status("clock"), "skipped");
}

TEST_F(DoctorTest, APortWhereNobodyListens) {
  StartSandbox();
  const std::string endpoint = sandbox_->Endpoint(SandboxUpstream::kSymphony);
  sandbox_->Stop();
  EXPECT_EQ(Examine(Symphony("", endpoint)).Finding("connection"), "connection_refused");
}

TEST_F(DoctorTest, PlainHttpWhereTlsIsExpected) {
  StartSandbox();
  std::string endpoint = sandbox_->Endpoint(SandboxUpstream::kSymphony);
  endpoint.replace(0, 4, "https");
  EXPECT_EQ(Examine(Symphony("", endpoint, "server_name: localhost")).Finding("tls"),
            "plain_http_on_tls_port");
}

TEST_F(DoctorTest, TlsWherePlainHttpIsExpected) {
  StartWithTls();
  std::string endpoint = sandbox_->Endpoint(SandboxUpstream::kQlik);
  endpoint.replace(0, 5, "http");
  const Diagnosis diagnosis = Examine(Qlik(endpoint));
  EXPECT_EQ(diagnosis.Finding("tls"), "tls_on_plain_port") << diagnosis.output;
}

TEST_F(DoctorTest, AServerWithAnExpiredCertificate) {
  pki::CertificateOptions options = pki::LoopbackServer();
  options.not_before = std::chrono::hours(-48);
  options.not_after = std::chrono::hours(-24);
  Show(authority_.Issue(options));
  StartWithTls();
  const Diagnosis diagnosis = Examine(Qlik());
  EXPECT_EQ(diagnosis.Finding("certificate"), "certificate_expired") << diagnosis.output;
  EXPECT_EQ(diagnosis.Status("tls"), "ok");
  EXPECT_EQ(diagnosis.Status("read"), "skipped");
}

TEST_F(DoctorTest, AServerWithACertificateThatEndsSoon) {
  pki::CertificateOptions options = pki::LoopbackServer();
  options.not_after = std::chrono::hours(24 * 7);
  Show(authority_.Issue(options));
  StartWithTls();
  const Diagnosis diagnosis = Examine(Qlik());
  EXPECT_EQ(diagnosis.Finding("certificate"), "certificate_expires_soon") << diagnosis.output;
}

TEST_F(DoctorTest, AnAuthorityThatIsNotTheServers) {
  StartWithTls();
  files_.Write("ca.pem", pki::CertificateAuthority(pki::AuthorityOptions{}).certificate_pem());
  EXPECT_EQ(Examine(Qlik()).Finding("certificate"), "unknown_authority");
}

TEST_F(DoctorTest, ACertificateForAnotherName) {
  StartWithTls();
  const Diagnosis diagnosis = Examine(Qlik("", std::string(kAllFiles) + ", server_name: other.example"));
  EXPECT_EQ(diagnosis.Finding("certificate"), "wrong_name");
  EXPECT_THAT(diagnosis.Step("certificate")["seen"], HasSubstr("other.example"));
}

TEST_F(DoctorTest, ACertificateForAnotherPurpose) {
  pki::CertificateOptions options = pki::LoopbackServer();
  options.purpose = pki::Purpose::kClient;
  Show(authority_.Issue(options));
  StartWithTls();
  EXPECT_EQ(Examine(Qlik()).Finding("certificate"), "wrong_purpose");
}

class DoctorVersionTest : public DoctorTest, public testing::WithParamInterface<SandboxTlsVersion> {
 protected:
  void Prepare() {
    options_.tls.emplace();
    options_.tls->min_version = GetParam();
    options_.tls->max_version = GetParam();
    options_.tls->symphony_wants_client = true;
  }
};

TEST_P(DoctorVersionTest, AClientCertificateIsMissing) {
  Prepare();
  StartWithLogon();
  const Diagnosis diagnosis = Examine(Symphony(kService));
  EXPECT_EQ(diagnosis.exit_code, 1);
  EXPECT_EQ(diagnosis.Finding("client_certificate"), "client_certificate_missing") << diagnosis.output;
}

TEST_P(DoctorVersionTest, AClientCertificateIsOfAnotherSite) {
  Prepare();
  StartWithTls();
  const pki::Certificate other =
      pki::CertificateAuthority(pki::AuthorityOptions{}).Issue(pki::Client("gateway"));
  files_.Write("client.pem", other.certificate_pem);
  files_.Write("client_key.pem", other.key_pem);
  const Diagnosis diagnosis = Examine(Qlik());
  EXPECT_EQ(diagnosis.exit_code, 1);
  EXPECT_EQ(diagnosis.Finding("client_certificate"), "client_certificate_refused") << diagnosis.output;
  EXPECT_THAT(diagnosis.Step("client_certificate")["seen"], HasSubstr("unknown_ca"));
}

INSTANTIATE_TEST_SUITE_P(, DoctorVersionTest,
                         testing::Values(SandboxTlsVersion::k12, SandboxTlsVersion::k13));

TEST_P(DoctorVersionTest, AClientCertificateHasExpired) {
  Prepare();
  StartWithTls();
  pki::CertificateOptions options = pki::Client("gateway");
  options.not_before = std::chrono::hours(-48);
  options.not_after = std::chrono::hours(-24);
  const pki::Certificate expired = authority_.Issue(options);
  files_.Write("client.pem", expired.certificate_pem);
  files_.Write("client_key.pem", expired.key_pem);
  const Diagnosis diagnosis = Examine(Qlik());
  EXPECT_EQ(diagnosis.exit_code, 1);
  EXPECT_EQ(diagnosis.Finding("client_certificate"), "client_certificate_expired") << diagnosis.output;
}

TEST_F(DoctorTest, AWrongPasswordAndThenALockedAccount) {
  StartWithLogon();
  files_.Write("password", "wrong");
  EXPECT_EQ(Examine(Symphony(kService)).Finding("logon"), "logon_refused");
  for (int i = 0; i < 5; ++i) Examine(Symphony(kService));
  EXPECT_EQ(Examine(Symphony(kService)).Finding("logon"), "account_locked");
}

TEST_F(DoctorTest, ALogonAtAnotherPath) {
  StartWithLogon();
  EXPECT_EQ(Examine(Symphony(std::string(kService) + ", login_path: auth/logon")).Finding("logon"),
            "no_logon_path");
}

TEST_F(DoctorTest, APageForPeople) {
  StartWithLogon();
  SandboxFault page{.kind = SandboxFaultKind::kHtml};
  page.path = "auth/login";
  ASSERT_TRUE(sandbox_->AddFault(SandboxUpstream::kSymphony, page));
  EXPECT_EQ(Examine(Symphony(kService)).Finding("logon"), "logon_page");
}

TEST_F(DoctorTest, ALogonWithoutACookie) {
  StartWithLogon();
  SandboxFault bare{.kind = SandboxFaultKind::kStatus};
  bare.path = "auth/login";
  bare.status = 200;
  bare.body = "{}";
  ASSERT_TRUE(sandbox_->AddFault(SandboxUpstream::kSymphony, bare));
  EXPECT_EQ(Examine(Symphony(kService)).Finding("logon"), "no_logon_cookie");
}

TEST_F(DoctorTest, ARenewalAtAnotherPathIsAWarning) {
  StartWithLogon();
  const Diagnosis diagnosis = Examine(Symphony(std::string(kService) + ", renew_path: auth/refresh"));
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.output;
  EXPECT_EQ(diagnosis.Finding("read"), "renewal_failed");
}

TEST_F(DoctorTest, RefusalsOfTheRepositoryByTheirWords) {
  StartWithTls();
  const std::pair<std::string, std::string> cases[] = {
      {"XSRF prevention check failed. Possible XSRF discovered.", "xsrf_refused"},
      {"Your account is inactive. Contact your administrator.", "user_inactive"},
      {"Malformed X-Qlik-User header", "malformed_user"},
      {"Forbidden", "no_right"}};
  for (const auto& [text, finding] : cases) {
    SandboxFault refusal{.kind = SandboxFaultKind::kStatus};
    refusal.status = 403;
    refusal.body = text;
    ASSERT_TRUE(sandbox_->AddFault(SandboxUpstream::kQlik, refusal));
    EXPECT_EQ(Examine(Qlik()).Finding("read"), finding);
  }
}

TEST_F(DoctorTest, ARedirectToALogon) {
  StartWithTls();
  SandboxFault redirect{.kind = SandboxFaultKind::kStatus};
  redirect.status = 302;
  redirect.headers = {{"Location", "https://127.0.0.1/internal_forms_authentication/?targetId=canary"}};
  ASSERT_TRUE(sandbox_->AddFault(SandboxUpstream::kQlik, redirect));
  EXPECT_EQ(Examine(Qlik()).Finding("read"), "not_logged_on");
}

TEST_F(DoctorTest, AnEndpointWithAPathTooMany) {
  StartWithTls();
  EXPECT_EQ(Examine(Qlik(sandbox_->Endpoint(SandboxUpstream::kQlik) + "/wrong")).Finding("read"),
            "wrong_path");
}

TEST_F(DoctorTest, AVirtualProxyAndItsFaults) {
  options_.qlik_proxy = SandboxQlikProxy{.tokens = {{"canary-token", "DIR\\user"}}};
  StartWithTls();
  files_.Write("token", "canary-token");
  const std::string proxy = sandbox_->QlikProxyEndpoint();
  const auto config = [&proxy](const std::string& auth) {
    return "qlik:\n  endpoints: [\"" + proxy + "\"]\n  auth: {" + auth + "}\n  tls: {ca_file: ca.pem";
  };
  const std::string jwt = config("mode: jwt, token_file: token") + "}\n";
  Diagnosis diagnosis = Examine(jwt);
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.output << diagnosis.log;
  EXPECT_EQ(diagnosis.Status("logon"), "ok");

  for (int i = 0; i < 4; ++i) EXPECT_EQ(Examine(jwt).exit_code, 0);
  EXPECT_EQ(Examine(jwt).Finding("logon"), "too_many_sessions");

  files_.Write("token", "canary-other");
  diagnosis = Examine(jwt);
  EXPECT_EQ(diagnosis.Finding("logon"), "logon_refused");
  EXPECT_THAT(diagnosis.output + diagnosis.log, Not(HasSubstr("canary")));
}

TEST_F(DoctorTest, ClocksThatDiffer) {
  options_.date_skew = std::chrono::minutes(-10);
  StartWithTls();
  const Diagnosis diagnosis = Examine(Qlik());
  EXPECT_EQ(diagnosis.exit_code, 0);
  EXPECT_EQ(diagnosis.Finding("clock"), "clock_skew") << diagnosis.output;
}

TEST_F(DoctorTest, TheCaptureShowsWhatWasExchangedAndNoSecret) {
  StartWithLogon();
  const std::string file = (files_.path() / "capture.txt").string();
  const Diagnosis diagnosis = Examine(Symphony(kService) + Qlik(), {"--capture", file});
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.output << diagnosis.log;
  EXPECT_THAT(diagnosis.output, HasSubstr("All is well."));
  const auto readers = std::filesystem::status(file).permissions() & std::filesystem::perms::mask;
  EXPECT_EQ(readers, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const std::string capture = ReadText(file);
  EXPECT_THAT(capture, HasSubstr(diagnosis.output)) << "the steps are told to whoever is shown it";
  EXPECT_THAT(capture, HasSubstr("/platform/rest/symrest/v1/auth/login\n"));
  EXPECT_THAT(capture, HasSubstr("csrftoken=***"));
  EXPECT_THAT(capture, HasSubstr("set-cookie: platform.rest.token=***; "));
  EXPECT_THAT(capture, HasSubstr("/qrs/about?xrfkey=***"));
  EXPECT_THAT(capture, Not(HasSubstr("canary")));
  for (const SandboxRequest& request : sandbox_->requests(SandboxUpstream::kSymphony)) {
    for (const auto& [name, value] : request.headers) {
      if (name == "cookie" || name == "authorization") {
        EXPECT_THAT(capture, Not(HasSubstr(value)));
      }
    }
  }
}

TEST_F(DoctorTest, WhatCannotBeTriedEndsWithTheCodeOfUsage) {
  StartWithTls();
  EXPECT_EQ(Examine("qlik: {}\n").exit_code, 2);
  EXPECT_EQ(Examine(Qlik(), {"--timeout", "soon"}).exit_code, 2);
  EXPECT_EQ(Examine(Qlik(), {"--capture", "/no/such/folder/file"}).exit_code, 2);
}

TEST_F(DoctorTest, AKeyThatIsNoneDoesNotHideTheOtherUpstream) {
  StartWithLogon();
  files_.Write("client_key.pem", "no key");
  const Diagnosis diagnosis = Examine(Qlik() + Symphony(kService));
  EXPECT_EQ(diagnosis.exit_code, 1);
  ASSERT_EQ(diagnosis.report["endpoints"].size(), 2u);
  EXPECT_EQ(diagnosis.report["endpoints"][0]["steps"][8]["status"], "ok");
  const json& unusable = diagnosis.report["endpoints"][1]["steps"][0];
  EXPECT_EQ(unusable["finding"], "credential_unusable");
  EXPECT_THAT(unusable["seen"], HasSubstr("qlik.tls"));
}

TEST_F(DoctorTest, ALogonWithoutAToken) {
  StartWithLogon();
  const Diagnosis diagnosis = Examine(Symphony(std::string(kService) + ", token_key: other"));
  EXPECT_EQ(diagnosis.Finding("logon"), "no_csrf_token") << diagnosis.output;
  EXPECT_EQ(diagnosis.Status("logon"), "warning");
}

}  // namespace
}  // namespace session_gateway
