// A client for the sandbox's tests that speaks TLS and keeps what the handshake came to.
//
// Thread rule: one thread per client. Never here: a check that OpenSSL does not do itself.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/pki/openssl_values.h"
#include "tests/sandbox_test_client.h"

namespace session_gateway {

struct TlsClientOptions {
  std::string ca_pem;
  std::string certificate_pem = {};  // empty: none is shown
  std::string key_pem = {};
  std::string name = "localhost";
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
};

struct SessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* connection) const { SSL_free(connection); }
};
using TlsSession = std::unique_ptr<SSL_SESSION, SessionFree>;

class TlsClient {
 public:
  TlsClient(int port, const TlsClientOptions& options, SSL_SESSION* resume = nullptr)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)), context_(SSL_CTX_new(TLS_client_method())) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      problem_ = "no connection";
      return;
    }
    SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
    SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    for (const auto& root : pki::ReadCertificates(options.ca_pem)) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), root.get());
    }
    if (!options.certificate_pem.empty()) {
      SSL_CTX_use_certificate(context_.get(), pki::ReadCertificates(options.certificate_pem).at(0).get());
      SSL_CTX_use_PrivateKey(context_.get(), pki::ReadKey(options.key_pem).get());
    }
    tls_.reset(SSL_new(context_.get()));
    SSL_set1_host(tls_.get(), options.name.c_str());
    SSL_set_fd(tls_.get(), socket_);
    if (resume != nullptr) SSL_set_session(tls_.get(), resume);
    ERR_clear_error();
    if (SSL_connect(tls_.get()) != 1) KeepProblem();
  }
  ~TlsClient() {
    // Without this the session would not be resumed.
    if (tls_ != nullptr && problem_.empty()) SSL_shutdown(tls_.get());
    tls_.reset();
    ::close(socket_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Empty: all is well until now. A refused client certificate shows in TLS 1.3 only when something is read.
  const std::string& problem() const { return problem_; }
  bool resumed() const { return SSL_session_reused(tls_.get()) == 1; }
  std::string version() const { return SSL_get_version(tls_.get()); }
  std::string peer_pem() const {
    X509* peer = SSL_get0_peer_certificate(tls_.get());
    return peer == nullptr ? "" : pki::ToPem(peer);
  }
  // After an exchange, for TLS 1.3 brings it behind the handshake.
  TlsSession TakeSession() const { return TlsSession(SSL_get1_session(tls_.get())); }

  RawReply Exchange(const RawRequest& request) {
    RawReply reply;
    if (!problem_.empty()) return reply;
    const std::string text = request.Render();
    ERR_clear_error();
    // A peer that refuses may close while this is written; what it said is read all the same.
    SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()));
    while (!RawClient::IsWhole(reply.bytes)) {
      char buffer[8192];
      ERR_clear_error();
      const int size = SSL_read(tls_.get(), buffer, sizeof(buffer));
      if (size <= 0) {
        const bool ended = SSL_get_error(tls_.get(), size) == SSL_ERROR_ZERO_RETURN;
        reply.seen = ended ? Seen::kEnd : Seen::kReset;
        if (!ended) KeepProblem();
        break;
      }
      reply.bytes.append(buffer, static_cast<std::size_t>(size));
    }
    RawClient::ReadParts(reply);
    return reply;
  }

 private:
  void KeepProblem() {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    problem_ = reason == nullptr ? "the connection ended" : reason;
    const long verdict = SSL_get_verify_result(tls_.get());
    if (verdict != X509_V_OK) problem_ += std::string(": ") + X509_verify_cert_error_string(verdict);
    ERR_clear_error();
  }

  const int socket_;
  std::unique_ptr<SSL_CTX, SessionFree> context_;
  std::unique_ptr<SSL, SessionFree> tls_;
  std::string problem_;
};

}  // namespace session_gateway
