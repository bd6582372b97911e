#include "server/rpc/listener_tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <utility>

#include "server/rpc/tls_material.h"

namespace session_gateway {
namespace {

const std::string& FileOf(TlsPart part, const ListenerTls::Files& files) {
  switch (part) {
    case TlsPart::kCertificate:
      return files.certificate;
    case TlsPart::kKey:
      return files.key;
    case TlsPart::kClientCa:
      return files.client_ca;
  }
  return files.certificate;
}

}  // namespace

class ListenerTls::State {
 public:
  explicit State(bool asks_callers) : asks_callers_(asks_callers) {}

  void Set(const std::vector<Secret>& contents) {
    const std::lock_guard lock(mutex_);
    contents_ = contents;
    ++generation_;
  }

  bool HasContents() {
    const std::lock_guard lock(mutex_);
    return generation_ > 0;
  }

  // gRPC's own object for one listening address, owned by the caller.
  grpc_server_credentials* MakeCoreCredentials() {
    const std::lock_guard lock(mutex_);
    listeners_.push_back({.state = this, .generation = 0});
    const auto request = asks_callers_ ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                       : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request, &State::Fetch,
                                                                        &listeners_.back()));
  }

 private:
  // What one of gRPC's objects has loaded.
  struct Listener {
    State* state;
    std::uint64_t generation;
  };

  // gRPC asks before each handshake.
  static grpc_ssl_certificate_config_reload_status Fetch(void* listener,
                                                         grpc_ssl_server_certificate_config** config) {
    auto& asking = *static_cast<Listener*>(listener);
    return asking.state->Fetch(asking, *config);
  }

  grpc_ssl_certificate_config_reload_status Fetch(Listener& listener,
                                                  grpc_ssl_server_certificate_config*& config) {
    const std::lock_guard lock(mutex_);
    if (generation_ == 0) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
    if (listener.generation == generation_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    listener.generation = generation_;
    const grpc_ssl_pem_key_cert_pair pair{.private_key = contents_[1].Reveal().c_str(),
                                          .cert_chain = contents_[0].Reveal().c_str()};
    // gRPC 1.51 ends the program when there are no roots, also when it asks for no certificate that they
    // would judge. Then any certificate may stand there.
    const Secret& roots = contents_[asks_callers_ ? 2 : 0];
    config = grpc_ssl_server_certificate_config_create(roots.Reveal().c_str(), &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const bool asks_callers_;
  std::mutex mutex_;
  std::vector<Secret> contents_;   // guarded by mutex_
  std::uint64_t generation_ = 0;   // of contents_; guarded by mutex_
  std::list<Listener> listeners_;  // guarded by mutex_; gRPC keeps their addresses
};

namespace {

// gRPC 1.51 reaches the reload of the C core by no public class of its own.
class ReloadingCredentials final : public grpc::ServerCredentials {
 public:
  using MakeCore = std::function<grpc_server_credentials*()>;

  explicit ReloadingCredentials(MakeCore make) : make_(std::move(make)) {}

  // Callers are told apart by their certificates alone.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  // The C core replaces what it has loaded without a lock that would span its use. That is safe as long as
  // one thread begins one connection after another.
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    grpc_server_credentials* const credentials = make_();
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    grpc_server_credentials_release(credentials);
    return port;
  }

  const MakeCore make_;
};

}  // namespace

ListenerTls::ListenerTls(Files files)
    : files_(std::move(files)), state_(std::make_unique<State>(!files_.client_ca.empty())) {}

ListenerTls::~ListenerTls() = default;

std::vector<std::string> ListenerTls::Paths() const {
  return {files_.certificate, files_.key, files_.client_ca};
}

std::optional<std::string> ListenerTls::Replace(const std::vector<Secret>& contents) {
  const Secret* const client_ca = files_.client_ca.empty() ? nullptr : &contents[2];
  if (const auto problem = CheckTlsMaterial(contents[0], contents[1], client_ca)) {
    return FileOf(problem->part, files_) + problem->reason;
  }
  state_->Set(contents);
  return std::nullopt;
}

bool ListenerTls::HasContents() const { return state_->HasContents(); }

std::shared_ptr<grpc::ServerCredentials> ListenerTls::Credentials() {
  return std::make_shared<ReloadingCredentials>([this] { return state_->MakeCoreCredentials(); });
}

}  // namespace session_gateway
