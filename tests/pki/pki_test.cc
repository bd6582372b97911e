// The certificates that tests use are what they are said to be, by OpenSSL's own verification.

#include "tests/pki/pki.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <iterator>

#include "tests/pki/openssl_values.h"
#include "tests/pki/temporary_directory.h"

namespace session_gateway::pki {
namespace {

using std::chrono::hours;
using testing::HasSubstr;
using testing::StartsWith;

struct Wanted {
  int purpose = X509_PURPOSE_SSL_SERVER;
  const char* host = nullptr;
  const char* address = nullptr;
};

// X509_V_OK, or why not.
int Verify(const Certificate& certificate, const std::string& root_pem, const Wanted& wanted) {
  const std::vector<CertificatePtr> own = ReadCertificates(certificate.certificate_pem);
  const std::vector<CertificatePtr> chain = ReadCertificates(certificate.chain_pem);
  const std::vector<CertificatePtr> roots = ReadCertificates(root_pem);
  STACK_OF(X509)* untrusted = sk_X509_new_null();
  for (const CertificatePtr& one : chain) sk_X509_push(untrusted, one.get());
  X509_STORE* store = X509_STORE_new();
  for (const CertificatePtr& root : roots) X509_STORE_add_cert(store, root.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, own.at(0).get(), untrusted);
  X509_STORE_CTX_set_purpose(context, wanted.purpose);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context);
  if (wanted.host != nullptr) X509_VERIFY_PARAM_set1_host(param, wanted.host, 0);
  if (wanted.address != nullptr) X509_VERIFY_PARAM_set1_ip_asc(param, wanted.address);
  X509_verify_cert(context);
  const int result = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  sk_X509_free(untrusted);
  ERR_clear_error();
  return result;
}

int Verify(const Certificate& certificate) { return Verify(certificate, certificate.root_pem, {}); }

TEST(PkiTest, AGoodServerCertificateIsGood) {
  const CertificateAuthority authority;
  const Certificate server = authority.Issue(LoopbackServer());
  EXPECT_EQ(Verify(server), X509_V_OK);
  EXPECT_EQ(Verify(server, authority.root_pem(), {.host = "localhost"}), X509_V_OK);
  EXPECT_EQ(Verify(server, authority.root_pem(), {.address = "127.0.0.1"}), X509_V_OK);
  EXPECT_EQ(Verify(server, authority.root_pem(), {.address = "::1"}), X509_V_OK);
  EXPECT_EQ(Verify(server, authority.root_pem(), {.host = "other"}), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(Verify(server, authority.root_pem(), {.address = "127.0.0.2"}), X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST(PkiTest, WrongOnesAreWrongInOneWayEach) {
  const CertificateAuthority authority;
  const CertificateAuthority other;
  CertificateOptions options = LoopbackServer();
  options.not_before = hours(-2);
  options.not_after = hours(-1);
  EXPECT_EQ(Verify(authority.Issue(options)), X509_V_ERR_CERT_HAS_EXPIRED);
  options.not_before = hours(1);
  options.not_after = hours(2);
  EXPECT_EQ(Verify(authority.Issue(options)), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(Verify(authority.Issue(LoopbackServer()), other.root_pem(), {}),
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  for (const Purpose purpose : {Purpose::kClient, Purpose::kOther}) {
    CertificateOptions wrong = LoopbackServer();
    wrong.purpose = purpose;
    EXPECT_EQ(Verify(authority.Issue(wrong)), X509_V_ERR_INVALID_PURPOSE);
  }
  CertificateOptions unstated = LoopbackServer();
  unstated.purpose = Purpose::kUnstated;
  EXPECT_EQ(Verify(authority.Issue(unstated)), X509_V_OK);
}

TEST(PkiTest, ClientCertificatesAreForClients) {
  const CertificateAuthority authority;
  const Wanted client{.purpose = X509_PURPOSE_SSL_CLIENT};
  EXPECT_EQ(Verify(authority.Issue(Client("gateway")), authority.root_pem(), client), X509_V_OK);
  EXPECT_EQ(Verify(authority.Issue(LoopbackServer()), authority.root_pem(), client),
            X509_V_ERR_INVALID_PURPOSE);
}

TEST(PkiTest, SubordinatesNeedTheirChain) {
  const CertificateAuthority root;
  const CertificateAuthority middle = root.Subordinate({.common_name = "Middle"});
  Certificate server = middle.Issue(LoopbackServer());
  EXPECT_EQ(server.root_pem, root.certificate_pem());
  EXPECT_EQ(server.chain_pem, middle.certificate_pem());
  EXPECT_EQ(Verify(server), X509_V_OK);
  server.chain_pem.clear();
  EXPECT_EQ(Verify(server), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST(PkiTest, AnExpiredAuthorityIsExpired) {
  const CertificateAuthority authority({.not_before = hours(-3), .not_after = hours(-1)});
  EXPECT_EQ(Verify(authority.Issue(LoopbackServer())), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(PkiTest, SerialsAreAsAskedAndElseDiffer) {
  const CertificateAuthority authority;
  CertificateOptions options = LoopbackServer();
  options.serial = 0xAB01;
  EXPECT_EQ(authority.Issue(options).serial, "ab01");
  EXPECT_NE(authority.Issue(LoopbackServer()).serial, authority.Issue(LoopbackServer()).serial);
}

TEST(PkiTest, RsaIsMadeOnDemand) {
  CertificateOptions options = LoopbackServer();
  options.key = KeyType::kRsa2048;
  const Certificate server = CertificateAuthority().Issue(options);
  EXPECT_EQ(Verify(server), X509_V_OK);
  EXPECT_EQ(EVP_PKEY_get_base_id(ReadKey(server.key_pem).get()), EVP_PKEY_RSA);
}

int ReadWith(const std::string& pem, const std::string& password) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::string given = password;
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, given.data()));
  ERR_clear_error();
  return key == nullptr ? 0 : 1;
}

TEST(PkiTest, AnEncryptedKeyNeedsItsPassword) {
  const Certificate client = CertificateAuthority().Issue(Client("gateway"));
  const std::string encrypted = EncryptKey(client.key_pem, "s3cret");
  EXPECT_THAT(encrypted, StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  EXPECT_EQ(ReadWith(encrypted, "s3cret"), 1);
  EXPECT_EQ(ReadWith(encrypted, "other"), 0);
}

// What opens the blob: certificates in it, or -1. With the legacy provider only where it is asked for.
int CertificatesIn(const std::string& bytes, const std::string& password, bool with_legacy) {
  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  OSSL_PROVIDER* base = OSSL_PROVIDER_load(context, "default");
  OSSL_PROVIDER* legacy = with_legacy ? OSSL_PROVIDER_load(context, "legacy") : nullptr;
  int found = -1;
  {
    const BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    PKCS12* blob = PKCS12_init_ex(NID_pkcs7_data, context, nullptr);
    d2i_PKCS12_bio(bio.get(), &blob);
    EVP_PKEY* key = nullptr;
    X509* own = nullptr;
    STACK_OF(X509)* others = nullptr;
    if (PKCS12_parse(blob, password.c_str(), &key, &own, &others) == 1) {
      found = (own == nullptr ? 0 : 1) + (others == nullptr ? 0 : sk_X509_num(others));
    }
    EVP_PKEY_free(key);
    X509_free(own);
    sk_X509_pop_free(others, X509_free);
    PKCS12_free(blob);
  }
  if (legacy != nullptr) OSSL_PROVIDER_unload(legacy);
  OSSL_PROVIDER_unload(base);
  OSSL_LIB_CTX_free(context);
  ERR_clear_error();
  return found;
}

TEST(PkiTest, Pkcs12BlobsOpenWithTheirPassword) {
  const CertificateAuthority root;
  const Certificate client = root.Subordinate({.common_name = "Middle"}).Issue(Client("gateway"));
  for (const Pkcs12Kind kind : {Pkcs12Kind::kModern, Pkcs12Kind::kTripleDes}) {
    const std::string blob = MakePkcs12(client, "pass", kind);
    EXPECT_EQ(CertificatesIn(blob, "pass", false), 3);
    EXPECT_EQ(CertificatesIn(blob, "other", false), -1);
  }
  EXPECT_EQ(CertificatesIn(MakePkcs12(client, "", Pkcs12Kind::kModern), "", false), 3);
}

TEST(PkiTest, LegacyBlobsNeedTheLegacyProvider) {
  const Certificate client = CertificateAuthority().Issue(Client("gateway"));
  const std::string blob = MakePkcs12(client, "pass", Pkcs12Kind::kLegacy);
  if (!HasLegacyProvider()) {
    EXPECT_EQ(CertificatesIn(blob, "pass", false), 2);
    return;
  }
  EXPECT_EQ(CertificatesIn(blob, "pass", false), -1);
  EXPECT_EQ(CertificatesIn(blob, "pass", true), 2);
}

TEST(PkiTest, WhatCannotBeMadeIsSaid) {
  CertificateOptions options = LoopbackServer();
  options.ip_addresses = {"no address"};
  try {
    CertificateAuthority().Issue(options);
    FAIL() << "it was made";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("IP:no address"));
  }
}

TEST(PkiTest, TheDirectoryGoesWithItsObject) {
  std::filesystem::path path;
  const Certificate server = CertificateAuthority().Issue(LoopbackServer());
  {
    const TemporaryDirectory directory;
    path = directory.path();
    const CertificateFiles files = WriteCertificate(directory, "server", server);
    directory.Write("server.pem", "replaced");
    std::ifstream in(files.certificate);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "replaced");
    std::ifstream root(files.root);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(root), {}), server.root_pem);
    const auto rights = std::filesystem::status(files.key).permissions();
    EXPECT_EQ(rights, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace session_gateway::pki
