// A sandbox with what an administrator has for it (certificates, a password, a configuration), and the
// doctor's verdict as JSON.
//
// Thread rule: one thread. Never here: the fault that a test plants.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/gateway/child_process.h"
#include "tests/pki/pki.h"
#include "tests/pki/temporary_directory.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway {

inline constexpr char kUser[] = "svc";
inline constexpr char kPassword[] = "canary-password";

struct Diagnosis {
  std::optional<int> exit_code;
  nlohmann::json report;
  std::string output;
  std::string log;

  const nlohmann::json& Step(const std::string& name) const {
    static const nlohmann::json kNone;
    for (const nlohmann::json& endpoint : report["endpoints"]) {
      for (const nlohmann::json& step : endpoint["steps"]) {
        if (step["step"] == name) return step;
      }
    }
    return kNone;
  }
  std::string Finding(const std::string& step) const { return Step(step).value("finding", "none"); }
  std::string Status(const std::string& step) const { return Step(step).value("status", "none"); }
};

// A sandbox with what an administrator has: files of certificates and passwords, and a configuration.
class DoctorTest : public testing::Test {
 protected:
  void StartSandbox() {
    options_.seed = 7;
    sandbox_.emplace(options_);
    ASSERT_EQ(sandbox_->Start(), std::nullopt);
  }

  void StartWithTls() {
    if (!options_.tls) options_.tls.emplace();
    if (!options_.tls->authority) options_.tls->authority = authority_;
    StartSandbox();
    const SandboxTlsMaterial material = sandbox_->tls_material();
    files_.Write("ca.pem", material.ca_pem);
    files_.Write("client.pem", material.client_pem);
    files_.Write("client_key.pem", material.client_key_pem);
  }

  void StartWithLogon() {
    options_.symphony_logon = SandboxSymphonyLogon{.users = {{kUser, kPassword}}};
    StartWithTls();
    files_.Write("password", std::string(kPassword) + "\n");
  }

  // The server's own certificate in the place of the good one, for both upstreams.
  void Show(const pki::Certificate& certificate) {
    const SandboxTlsIdentity identity{certificate.FullChainPem(), certificate.key_pem};
    options_.tls.emplace();
    options_.tls->authority = authority_;
    options_.tls->symphony_identity = identity;
    options_.tls->qlik_identity = identity;
  }

  Diagnosis Examine(const std::string& config, std::vector<std::string> more = {"--json"}) {
    const std::string path = files_.Write("gateway.yaml", config);
    std::vector<std::string> arguments = {"doctor", "--config", path, "--timeout", "20s"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ChildProcess process("session-gateway", arguments);
    Diagnosis diagnosis;
    diagnosis.exit_code = process.WaitForEnd();
    diagnosis.output = process.output();
    diagnosis.log = process.log();
    diagnosis.report = nlohmann::json::parse(diagnosis.output, nullptr, false);
    return diagnosis;
  }

  std::string Qlik(std::string endpoint = "", const std::string& tls = kAllFiles) {
    if (endpoint.empty()) endpoint = sandbox_->Endpoint(SandboxUpstream::kQlik);
    std::string config = "qlik:\n  endpoints: [\"" + endpoint +
                         "\"]\n  auth: {mode: certificate, user_directory: INTERNAL, user_id: sa_api}\n";
    if (endpoint.starts_with("https")) config += "  tls: {" + tls + "}\n";
    return config;
  }

  std::string Symphony(const std::string& auth = "", std::string endpoint = "",
                       const std::string& tls = "ca_file: ca.pem") {
    if (endpoint.empty()) endpoint = sandbox_->Endpoint(SandboxUpstream::kSymphony);
    std::string config = "symphony:\n  endpoints: [\"" + endpoint + "\"]\n";
    if (!auth.empty()) config += "  auth: {" + auth + "}\n";
    if (endpoint.starts_with("https")) config += "  tls: {" + tls + "}\n";
    return config;
  }

  static constexpr char kAllFiles[] = "ca_file: ca.pem, cert_file: client.pem, key_file: client_key.pem";
  static constexpr char kService[] = "mode: service_account, user: svc, password_file: password";

  pki::CertificateAuthority authority_{pki::AuthorityOptions{}};
  pki::TemporaryDirectory files_;
  SandboxOptions options_;
  std::optional<Sandbox> sandbox_;
};

}  // namespace session_gateway
