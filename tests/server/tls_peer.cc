#include "tests/server/tls_peer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <stdexcept>

#include "tests/pki/openssl_values.h"

namespace session_gateway {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

int Refuse(int verified, X509_STORE_CTX* store) {
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const int wanted = *static_cast<const int*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (wanted == 0) return verified;
  X509_STORE_CTX_set_error(store, wanted);
  return 0;
}

std::size_t BodyLength(const std::string& head) {
  constexpr std::string_view kName = "\r\ncontent-length: ";
  const std::size_t at = head.find(kName);
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + kName.size()));
}

}  // namespace

TlsServer::TlsServer(const TlsServerOptions& options)
    : context_(SSL_CTX_new(TLS_server_method())), refuse_with_(options.refuse_with) {
  SSL_CTX_set_app_data(context_, &refuse_with_);
  SSL_CTX_set_min_proto_version(context_, options.version);
  SSL_CTX_set_max_proto_version(context_, options.version);
  SSL_CTX_set_num_tickets(context_, options.tickets);
  SSL_CTX_set_session_id_context(context_, reinterpret_cast<const unsigned char*>("test"), 4);
  const auto chain = pki::ReadCertificates(options.certificate.FullChainPem());
  SSL_CTX_use_certificate(context_, chain.front().get());
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context_, chain[i].get());
  if (SSL_CTX_use_PrivateKey(context_, pki::ReadKey(options.certificate.key_pem).get()) != 1) {
    throw std::runtime_error("the server's key does not fit");
  }
  if (options.client_ca.empty()) return;
  for (const auto& root : pki::ReadCertificates(options.client_ca)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), root.get());
  }
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, Refuse);
}

TlsPeer::TlsPeer(RawConnection& raw, const TlsServer& server)
    : raw_(raw), ssl_(SSL_new(server.context())), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
  SSL_set_bio(ssl_, in_, out_);
  SSL_set_accept_state(ssl_);
}

bool TlsPeer::Feed() {
  if (take == 0 || !raw_.ReadMore(std::min(take, kPieceBytes))) return false;
  const std::string bytes = raw_.TakeBuffered();
  fed_ += bytes.size();
  take -= bytes.size();
  BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  return true;
}

bool TlsPeer::Handshake() {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    const bool failed = result != 1 && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ;
    if (failed && before_alert) before_alert();
    if (!Flush() || failed) return false;
    if (result == 1) return true;
    if (!Feed()) return false;
  }
}

bool TlsPeer::ReadMore() {
  for (;;) {
    char piece[16 * 1024];
    ERR_clear_error();
    const int size = SSL_read(ssl_, piece, sizeof(piece));
    if (size > 0) {
      plain_.append(piece, static_cast<std::size_t>(size));
      return true;
    }
    if (SSL_get_error(ssl_, size) != SSL_ERROR_WANT_READ || !Feed()) return false;
  }
}

std::string TlsPeer::ReadRequest() {
  for (;;) {
    const std::size_t head = plain_.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t end = head + 4 + BodyLength(plain_.substr(0, head));
      if (plain_.size() >= end) {
        std::string request = plain_.substr(0, end);
        plain_.erase(0, end);
        return request;
      }
    }
    if (!ReadMore()) return {};
  }
}

void TlsPeer::Encrypt(std::string_view text) {
  if (!text.empty()) SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
}

std::string TlsPeer::TakeOutput() {
  std::string bytes(BIO_ctrl_pending(out_), '\0');
  if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

bool TlsPeer::Flush() {
  std::string bytes = TakeOutput();
  const std::size_t allowed = std::min(bytes.size(), budget);
  const bool sent = raw_.Send(std::string_view(bytes).substr(0, allowed));
  const bool cut = allowed < bytes.size();
  budget -= allowed;
  return sent && !cut;
}

}  // namespace session_gateway
