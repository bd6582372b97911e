#include "tests/sandbox/sandbox.h"

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

  const SandboxOptions options;
  sandbox::UpstreamHost symphony;
  sandbox::UpstreamHost qlik;
};

Sandbox::Sandbox(SandboxOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Sandbox::~Sandbox() { Stop(); }

std::optional<std::string> Sandbox::Start() {
  const auto problem = [this](int port) {
    return "cannot listen on " + impl_->options.host + ':' + std::to_string(port);
  };
  if (!impl_->symphony.Start(impl_->options.host, impl_->options.symphony_port)) {
    return problem(impl_->options.symphony_port);
  }
  if (!impl_->qlik.Start(impl_->options.host, impl_->options.qlik_port)) {
    impl_->symphony.Stop();
    return problem(impl_->options.qlik_port);
  }
  return std::nullopt;
}

void Sandbox::Stop() {
  impl_->symphony.Stop();
  impl_->qlik.Stop();
}

int Sandbox::symphony_port() const { return impl_->symphony.port(); }
int Sandbox::qlik_port() const { return impl_->qlik.port(); }

std::string Sandbox::Endpoint(SandboxUpstream upstream) const {
  const std::string& host = impl_->options.host;
  const std::string written = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return "http://" + written + ':' + std::to_string(impl_->Of(upstream).port());
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
