// OpenSSL's objects as owned values, their PEM texts, and its errors in words.
//
// Thread rule: free functions; OpenSSL keeps its errors by thread. Never here: what a certificate says.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace session_gateway::pki {

struct OpensslFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree>;
using CertificatePtr = std::unique_ptr<X509, OpensslFree>;
using BioPtr = std::unique_ptr<BIO, OpensslFree>;

[[noreturn]] void ThrowOpensslError(const std::string& what);

inline void Check(int done, const std::string& what) {
  if (done <= 0) ThrowOpensslError(what);
}
template <typename T>
T* Made(T* made, const std::string& what) {
  if (made == nullptr) ThrowOpensslError(what);
  return made;
}

std::string ToPem(X509* certificate);
// PKCS#8, encrypted where there is a password.
std::string ToPem(EVP_PKEY* key, const std::string* password);
KeyPtr ReadKey(const std::string& pem);
std::vector<CertificatePtr> ReadCertificates(const std::string& pem);
std::string SubjectOf(X509* certificate);
std::string SerialOf(X509* certificate);  // as Certificate has it
std::string TakeText(BIO* bio);

}  // namespace session_gateway::pki
