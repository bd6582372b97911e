// OpenSSL's objects as owned values, and what its error queue says.
//
// Thread rule: OpenSSL keeps its errors by thread; one thread an object. Never here: sockets, decisions.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

// As OpenSSL's larger headers declare them.
using BIO_METHOD = struct bio_method_st;
using SSL_SESSION = struct ssl_session_st;

namespace session_gateway {

struct OpensslFree {
  void operator()(BIO* bio) const;
  void operator()(BIO_METHOD* method) const;
  void operator()(EVP_PKEY* key) const;
  void operator()(OSSL_LIB_CTX* library) const;
  void operator()(OSSL_PROVIDER* provider) const;
  void operator()(SSL* ssl) const;
  void operator()(SSL_CTX* context) const;
  void operator()(SSL_SESSION* session) const;
  void operator()(X509* certificate) const;
};

template <typename T>
using Owned = std::unique_ptr<T, OpensslFree>;

// What the thread's error queue held; it is empty afterwards.
struct OpensslErrors {
  unsigned long first = 0;    // the cause; 0 where there was none
  unsigned long last = 0;     // what came of it
  std::optional<int> alert;   // that the peer sent
  bool unsupported = false;   // an algorithm that no loaded provider has
  bool bad_password = false;  // a text that could not be decrypted

  std::string Words() const;  // of the last one; a few words of OpenSSL's own, nothing of the input
};
OpensslErrors TakeOpensslErrors();

// Reads from a text that outlives it; null when there is no memory.
Owned<BIO> ReadFrom(std::string_view text);

}  // namespace session_gateway
