// The server's side of TLS over a RawConnection, under the script's control byte by byte: the encrypted bytes
// can be held back, halved, or cut off.
//
// Thread rule: a TlsServer may be used by many scripts at once; a TlsPeer belongs to its script. Never here:
// code of the gateway.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/pki/pki.h"
#include "tests/server/raw_server.h"

namespace session_gateway {

struct TlsServerOptions {
  pki::Certificate certificate = {};
  int version = TLS1_3_VERSION;  // the only one
  std::string client_ca = {};    // PEM; not empty: a client certificate is demanded
  int refuse_with = 0;           // X509_V_ERR_*: what the client's certificate is said to be
  std::size_t tickets = 2;       // of TLS 1.3, right after the handshake
};

// What the connections of one server share, its session tickets among it.
class TlsServer {
 public:
  explicit TlsServer(const TlsServerOptions& options);
  ~TlsServer() { SSL_CTX_free(context_); }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  SSL_CTX* context() const { return context_; }

 private:
  SSL_CTX* context_ = nullptr;
  int refuse_with_;
};

class TlsPeer {
 public:
  TlsPeer(RawConnection& raw, const TlsServer& server);
  ~TlsPeer() { SSL_free(ssl_); }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  // False when it failed; an alert that says why has been sent.
  bool Handshake();
  // The next request with its body, or empty when the peer has ended.
  std::string ReadRequest();
  // Decrypts what comes next; false when there is nothing more.
  bool ReadMore();
  std::size_t buffered() const { return plain_.size(); }
  std::string TakeBuffered() { return std::exchange(plain_, {}); }

  // Encrypts without sending; what is not yet sent stands in output().
  void Encrypt(std::string_view text);
  void EncryptGoodbye() { SSL_shutdown(ssl_); }
  void EncryptTicket() {
    SSL_new_session_ticket(ssl_);
    SSL_do_handshake(ssl_);
  }
  void EncryptKeyUpdate() {
    SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl_);
  }
  std::string TakeOutput();
  // Sends what was encrypted. False when the peer is gone or the budget is used up.
  bool Flush();
  bool Send(std::string_view text) {
    Encrypt(text);
    return Flush();
  }

  std::size_t fed() const { return fed_; }  // encrypted bytes that were taken in
  bool resumed() const { return SSL_session_reused(ssl_) == 1; }
  SSL* ssl() const { return ssl_; }

  std::size_t budget = static_cast<std::size_t>(-1);  // bytes that may still be sent
  std::size_t take = static_cast<std::size_t>(-1);    // bytes that may still be taken in
  std::function<void()> before_alert;  // called when the handshake has failed and nobody knows yet

 private:
  bool Feed();

  RawConnection& raw_;
  SSL* ssl_ = nullptr;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  std::size_t fed_ = 0;
  std::string plain_;
};

}  // namespace session_gateway
