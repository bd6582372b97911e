// Both upstreams as they are in earnest, and the gateway program in front of them: TLS on every connection, a
// certificate that Qlik wants to see, Symphony's log-on, Qlik's virtual proxy, callers with certificates.
//
// Thread rule: one thread, but for what Sandbox allows. Never here: what a call should give.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/gateway/programs.h"
#include "tests/pki/temporary_directory.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway {

class RealSystems : public testing::Test {
 protected:
  static constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;
  static constexpr SandboxUpstream kQlik = SandboxUpstream::kQlik;
  static constexpr char kUser[] = "svc_gateway";
  static constexpr char kPassword[] = "pass:w\xc3\xb6rd 1";
  static constexpr char kToken[] = "eyJhbGciOiJSUzI1NiJ9.eyJ1c2VyIjoic2EifQ.c2ln";

  RealSystems();

  // With what the test has put into `options_`, and the files of an administrator.
  void StartSandbox();

  // Sections of a configuration. `auth` and `tls` are the inside of a map.
  std::string Listen() const;
  std::string Symphony(const std::string& auth, const std::string& tls) const;
  std::string Qlik(const std::string& auth, const std::string& tls) const;
  std::string QlikProxy(const std::string& auth) const;
  static constexpr char kCa[] = "ca_file: ca.pem";
  static constexpr char kPem[] = "ca_file: ca.pem, cert_file: client.pem, key_file: client_key.pem";
  static constexpr char kService[] = "mode: service_account, user: svc_gateway, password_file: password";
  static constexpr char kCertificate[] = "mode: certificate, user_directory: INTERNAL, user_id: sa_api";

  // The listener's section is put before it.
  void StartGateway(const std::string& config, const std::string& more_of_listen = {});
  GatewayProgram& gateway() { return *gateway_; }

  // As a caller with the certificate of that name.
  std::shared_ptr<grpc::Channel> Connect(const std::string& caller = "orders") const;
  RpcResult Call(const std::string& rpc, const std::string& request, const RpcMetadata& metadata = {},
                 const std::string& caller = "orders");
  RpcResult CreateSession(const RpcMetadata& metadata = {}) {
    return Call("CreateSession", R"(application_name: "a")", metadata);
  }
  RpcResult CreateRow(const std::string& caller = "orders") {
    return Call("CreateExecutionSession", "execution_session { }", {}, caller);
  }
  // The end that was told: `INTERNAL LOGON_REFUSED not_sent`, or OK.
  static std::string Told(const RpcResult& result);

  std::vector<SandboxRequest> Requests(SandboxUpstream upstream, const std::string& path) const;
  static std::string HeaderOf(const SandboxRequest& request, const std::string& name);

  const pki::CertificateAuthority authority_;          // of the upstreams and their clients
  const pki::CertificateAuthority callers_authority_;  // of the listener and its callers
  pki::TemporaryDirectory files_;
  SandboxOptions options_;
  std::optional<Sandbox> sandbox_;

 private:
  std::optional<GatewayProgram> gateway_;
};

// Whether it became true in a test's time.
bool Becomes(const std::function<bool()>& condition);

}  // namespace session_gateway
