// What a listener takes for its certificate, key and client CA, and how it names what it does not take.
#include "server/rpc/listener_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pki/pki.h"

namespace session_gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;
using testing::StartsWith;

class ListenerTlsContents : public testing::Test {
 protected:
  std::optional<std::string> Replace(const std::string& certificate, const std::string& key,
                                     const std::string& client_ca) {
    ListenerTls tls({.certificate = "/c.pem", .key = "/k.pem", .client_ca = "/ca.pem"});
    return tls.Replace({Secret(certificate), Secret(key), Secret(client_ca)});
  }

  const pki::CertificateAuthority authority_;
  const pki::Certificate good_ = authority_.Issue(pki::LoopbackServer());
  const pki::Certificate other_ = authority_.Issue(pki::LoopbackServer());
  const std::string root_ = authority_.root_pem();
};

TEST_F(ListenerTlsContents, GoodOnesAreTaken) {
  EXPECT_EQ(Replace(good_.FullChainPem(), good_.key_pem, root_), std::nullopt);
  EXPECT_EQ(Replace("a comment\n" + good_.certificate_pem, "another\n" + good_.key_pem, root_ + root_),
            std::nullopt);
  ListenerTls tls({.certificate = "/c.pem", .key = "/k.pem", .client_ca = ""});
  EXPECT_EQ(tls.Replace({Secret(good_.certificate_pem), Secret(good_.key_pem), Secret()}), std::nullopt);
  EXPECT_THAT(tls.Paths(), testing::ElementsAre("/c.pem", "/k.pem", ""));
}

TEST_F(ListenerTlsContents, ABrokenCertificateIsNamed) {
  for (const std::string& text : {std::string(), std::string("no PEM at all"), good_.key_pem}) {
    EXPECT_THAT(Replace(text, good_.key_pem, root_),
                Optional(std::string("/c.pem holds no certificate in PEM form")));
  }
  std::string cut = good_.certificate_pem;
  cut.resize(cut.size() / 2);
  EXPECT_THAT(Replace(cut, good_.key_pem, root_),
              Optional(StartsWith("/c.pem holds a certificate that cannot be read")));
  EXPECT_THAT(Replace(good_.certificate_pem + cut, good_.key_pem, root_),
              Optional(StartsWith("/c.pem holds a certificate that cannot be read")));
}

TEST_F(ListenerTlsContents, ABrokenKeyIsNamedAndNotShown) {
  for (const std::string& text : {std::string(), std::string("no PEM at all"), good_.certificate_pem,
                                  good_.key_pem.substr(0, good_.key_pem.size() / 2)}) {
    const auto problem = Replace(good_.certificate_pem, text, root_);
    EXPECT_THAT(problem, Optional(StartsWith("/k.pem holds no private key in PEM form")));
    if (text.size() < 60) continue;
    EXPECT_THAT(problem, Optional(Not(HasSubstr(text.substr(40, 16)))));
  }
}

// gRPC would read such a text as an empty one.
TEST_F(ListenerTlsContents, AZeroByteIsRefused) {
  const std::string zero(1, '\0');
  EXPECT_THAT(Replace(zero + good_.certificate_pem, good_.key_pem, root_), Optional(StartsWith("/c.pem")));
  EXPECT_THAT(Replace(good_.certificate_pem, zero + good_.key_pem, root_), Optional(StartsWith("/k.pem")));
  EXPECT_THAT(Replace(good_.certificate_pem, good_.key_pem, zero + root_), Optional(StartsWith("/ca.pem")));
}

TEST_F(ListenerTlsContents, AKeyOfAnotherCertificateIsRefused) {
  EXPECT_THAT(Replace(good_.certificate_pem, other_.key_pem, root_),
              Optional(std::string("/k.pem holds a key that does not fit the certificate")));
}

TEST_F(ListenerTlsContents, AnEncryptedKeyIsRefusedAndNobodyIsAskedForItsPassword) {
  EXPECT_THAT(Replace(good_.certificate_pem, pki::EncryptKey(good_.key_pem, "password"), root_),
              Optional(StartsWith("/k.pem holds an encrypted key")));
}

TEST_F(ListenerTlsContents, ABrokenClientCaIsNamed) {
  for (const std::string& text : {std::string(), std::string("no PEM at all"), good_.key_pem}) {
    EXPECT_THAT(Replace(good_.certificate_pem, good_.key_pem, text),
                Optional(std::string("/ca.pem holds no certificate in PEM form")));
  }
  EXPECT_THAT(Replace(good_.certificate_pem, good_.key_pem, root_ + root_.substr(0, root_.size() / 2)),
              Optional(StartsWith("/ca.pem holds a certificate that cannot be read")));
}

}  // namespace
}  // namespace session_gateway
