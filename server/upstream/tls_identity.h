// Our own certificate with its key and chain, read from PEM texts or from PKCS#12, old forms of it included.
//
// What is wrong is said by the name of the setting that holds it. Thread rule: pure functions. Never here:
// files, the peer's certificates, a secret in an error.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/secret.h"
#include "server/upstream/tls_openssl.h"

namespace session_gateway {

// PEM texts and PKCS#12 files may hold this many certificates.
inline constexpr std::size_t kCertificatesMax = 1024;

struct TlsIdentity {
  Owned<X509> certificate;
  Owned<EVP_PKEY> key;
  std::vector<Owned<X509>> chain;  // towards the root, nearest first
};

// `password` is empty where there is none. The certificate fits the key.
using TlsIdentityResult = std::variant<TlsIdentity, std::string>;
TlsIdentityResult ReadPemIdentity(const Secret& certificates, const Secret& key, const Secret& password);
TlsIdentityResult ReadPkcs12Identity(const Secret& file, const Secret& password);

// Why the certificate cannot be used at present: it is before or after its dates.
std::optional<std::string> OutOfDate(const X509* certificate);

// All certificates of a PEM text in their order. `setting` begins the sentence that says what is wrong.
std::variant<std::vector<Owned<X509>>, std::string> ReadCertificates(const std::string& setting,
                                                                     const Secret& text);

}  // namespace session_gateway
