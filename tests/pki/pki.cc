#include "tests/pki/pki.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <utility>

#include "tests/pki/openssl_values.h"

namespace session_gateway::pki {
namespace {

constexpr unsigned kRsaBits = 2048;

KeyPtr MakeKey(KeyType type) {
  EVP_PKEY* key = type == KeyType::kRsa2048 ? EVP_RSA_gen(kRsaBits) : EVP_EC_gen("P-256");
  return KeyPtr(Made(key, "a key"));
}

// A positive number of at most 63 bits, so that no sign byte is needed.
std::uint64_t RandomSerial() {
  std::uint64_t serial = 0;
  Check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)), "random bytes");
  return (serial >> 1) | 1;
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = Made(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), value);
  const int added = X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  Check(added, value);
}

std::string NamesOf(const CertificateOptions& options) {
  std::string names;
  const auto add = [&names](const char* kind, const std::string& name) {
    names += (names.empty() ? "" : ",") + std::string(kind) + name;
  };
  for (const std::string& name : options.dns_names) add("DNS:", name);
  for (const std::string& address : options.ip_addresses) add("IP:", address);
  for (const std::string& uri : options.uris) add("URI:", uri);
  return names;
}

const char* ExtendedUsage(Purpose purpose) {
  switch (purpose) {
    case Purpose::kServer:
      return "serverAuth";
    case Purpose::kClient:
      return "clientAuth";
    case Purpose::kServerAndClient:
      return "serverAuth,clientAuth";
    case Purpose::kOther:
      return "codeSigning";
    case Purpose::kUnstated:
      return nullptr;
  }
  return nullptr;
}

// Everything but issuer, extensions and signature.
CertificatePtr Begin(const std::string& common_name, std::chrono::seconds not_before,
                     std::chrono::seconds not_after, std::uint64_t serial, EVP_PKEY* key) {
  CertificatePtr certificate(Made(X509_new(), "a certificate"));
  X509* raw = certificate.get();
  Check(X509_set_version(raw, X509_VERSION_3), "the version");
  Check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw), serial), "the serial");
  Made(X509_gmtime_adj(X509_getm_notBefore(raw), not_before.count()), "the first date");
  Made(X509_gmtime_adj(X509_getm_notAfter(raw), not_after.count()), "the last date");
  Check(X509_set_pubkey(raw, key), "the public key");
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
  Check(X509_NAME_add_entry_by_NID(X509_get_subject_name(raw), NID_commonName, MBSTRING_UTF8, text,
                                   static_cast<int>(common_name.size()), -1, 0),
        "the subject");
  return certificate;
}

void Sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  Check(X509_sign(certificate, issuer_key, EVP_sha256()), "a signature of " + SubjectOf(issuer));
}

}  // namespace

struct CertificateAuthority::State {
  KeyPtr key;
  CertificatePtr certificate;
  std::string certificate_pem;
  std::string chain_pem;  // what its certificates need between themselves and the root
  std::string root_pem;

  // `issuer` is null for a root.
  static std::shared_ptr<State> Make(const AuthorityOptions& options, const State* issuer) {
    auto state = std::make_shared<State>();
    state->key = MakeKey(options.key);
    state->certificate =
        Begin(options.common_name, options.not_before, options.not_after, RandomSerial(), state->key.get());
    X509* raw = state->certificate.get();
    X509* issuer_raw = issuer == nullptr ? raw : issuer->certificate.get();
    Check(X509_set_issuer_name(raw, X509_get_subject_name(issuer_raw)), "the issuer");
    AddExtension(raw, issuer_raw, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(raw, issuer_raw, NID_key_usage, "critical,keyCertSign,cRLSign");
    AddExtension(raw, issuer_raw, NID_subject_key_identifier, "hash");
    AddExtension(raw, issuer_raw, NID_authority_key_identifier, "keyid");
    Sign(raw, issuer_raw, issuer == nullptr ? state->key.get() : issuer->key.get());
    state->certificate_pem = ToPem(raw);
    state->root_pem = issuer == nullptr ? state->certificate_pem : issuer->root_pem;
    if (issuer != nullptr) state->chain_pem = state->certificate_pem + issuer->chain_pem;
    return state;
  }
};

CertificateAuthority::CertificateAuthority(const AuthorityOptions& options)
    : state_(State::Make(options, nullptr)) {}

CertificateAuthority CertificateAuthority::Subordinate(const AuthorityOptions& options) const {
  return CertificateAuthority(State::Make(options, state_.get()));
}

Certificate CertificateAuthority::Issue(const CertificateOptions& options) const {
  const KeyPtr key = MakeKey(options.key);
  const CertificatePtr certificate = Begin(options.common_name, options.not_before, options.not_after,
                                           options.serial == 0 ? RandomSerial() : options.serial, key.get());
  X509* raw = certificate.get();
  X509* issuer = state_->certificate.get();
  Check(X509_set_issuer_name(raw, X509_get_subject_name(issuer)), "the issuer");
  AddExtension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(raw, issuer, NID_key_usage,
               options.key == KeyType::kRsa2048 ? "critical,digitalSignature,keyEncipherment"
                                                : "critical,digitalSignature");
  AddExtension(raw, issuer, NID_subject_key_identifier, "hash");
  AddExtension(raw, issuer, NID_authority_key_identifier, "keyid");
  if (const char* usage = ExtendedUsage(options.purpose)) {
    AddExtension(raw, issuer, NID_ext_key_usage, usage);
  }
  if (const std::string names = NamesOf(options); !names.empty()) {
    AddExtension(raw, issuer, NID_subject_alt_name, names);
  }
  Sign(raw, issuer, state_->key.get());
  return {.certificate_pem = ToPem(raw),
          .key_pem = ToPem(key.get(), nullptr),
          .chain_pem = state_->chain_pem,
          .root_pem = state_->root_pem,
          .serial = SerialOf(raw)};
}

const std::string& CertificateAuthority::certificate_pem() const { return state_->certificate_pem; }
const std::string& CertificateAuthority::root_pem() const { return state_->root_pem; }

CertificateOptions LoopbackServer() {
  return {.dns_names = {"localhost"}, .ip_addresses = {"127.0.0.1", "::1"}};
}

CertificateOptions Client(const std::string& common_name) {
  return {.common_name = common_name, .purpose = Purpose::kClient};
}

}  // namespace session_gateway::pki
