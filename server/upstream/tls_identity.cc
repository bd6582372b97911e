#include "server/upstream/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

namespace session_gateway {
namespace {

struct Pkcs12Free {
  void operator()(PKCS12* file) const { PKCS12_free(file); }
};

struct StackFree {
  void operator()(STACK_OF(X509) * certificates) const { sk_X509_pop_free(certificates, X509_free); }
};

// Never asks at a terminal.
int GivePassword(char* buffer, int size, int, void* given) {
  const auto& password = static_cast<const Secret*>(given)->Reveal();
  if (password.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, password.data(), password.size());
  return static_cast<int>(password.size());
}

std::string TimeText(const ASN1_TIME* time) {
  const Owned<BIO> text(BIO_new(BIO_s_mem()));
  if (text == nullptr || ASN1_TIME_print(text.get(), time) != 1) return "an unreadable time";
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

std::optional<std::string> Mismatch(const std::string& setting, X509* certificate, EVP_PKEY* key) {
  if (X509_check_private_key(certificate, key) == 1) return std::nullopt;
  ERR_clear_error();
  return "the key does not belong to the certificate of " + setting;
}

// A PKCS#12 file lists its certificates in any order; those that lead from `certificate` towards the root
// are the chain. The root itself is left out, for the peer has it.
std::vector<Owned<X509>> ChainFrom(X509* certificate, const STACK_OF(X509) * others) {
  std::vector<Owned<X509>> chain;
  X509* below = certificate;
  while (chain.size() < static_cast<std::size_t>(std::max(sk_X509_num(others), 0))) {
    X509* issuer = nullptr;
    for (int i = 0; i < sk_X509_num(others); ++i) {
      X509* const other = sk_X509_value(others, i);
      if (X509_check_issued(other, below) == X509_V_OK && X509_self_signed(other, 0) == 0) issuer = other;
    }
    if (issuer == nullptr) break;
    X509_up_ref(issuer);
    chain.emplace_back(issuer);
    below = issuer;
  }
  ERR_clear_error();
  return chain;
}

// The same key and certificates as objects of the default library context: those of another one end with it.
bool MoveToDefault(TlsIdentity& identity) {
  const auto copy = [](Owned<X509>& certificate) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate.get(), &bytes);
    if (size <= 0) return false;
    const unsigned char* at = bytes;
    certificate.reset(d2i_X509(nullptr, &at, size));
    OPENSSL_free(bytes);
    return certificate != nullptr;
  };
  unsigned char* bytes = nullptr;
  const int size = i2d_PrivateKey(identity.key.get(), &bytes);
  if (size <= 0) return false;
  const unsigned char* at = bytes;
  identity.key.reset(d2i_AutoPrivateKey(nullptr, &at, size));
  OPENSSL_clear_free(bytes, static_cast<std::size_t>(size));
  return identity.key != nullptr && copy(identity.certificate) &&
         std::all_of(identity.chain.begin(), identity.chain.end(), copy);
}

enum class Pkcs12Problem { kNone, kNotPkcs12, kPassword, kUnsupported, kNoKey, kNoCertificate, kOther };

Pkcs12Problem Parse(const Secret& bytes, const Secret& password, OSSL_LIB_CTX* library,
                    TlsIdentity& identity) {
  const Owned<BIO> input = ReadFrom(bytes.Reveal());
  PKCS12* made = PKCS12_init_ex(NID_pkcs7_data, library, nullptr);
  // On failure it is freed, unless there was none.
  if (input == nullptr || made == nullptr || d2i_PKCS12_bio(input.get(), &made) == nullptr) {
    PKCS12_free(made);
    ERR_clear_error();
    return Pkcs12Problem::kNotPkcs12;
  }
  const std::unique_ptr<PKCS12, Pkcs12Free> file(made);
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  ERR_clear_error();
  const int parsed = PKCS12_parse(file.get(), password.Reveal().c_str(), &key, &certificate, &others);
  identity.key.reset(key);
  identity.certificate.reset(certificate);
  const std::unique_ptr<STACK_OF(X509), StackFree> rest(others);
  const OpensslErrors errors = TakeOpensslErrors();
  if (parsed != 1) {
    if (errors.unsupported) return Pkcs12Problem::kUnsupported;
    return errors.bad_password ? Pkcs12Problem::kPassword : Pkcs12Problem::kOther;
  }
  if (key == nullptr) return Pkcs12Problem::kNoKey;
  if (certificate == nullptr) return Pkcs12Problem::kNoCertificate;
  if (others != nullptr && sk_X509_num(others) > static_cast<int>(kCertificatesMax)) {
    return Pkcs12Problem::kOther;
  }
  identity.chain = ChainFrom(certificate, others);
  return Pkcs12Problem::kNone;
}

// Old exports are encrypted with RC2, which only the legacy provider has. It is loaded into a library context
// of its own, so that nothing else in the process can use what it brings.
std::variant<Pkcs12Problem, std::string> ParseOld(const Secret& file, const Secret& password,
                                                  TlsIdentity& identity) {
  const Owned<OSSL_LIB_CTX> library(OSSL_LIB_CTX_new());
  const Owned<OSSL_PROVIDER> usual(OSSL_PROVIDER_load(library.get(), "default"));
  const Owned<OSSL_PROVIDER> legacy(OSSL_PROVIDER_load(library.get(), "legacy"));
  ERR_clear_error();
  if (usual == nullptr || legacy == nullptr) {
    return "pfx_file is encrypted in an old way (RC2 or the like) that needs OpenSSL's legacy provider "
           "(legacy.so), which is not installed; install it or export the file anew with AES";
  }
  TlsIdentity read;
  const Pkcs12Problem problem = Parse(file, password, library.get(), read);
  if (problem != Pkcs12Problem::kNone) return problem;
  if (!MoveToDefault(read)) {
    return "pfx_file: what it holds cannot be used: " + TakeOpensslErrors().Words();
  }
  identity = std::move(read);
  return problem;
}

std::string Describe(Pkcs12Problem problem, bool password_given) {
  switch (problem) {
    case Pkcs12Problem::kNone:
      break;
    case Pkcs12Problem::kNotPkcs12:
      return "pfx_file is not in PKCS#12 form";
    case Pkcs12Problem::kPassword:
      return password_given ? "the password of pfx_file is wrong" : "pfx_file needs a password";
    case Pkcs12Problem::kUnsupported:
      return "pfx_file is encrypted in a way that OpenSSL does not know";
    case Pkcs12Problem::kNoKey:
      return "pfx_file holds no private key; it must be exported with it";
    case Pkcs12Problem::kNoCertificate:
      return "pfx_file holds no certificate that belongs to its key";
    case Pkcs12Problem::kOther:
      break;
  }
  return "pfx_file cannot be read";
}

}  // namespace

