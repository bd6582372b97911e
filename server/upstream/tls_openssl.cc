#include "server/upstream/tls_openssl.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/proverr.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

namespace session_gateway {
namespace {

bool MeansBadPassword(unsigned long error) {
  const int reason = ERR_GET_REASON(error);
  switch (ERR_GET_LIB(error)) {
    case ERR_LIB_PKCS12:
      return reason == PKCS12_R_MAC_VERIFY_FAILURE || reason == PKCS12_R_PKCS12_CIPHERFINAL_ERROR;
    case ERR_LIB_PEM:
      return reason == PEM_R_BAD_PASSWORD_READ || reason == PEM_R_BAD_DECRYPT;
    case ERR_LIB_EVP:
      return reason == EVP_R_BAD_DECRYPT;
    case ERR_LIB_PROV:
      return reason == PROV_R_BAD_DECRYPT;
    default:
      return false;
  }
}

}  // namespace

void OpensslFree::operator()(BIO* bio) const { BIO_free(bio); }
void OpensslFree::operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
void OpensslFree::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
void OpensslFree::operator()(OSSL_LIB_CTX* library) const { OSSL_LIB_CTX_free(library); }
void OpensslFree::operator()(OSSL_PROVIDER* provider) const { OSSL_PROVIDER_unload(provider); }
void OpensslFree::operator()(SSL* ssl) const { SSL_free(ssl); }
void OpensslFree::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void OpensslFree::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
void OpensslFree::operator()(X509* certificate) const { X509_free(certificate); }

std::string OpensslErrors::Words() const {
  const char* reason = ERR_reason_error_string(last);
  return reason == nullptr ? "no reason is given" : reason;
}

OpensslErrors TakeOpensslErrors() {
  OpensslErrors errors;
  for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
    if (errors.first == 0) errors.first = error;
    errors.last = error;
    const int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
        reason < SSL_AD_REASON_OFFSET + 256) {
      errors.alert = reason - SSL_AD_REASON_OFFSET;
    }
    if (reason == ERR_R_UNSUPPORTED ||
        (ERR_GET_LIB(error) == ERR_LIB_EVP &&
         (reason == EVP_R_UNSUPPORTED_ALGORITHM || reason == EVP_R_UNKNOWN_PBE_ALGORITHM))) {
      errors.unsupported = true;
    }
    if (MeansBadPassword(error)) errors.bad_password = true;
  }
  return errors;
}

Owned<BIO> ReadFrom(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace session_gateway
