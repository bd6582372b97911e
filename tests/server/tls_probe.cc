#include "tests/server/tls_probe.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>

#include "tests/pki/openssl_values.h"

namespace session_gateway {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class Socket {
 public:
  Socket(const std::string& host, int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    is_connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }
  bool is_connected() const { return is_connected_; }

 private:
  const int fd_;
  bool is_connected_ = false;
};

void Offer(SSL_CTX* context, const ProbeOptions& options) {
  if (options.version != 0) {
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
    // OpenSSL offers the old versions at its lowest level alone.
    if (options.version < TLS1_2_VERSION) SSL_CTX_set_cipher_list(context, "DEFAULT@SECLEVEL=0");
  }
  if (!options.alpn.empty()) {
    const std::string list = static_cast<char>(options.alpn.size()) + options.alpn;
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
  }
  if (options.certificate != nullptr) {
    const auto certificates = pki::ReadCertificates(options.certificate->certificate_pem);
    SSL_CTX_use_certificate(context, certificates.front().get());
    SSL_CTX_use_PrivateKey(context, pki::ReadKey(options.certificate->key_pem).get());
  }
}

std::string SerialOf(SSL* ssl) {
  const pki::CertificatePtr certificate(SSL_get1_peer_certificate(ssl));
  if (!certificate) return {};
  BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr);
  char* const digits = BN_bn2hex(number);
  std::string text = digits;
  OPENSSL_free(digits);
  BN_free(number);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string LastReason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  return reason == nullptr ? "the connection ended" : reason;
}

}  // namespace

ProbeResult ProbeTls(int port, const ProbeOptions& options) {
  ProbeResult result;
  ERR_clear_error();
  const Socket socket(options.host, port);
  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  Offer(context.get(), options);
  const std::unique_ptr<SSL, Free> ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket.fd());
  if (!socket.is_connected() || SSL_connect(ssl.get()) != 1) {
    result.error = LastReason();
    return result;
  }
  result.version = SSL_get_version(ssl.get());
  result.serial = SerialOf(ssl.get());
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl.get(), &chosen, &length);
  if (length != 0) result.alpn.assign(reinterpret_cast<const char*>(chosen), length);
  // With TLS 1.3 the server judges the client's certificate only now; then it sends its settings.
  char byte = 0;
  result.accepted = SSL_read(ssl.get(), &byte, 1) == 1;
  if (!result.accepted) result.error = LastReason();
  return result;
}

}  // namespace session_gateway