std::optional<std::string> OutOfDate(const X509* certificate) {
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0) {
    return "our own certificate has expired: it was valid until " + TimeText(X509_get0_notAfter(certificate));
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
    return "our own certificate is not yet valid: it begins " + TimeText(X509_get0_notBefore(certificate));
  }
  return std::nullopt;
}

std::variant<std::vector<Owned<X509>>, std::string> ReadCertificates(const std::string& setting,
                                                                     const Secret& text) {
  std::vector<Owned<X509>> certificates;
  const Owned<BIO> input = ReadFrom(text.Reveal());
  ERR_clear_error();
  while (certificates.size() <= kCertificatesMax) {
    X509* certificate = PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr);
    if (certificate == nullptr) break;
    certificates.emplace_back(certificate);
  }
  if (certificates.size() > kCertificatesMax) return setting + " holds too many certificates";
  const unsigned long error = ERR_peek_last_error();
  const OpensslErrors errors = TakeOpensslErrors();
  // That nothing more begins is how a good text ends.
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return setting + " holds a broken certificate: " + errors.Words();
  }
  if (certificates.empty()) return setting + " holds no certificate in PEM form";
  return certificates;
}

TlsIdentityResult ReadPemIdentity(const Secret& certificates, const Secret& key, const Secret& password) {
  auto read = ReadCertificates("cert_file", certificates);
  if (auto* problem = std::get_if<std::string>(&read)) return std::move(*problem);
  auto& chain = std::get<std::vector<Owned<X509>>>(read);

  const Owned<BIO> input = ReadFrom(key.Reveal());
  Secret given = password;
  ERR_clear_error();
  TlsIdentity identity;
  identity.key.reset(PEM_read_bio_PrivateKey(input.get(), nullptr, GivePassword, &given));
  if (identity.key == nullptr) {
    const OpensslErrors errors = TakeOpensslErrors();
    if (key.Reveal().find("PRIVATE KEY-----") == std::string::npos) {
      return "key_file holds no private key in PEM form";
    }
    const bool is_encrypted = key.Reveal().find("ENCRYPTED") != std::string::npos;
    if (is_encrypted && password.empty()) return "key_file needs a password";
    if (is_encrypted && errors.bad_password) return "the password of key_file is wrong";
    return "key_file holds a private key that cannot be read: " + errors.Words();
  }
  identity.certificate = std::move(chain.front());
  chain.erase(chain.begin());
  identity.chain = std::move(chain);
  if (auto why = Mismatch("cert_file", identity.certificate.get(), identity.key.get())) return *why;
  return identity;
}

TlsIdentityResult ReadPkcs12Identity(const Secret& file, const Secret& password) {
  TlsIdentity identity;
  Pkcs12Problem problem = Parse(file, password, nullptr, identity);
  if (problem == Pkcs12Problem::kUnsupported) {
    identity = {};
    auto old = ParseOld(file, password, identity);
    if (auto* text = std::get_if<std::string>(&old)) return std::move(*text);
    problem = std::get<Pkcs12Problem>(old);
  }
  if (problem != Pkcs12Problem::kNone) return Describe(problem, !password.empty());
  if (auto why = Mismatch("pfx_file", identity.certificate.get(), identity.key.get())) return *why;
  return identity;
}

}  // namespace session_gateway
