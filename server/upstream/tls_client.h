// The TLS side of one upstream: whom it trusts and as whom it comes, replaceable while it is in use.
//
// The peer's certificate is always verified, its name included; there is no way to switch that off. A
// replacement that cannot be used leaves the old in force; one that can ends the use of every connection and
// session that was made before it. TLS 1.2 and 1.3 only. Thread rule: Replace on one thread at a
// time, all else on any. Never here: files, sockets.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "server/config.h"
#include "server/secret.h"
#include "server/upstream/tls_openssl.h"

namespace session_gateway {

// The contents of the files of TlsClientConfig; what is not set there is absent here.
struct TlsMaterial {
  std::optional<Secret> ca;           // PEM; absent: the system's store
  std::optional<Secret> certificate;  // PEM, with `key`
  std::optional<Secret> key;
  std::optional<Secret> pfx;       // PKCS#12, in the place of the two
  std::optional<Secret> password;  // of `key` or `pfx`; one line end behind it does not count
};

// What was made of one material. Connections share it; nothing in it changes.
struct TlsContext {
  Owned<BIO_METHOD> socket_bio;
  Owned<SSL_CTX> context;
  bool has_certificate = false;
};

class TlsClient {
 public:
  // `server_name` is what certificates must be for; empty: the host of each endpoint.
  TlsClient(std::string server_name, TlsVersion version_min)
      : server_name_(std::move(server_name)), version_min_(version_min) {}
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Nothing when the material is in force from now on, else why it cannot be, in words for administrators. A
  // certificate outside its dates does not replace one within them; without one to keep it is taken.
  [[nodiscard]] std::optional<std::string> Replace(const TlsMaterial& material);

  // What is wrong with our own certificate in force: it is outside its dates.
  std::optional<std::string> Warning() const;

  // Null until the first successful Replace: then no connection can be made.
  std::shared_ptr<const TlsContext> context() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }
  const std::string& server_name() const { return server_name_; }

 private:
  const std::string server_name_;
  const TlsVersion version_min_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> context_;  // guarded by mutex_
};

}  // namespace session_gateway
