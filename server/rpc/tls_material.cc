#include "server/rpc/tls_material.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <limits>
#include <memory>
#include <utility>

namespace session_gateway {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using CertificatePtr = std::unique_ptr<X509, Free>;

constexpr char kNoCertificate[] = " holds no certificate in PEM form";

BioPtr Reader(const Secret& text) {
  // The files' own bound is far below. gRPC reads up to a zero byte.
  constexpr std::size_t kMax = std::numeric_limits<int>::max();
  if (text.Reveal().size() > kMax || text.Reveal().find('\0') != std::string::npos) return nullptr;
  return BioPtr(BIO_new_mem_buf(text.Reveal().data(), static_cast<int>(text.Reveal().size())));
}

// OpenSSL's own words for what went wrong last. They name rules and routines, never contents.
std::string LastReason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

// Refuses to give a password, and notes that it was asked for one; OpenSSL would ask at the terminal.
int NotePasswordWish(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// Each certificate of the text to `take`, which says what is wrong with it.
template <typename Take>
std::optional<std::string> ForEachCertificate(const Secret& text, Take take) {
  const BioPtr in = Reader(text);
  if (!in) return kNoCertificate;
  bool is_first = true;
  for (;; is_first = false) {
    const CertificatePtr certificate(PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (auto problem = take(certificate.get(), is_first)) return problem;
  }
  const unsigned long error = ERR_peek_last_error();
  const bool is_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (is_first && is_end) {
    ERR_clear_error();
    return kNoCertificate;
  }
  if (!is_end) return " holds a certificate that cannot be read: " + LastReason();
  ERR_clear_error();
  return std::nullopt;
}

std::optional<std::string> UseCertificates(SSL_CTX* context, const Secret& text) {
  return ForEachCertificate(text, [context](X509* certificate, bool is_first) -> std::optional<std::string> {
    const int used = is_first ? SSL_CTX_use_certificate(context, certificate)
                              : static_cast<int>(SSL_CTX_add1_chain_cert(context, certificate));
    if (used == 1) return std::nullopt;
    return " holds a certificate that cannot be used: " + LastReason();
  });
}

std::optional<std::string> UseKey(SSL_CTX* context, const Secret& text, const X509* certificate) {
  const BioPtr in = Reader(text);
  bool wants_password = false;
  const std::unique_ptr<EVP_PKEY, Free> key(
      in ? PEM_read_bio_PrivateKey(in.get(), nullptr, NotePasswordWish, &wants_password) : nullptr);
  if (wants_password) {
    ERR_clear_error();
    return " holds an encrypted key, for which there is no password here: store it unencrypted, readable for "
           "the gateway's user alone";
  }
  if (!key) return " holds no private key in PEM form: " + LastReason();
  if (X509_check_private_key(certificate, key.get()) != 1) {
    ERR_clear_error();
    return " holds a key that does not fit the certificate";
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return " holds a key that cannot be used: " + LastReason();
  return std::nullopt;
}

std::optional<std::string> UseClientCa(SSL_CTX* context, const Secret& text) {
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  return ForEachCertificate(text, [store](X509* certificate, bool) -> std::optional<std::string> {
    if (X509_STORE_add_cert(store, certificate) == 1) return std::nullopt;
    return " holds a certificate that cannot be used: " + LastReason();
  });
}

}  // namespace

std::optional<TlsProblem> CheckTlsMaterial(const Secret& certificate, const Secret& key,
                                           const Secret* client_ca) {
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_server_method()));
  if (!context) return TlsProblem{TlsPart::kCertificate, " cannot be checked: " + LastReason()};
  if (auto problem = UseCertificates(context.get(), certificate)) {
    return TlsProblem{TlsPart::kCertificate, std::move(*problem)};
  }
  if (auto problem = UseKey(context.get(), key, SSL_CTX_get0_certificate(context.get()))) {
    return TlsProblem{TlsPart::kKey, std::move(*problem)};
  }
  if (client_ca == nullptr) return std::nullopt;
  if (auto problem = UseClientCa(context.get(), *client_ca)) {
    return TlsProblem{TlsPart::kClientCa, std::move(*problem)};
  }
  return std::nullopt;
}

}  // namespace session_gateway
