#include "tests/sandbox/sandbox.h"

#include <exception>

#include "tests/sandbox/tls_material.h"
#include "tests/sandbox/upstream_host.h"

namespace session_gateway {

struct Sandbox::Impl {
  explicit Impl(SandboxOptions given)
      : options(std::move(given)),
        symphony(sandbox::MakeSymphonyApi(options), options),
        qlik(sandbox::MakeQlikApi(options), options) {}

  sandbox::UpstreamHost& Of(SandboxUpstream upstream) {
    return upstream == SandboxUpstream::kSymphony ? symphony : qlik;
  }

  // http or https, and the port.
  std::string Url(int port) const {
    const std::string written =
        options.host.find(':') == std::string::npos ? options.host : '[' + options.host + ']';
    return (options.tls ? "https://" : "http://") + written + ':' + std::to_string(port);
  }

  // The value is what went wrong.
  std::optional<std::string> MakeTls() {
    if (!options.tls) return std::nullopt;
    try {
      sandbox::TlsSetup setup = sandbox::MakeTlsSetup(*options.tls);
      material = std::move(setup.material);
      symphony.SetTls(std::move(setup.symphony), std::nullopt);
      qlik.SetTls(std::move(setup.qlik), std::move(setup.qlik_proxy));
      return std::nullopt;
    } catch (const std::exception& error) {
      return std::string("TLS: ") + error.what();
    }
  }

  const SandboxOptions options;
  SandboxTlsMaterial material;
  sandbox::UpstreamHost symphony;
  sandbox::UpstreamHost qlik;
};

Sandbox::Sandbox(SandboxOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Sandbox::~Sandbox() { Stop(); }

std::optional<std::string> Sandbox::Start() {
  if (auto problem = impl_->MakeTls()) return problem;
  const SandboxOptions& options = impl_->options;
  if (auto problem = impl_->symphony.Start(options.host, options.symphony_port, std::nullopt)) return problem;
  const auto proxy_port = options.qlik_proxy ? std::optional(options.qlik_proxy->port) : std::nullopt;
  if (auto problem = impl_->qlik.Start(options.host, options.qlik_port, proxy_port)) {
    impl_->symphony.Stop();
    return problem;
  }
  return std::nullopt;
}

void Sandbox::Stop() {
  impl_->symphony.Stop();
  impl_->qlik.Stop();
}

int Sandbox::symphony_port() const { return impl_->symphony.port(); }
int Sandbox::qlik_port() const { return impl_->qlik.port(); }

int Sandbox::qlik_proxy_port() const { return impl_->qlik.proxy_port(); }

std::string Sandbox::Endpoint(SandboxUpstream upstream) const {
  return impl_->Url(impl_->Of(upstream).port());
}

std::string Sandbox::QlikProxyEndpoint() const {
  const auto& proxy = impl_->options.qlik_proxy;
  if (!proxy) return "";
  return impl_->Url(qlik_proxy_port()) + (proxy->prefix.empty() ? "" : '/' + proxy->prefix);
}

SandboxTlsMaterial Sandbox::tls_material() const { return impl_->material; }

std::optional<std::string> Sandbox::ReplaceTlsIdentity(SandboxUpstream upstream,
                                                       SandboxTlsIdentity identity) {
  return impl_->Of(upstream).ReplaceTlsIdentity(sandbox::Door::kDirect, std::move(identity));
}
std::optional<std::string> Sandbox::ReplaceProxyTlsIdentity(SandboxTlsIdentity identity) {
  return impl_->qlik.ReplaceTlsIdentity(sandbox::Door::kProxy, std::move(identity));
}
std::vector<std::string> Sandbox::tls_problems(SandboxUpstream upstream) const {
  return impl_->Of(upstream).tls_problems();
}
std::vector<SandboxTlsSerials> Sandbox::tls_serials(SandboxUpstream upstream) const {
  return impl_->Of(upstream).tls_serials();
}
void Sandbox::ExpireLogons(SandboxUpstream upstream) { impl_->Of(upstream).ExpireLogons(); }
bool Sandbox::SetPassword(const std::string& user, const std::string& password) {
  return impl_->symphony.SetPassword(user, password);
}

SandboxCounters Sandbox::counters(SandboxUpstream upstream) const { return impl_->Of(upstream).counters(); }
std::vector<std::string> Sandbox::rows(SandboxUpstream upstream) const { return impl_->Of(upstream).rows(); }
std::vector<SandboxRequest> Sandbox::requests(SandboxUpstream upstream) const {
  return impl_->Of(upstream).requests();
}
bool Sandbox::AddFault(SandboxUpstream upstream, SandboxFault fault) {
  return impl_->Of(upstream).AddFault(std::move(fault));
}
void Sandbox::ClearFaults(SandboxUpstream upstream) { impl_->Of(upstream).ClearFaults(); }
void Sandbox::Reset(SandboxUpstream upstream) { impl_->Of(upstream).Reset(); }

}  // namespace session_gateway
