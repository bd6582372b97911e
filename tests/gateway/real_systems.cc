#include "tests/gateway/real_systems.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <poll.h>

namespace session_gateway {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);

std::string LineOf(const std::string& text, const std::string& name) {
  const std::string begin = name + ": ";
  const std::size_t at = ("\n" + text).find("\n" + begin);
  if (at == std::string::npos) return "(no " + name + ")";
  const std::size_t from = at + begin.size();
  return text.substr(from, text.find('\n', from) - from);
}

std::string Section(const std::string& name, const std::string& endpoint, const std::string& auth,
                    const std::string& tls) {
  std::string yaml = name + ":\n  endpoints: [\"" + endpoint + "\"]\n";
  if (!auth.empty()) yaml += "  auth: {" + auth + "}\n";
  if (!tls.empty()) yaml += "  tls: {" + tls + "}\n";
  return yaml;
}

}  // namespace

RealSystems::RealSystems() : callers_authority_({.common_name = "Callers authority"}) {
  options_.seed = 11;
  options_.tls.emplace();
  options_.tls->authority = authority_;
  options_.symphony_logon.emplace().users = {{kUser, kPassword}, {"ann", "secret2"}};
  options_.qlik_proxy.emplace().tokens = {{kToken, "INTERNAL\\sa_api"}};
  options_.qlik_proxy->user_header = "hdr-usr";
}

void RealSystems::StartSandbox() {
  sandbox_.emplace(options_);
  ASSERT_EQ(sandbox_->Start(), std::nullopt);
  const SandboxTlsMaterial material = sandbox_->tls_material();
  files_.Write("ca.pem", material.ca_pem);
  files_.Write("client.pem", material.client_pem);
  files_.Write("client_key.pem", material.client_key_pem);
  files_.Write("client.pfx", material.client_pfx);
  files_.Write("password", std::string(kPassword) + "\n");
  files_.Write("token", std::string(kToken) + "\n");
}

std::string RealSystems::Listen() const {
  return "listen:\n  address: 127.0.0.1:0\n  tls: {cert_file: server.pem, key_file: server_key.pem, "
         "client_ca_file: server_ca.pem}\n";
}

std::string RealSystems::Symphony(const std::string& auth, const std::string& tls) const {
  return Section("symphony", sandbox_->Endpoint(kSymphony), auth, tls);
}
std::string RealSystems::Qlik(const std::string& auth, const std::string& tls) const {
  return Section("qlik", sandbox_->Endpoint(kQlik), auth, tls);
}
std::string RealSystems::QlikProxy(const std::string& auth) const {
  return Section("qlik", sandbox_->QlikProxyEndpoint(), auth, kCa);
}

void RealSystems::StartGateway(const std::string& config, const std::string& more) {
  pki::WriteCertificate(files_, "server", callers_authority_.Issue(pki::LoopbackServer()));
  gateway_.reset();
  gateway_.emplace(std::vector<std::string>{
      "--config", files_.Write("gateway.yaml", YamlUnderTest() + Listen() + more + config)});
}

std::shared_ptr<grpc::Channel> RealSystems::Connect(const std::string& caller) const {
  const pki::Certificate client = callers_authority_.Issue(pki::Client(caller));
  const grpc::SslCredentialsOptions options{.pem_root_certs = callers_authority_.root_pem(),
                                            .pem_private_key = client.key_pem,
                                            .pem_cert_chain = client.certificate_pem};
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(gateway_->address(), grpc::SslCredentials(options), arguments);
}

RpcResult RealSystems::Call(const std::string& rpc, const std::string& request, const RpcMetadata& metadata,
                            const std::string& caller) {
  const RpcResult result = CallByText(Connect(caller), rpc, request, kPatience, metadata);
  EXPECT_EQ(result.problems, "");
  return result;
}

std::string RealSystems::Told(const RpcResult& result) {
  if (result.ok) return "OK";
  return result.code + " " + LineOf(result.text, "reason") + " " + result.outcome;
}

std::vector<SandboxRequest> RealSystems::Requests(SandboxUpstream upstream, const std::string& path) const {
  std::vector<SandboxRequest> found = sandbox_->requests(upstream);
  std::erase_if(found, [&path](const SandboxRequest& request) {
    return request.target.find(path) == std::string::npos;
  });
  return found;
}

std::string RealSystems::HeaderOf(const SandboxRequest& request, const std::string& name) {
  for (const auto& [header, value] : request.headers) {
    if (header == name) return value;
  }
  return "(none)";
}

bool Becomes(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 2);  // leaves the processor to the programs that are asked
  }
  return true;
}

}  // namespace session_gateway
