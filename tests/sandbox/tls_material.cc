#include "tests/sandbox/tls_material.h"

#include <filesystem>

#include "tests/pki/temporary_directory.h"

namespace session_gateway::sandbox {

TlsSetup MakeTlsSetup(const SandboxTls& options) {
  const pki::CertificateAuthority authority =
      options.authority.value_or(pki::CertificateAuthority({.common_name = "Sandbox authority"}));
  const std::string& client_ca = options.client_ca_pem.empty() ? authority.root_pem() : options.client_ca_pem;
  const auto rules = [&](const char* name, const std::optional<SandboxTlsIdentity>& given,
                         bool wants_client) {
    TlsRules made{.identity = {},
                  .client_ca_pem = wants_client ? client_ca : "",
                  .min_version = options.min_version,
                  .max_version = options.max_version,
                  .resumption = options.resumption};
    if (given) {
      made.identity = *given;
      return made;
    }
    const pki::Certificate server = authority.Issue(
        {.common_name = name, .dns_names = options.dns_names, .ip_addresses = options.ip_addresses});
    made.identity = {server.FullChainPem(), server.key_pem};
    return made;
  };
  TlsSetup setup;
  setup.symphony = rules("Sandbox Symphony", options.symphony_identity, options.symphony_wants_client);
  setup.qlik = rules("Sandbox Qlik repository", options.qlik_identity, options.qlik_wants_client);
  setup.qlik_proxy = rules("Sandbox Qlik proxy", options.qlik_proxy_identity, false);
  const pki::Certificate client = authority.Issue(pki::Client("Sandbox client"));
  setup.material = {.ca_pem = authority.root_pem(),
                    .client_pem = client.FullChainPem(),
                    .client_key_pem = client.key_pem,
                    .client_pfx = pki::MakePkcs12(client, options.pfx_password, options.pfx_kind)};
  if (options.directory.empty()) return setup;
  const std::filesystem::path directory = options.directory;
  std::filesystem::create_directories(directory);
  pki::WriteFile(directory / "ca.pem", setup.material.ca_pem);
  pki::WriteFile(directory / "client.pem", setup.material.client_pem);
  pki::WriteFile(directory / "client_key.pem", setup.material.client_key_pem);
  pki::WriteFile(directory / "client.pfx", setup.material.client_pfx);
  return setup;
}

}  // namespace session_gateway::sandbox
