#include "tests/pki/openssl_values.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <stdexcept>

namespace session_gateway::pki {

void ThrowOpensslError(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  throw std::runtime_error("cannot make " + what + ": " + text.data());
}

std::string TakeText(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string ToPem(X509* certificate) {
  const BioPtr bio(Made(BIO_new(BIO_s_mem()), "a buffer"));
  Check(PEM_write_bio_X509(bio.get(), certificate), "a certificate's text");
  return TakeText(bio.get());
}

std::string ToPem(EVP_PKEY* key, const std::string* password) {
  const BioPtr bio(Made(BIO_new(BIO_s_mem()), "a buffer"));
  const int size = password == nullptr ? 0 : static_cast<int>(password->size());
  Check(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, password == nullptr ? nullptr : EVP_aes_256_cbc(),
                                      password == nullptr ? nullptr : password->c_str(), size, nullptr,
                                      nullptr),
        "a key's text");
  return TakeText(bio.get());
}

KeyPtr ReadKey(const std::string& pem) {
  const BioPtr bio(Made(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), "a buffer"));
  return KeyPtr(Made(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), "a key of its text"));
}

std::vector<CertificatePtr> ReadCertificates(const std::string& pem) {
  const BioPtr bio(Made(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), "a buffer"));
  std::vector<CertificatePtr> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  ERR_clear_error();  // the one that says that the text is over
  return certificates;
}

std::string SubjectOf(X509* certificate) {
  const BioPtr bio(Made(BIO_new(BIO_s_mem()), "a buffer"));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
  return TakeText(bio.get());
}

std::string SerialOf(X509* certificate) {
  BIGNUM* number = Made(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr), "a serial");
  char* raw = BN_bn2hex(number);
  std::string text = Made(raw, "a serial's text");
  OPENSSL_free(raw);
  BN_free(number);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace session_gateway::pki
