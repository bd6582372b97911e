#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "tests/pki/openssl_values.h"
#include "tests/pki/pki.h"

namespace session_gateway::pki {
namespace {

constexpr int kIterations = 2048;

// A context of its own, so that the process's other code does not find the legacy algorithms by accident.
class LegacyContext {
 public:
  LegacyContext()
      : context_(OSSL_LIB_CTX_new()),
        default_(OSSL_PROVIDER_load(context_, "default")),
        legacy_(OSSL_PROVIDER_load(context_, "legacy")) {
    ERR_clear_error();
  }
  ~LegacyContext() {
    if (legacy_ != nullptr) OSSL_PROVIDER_unload(legacy_);
    if (default_ != nullptr) OSSL_PROVIDER_unload(default_);
    OSSL_LIB_CTX_free(context_);
  }
  LegacyContext(const LegacyContext&) = delete;
  LegacyContext& operator=(const LegacyContext&) = delete;

  OSSL_LIB_CTX* context() const { return context_; }
  bool has_legacy() const { return default_ != nullptr && legacy_ != nullptr; }

 private:
  OSSL_LIB_CTX* const context_;
  OSSL_PROVIDER* const default_;
  OSSL_PROVIDER* const legacy_;
};

struct StackFree {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
  void operator()(PKCS12* blob) const { PKCS12_free(blob); }
};

struct Algorithms {
  int key;
  int certificates;
  const EVP_MD* mac;
};

Algorithms AlgorithmsOf(Pkcs12Kind kind, bool has_legacy) {
  switch (kind) {
    case Pkcs12Kind::kModern:
      return {NID_aes_256_cbc, NID_aes_256_cbc, EVP_sha256()};
    case Pkcs12Kind::kTripleDes:
      break;
    case Pkcs12Kind::kLegacy:
      if (has_legacy)
        return {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And40BitRC2_CBC, EVP_sha1()};
      break;
  }
  return {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, EVP_sha1()};
}

}  // namespace

bool HasLegacyProvider() { return LegacyContext().has_legacy(); }

std::string EncryptKey(const std::string& key_pem, const std::string& password) {
  return ToPem(ReadKey(key_pem).get(), &password);
}

std::string MakePkcs12(const Certificate& certificate, const std::string& password, Pkcs12Kind kind) {
  const LegacyContext legacy;
  const Algorithms algorithms = AlgorithmsOf(kind, legacy.has_legacy());
  const KeyPtr key = ReadKey(certificate.key_pem);
  const std::vector<CertificatePtr> own = ReadCertificates(certificate.certificate_pem);
  const std::vector<CertificatePtr> above = ReadCertificates(certificate.chain_pem + certificate.root_pem);
  if (own.empty()) ThrowOpensslError("a PKCS#12 blob without a certificate");
  const std::unique_ptr<STACK_OF(X509), StackFree> stack(Made(sk_X509_new_null(), "a list"));
  for (const CertificatePtr& one : above) Check(sk_X509_push(stack.get(), one.get()), "a list");
  // The MAC is made apart, for its digest cannot be told here.
  const std::unique_ptr<PKCS12, StackFree> blob(
      Made(PKCS12_create_ex(password.c_str(), "session-gateway test", key.get(), own.front().get(),
                            stack.get(), algorithms.key, algorithms.certificates, kIterations, -1, 0,
                            legacy.context(), nullptr),
           "a PKCS#12 blob"));
  Check(PKCS12_set_mac(blob.get(), password.c_str(), static_cast<int>(password.size()), nullptr, 0,
                       kIterations, algorithms.mac),
        "a PKCS#12 blob's MAC");
  const BioPtr bio(Made(BIO_new(BIO_s_mem()), "a buffer"));
  Check(i2d_PKCS12_bio(bio.get(), blob.get()), "a PKCS#12 blob's bytes");
  return TakeText(bio.get());
}

}  // namespace session_gateway::pki
