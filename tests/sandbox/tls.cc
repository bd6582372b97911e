#include "tests/sandbox/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <stdexcept>

#include "tests/pki/openssl_values.h"

namespace session_gateway::sandbox {
namespace {

constexpr int kDrainMilliseconds = 500;
constexpr std::size_t kDrainMax = 1 << 20;
// Sessions of clients that showed a certificate resume only under a name of the server's own.
constexpr unsigned char kSessionContext[] = "sandbox";

int VersionNumber(SandboxTlsVersion version) {
  switch (version) {
    case SandboxTlsVersion::k11:
      return TLS1_1_VERSION;
    case SandboxTlsVersion::k12:
      return TLS1_2_VERSION;
    case SandboxTlsVersion::k13:
      return TLS1_3_VERSION;
  }
  return TLS1_3_VERSION;
}

std::string LastError() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the connection ended" : reason;
}

void UseIdentity(SSL_CTX* context, const SandboxTlsIdentity& identity) {
  const auto certificates = pki::ReadCertificates(identity.certificate_pem);
  if (certificates.empty()) throw std::runtime_error("there is no certificate in the PEM text");
  pki::Check(SSL_CTX_use_certificate(context, certificates.front().get()), "use of the certificate");
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    pki::Check(static_cast<int>(SSL_CTX_add1_chain_cert(context, certificates[i].get())), "use of the chain");
  }
  pki::Check(SSL_CTX_use_PrivateKey(context, pki::ReadKey(identity.key_pem).get()), "use of the key");
}

void AskForClients(SSL_CTX* context, const std::string& ca_pem) {
  const auto authorities = pki::ReadCertificates(ca_pem);
  if (authorities.empty()) throw std::runtime_error("there is no authority of clients in the PEM text");
  for (const auto& authority : authorities) {
    pki::Check(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()), "trust");
    pki::Check(SSL_CTX_add_client_CA(context, authority.get()), "the list of authorities");
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

std::string SerialOrNone(X509* certificate) {
  return certificate == nullptr ? std::string() : pki::SerialOf(certificate);
}

}  // namespace

void TlsFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsFree::operator()(ssl_st* connection) const { SSL_free(connection); }

std::variant<TlsContext, std::string> MakeTlsContext(const TlsRules& rules) {
  try {
    TlsContext context(pki::Made(SSL_CTX_new(TLS_server_method()), "a TLS context"), TlsFree{});
    SSL_CTX* raw = context.get();
    pki::Check(SSL_CTX_set_min_proto_version(raw, VersionNumber(rules.min_version)), "the lowest version");
    pki::Check(SSL_CTX_set_max_proto_version(raw, VersionNumber(rules.max_version)), "the highest version");
    UseIdentity(raw, rules.identity);
    if (!rules.client_ca_pem.empty()) AskForClients(raw, rules.client_ca_pem);
    pki::Check(SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof(kSessionContext)), "the sessions");
    if (!rules.resumption) {
      SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
      SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
      SSL_CTX_set_num_tickets(raw, 0);
    }
    return context;
  } catch (const std::exception& error) {
    return std::string(error.what());
  }
}

Channel::Channel(int socket, TlsContext context) : socket_(socket), context_(std::move(context)) {
  if (context_ == nullptr) return;
  tls_.reset(SSL_new(context_.get()));
  if (tls_ != nullptr) SSL_set_fd(tls_.get(), socket_);
}

Channel::Handshake Channel::Accept() {
  if (context_ == nullptr) return {};
  if (tls_ == nullptr) return {.problem = "no memory"};
  ERR_clear_error();
  if (SSL_accept(tls_.get()) == 1) {
    return {.resumed = SSL_session_reused(tls_.get()) == 1,
            .serials = {.server = SerialOrNone(SSL_get_certificate(tls_.get())),
                        .client = SerialOrNone(SSL_get0_peer_certificate(tls_.get()))},
            .problem = {}};
  }
  std::string problem = LastError();
  const long verdict = SSL_get_verify_result(tls_.get());
  if (verdict != X509_V_OK) problem += std::string(": ") + X509_verify_cert_error_string(verdict);
  tls_.reset();
  return {.problem = problem};
}

bool Channel::Poll(short events, int milliseconds) const {
  pollfd entry{socket_, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool Channel::WaitForBytes(int milliseconds) const {
  return (tls_ != nullptr && SSL_has_pending(tls_.get()) == 1) || Poll(POLLIN, milliseconds);
}

bool Channel::WaitForEnd(int milliseconds) const { return !Poll(POLLRDHUP, milliseconds); }

std::size_t Channel::Receive(char* out, std::size_t size) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    std::size_t got = 0;
    return SSL_read_ex(tls_.get(), out, size, &got) == 1 ? got : 0;
  }
  ssize_t got = 0;
  do {
    got = ::recv(socket_, out, size, 0);
  } while (got < 0 && errno == EINTR);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool Channel::SendAll(std::string_view bytes) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    std::size_t sent = 0;
    return bytes.empty() || SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &sent) == 1;
  }
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Channel::DrainAndEnd() {
  if (tls_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  ::shutdown(socket_, SHUT_WR);
  std::array<char, 16384> ignored;
  std::size_t drained = 0;
  while (drained < kDrainMax && Poll(POLLIN, kDrainMilliseconds)) {
    const ssize_t got = ::recv(socket_, ignored.data(), ignored.size(), 0);
    if (got <= 0 && !(got < 0 && errno == EINTR)) return;
    drained += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
}

void Channel::PrepareReset() {
  const linger abort{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
}

void Channel::ShutDown() { ::shutdown(socket_, SHUT_RDWR); }

}  // namespace session_gateway::sandbox
