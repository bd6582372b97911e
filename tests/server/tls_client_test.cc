// What is taken as TLS material, and in which words the rest is refused.
#include "server/upstream/tls_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/pki/pki.h"

namespace session_gateway {
namespace {

using pki::CertificateAuthority;
using pki::Pkcs12Kind;
using std::chrono::hours;
using testing::HasSubstr;

class TlsClientTest : public testing::Test {
 protected:
  // Empty when it is taken.
  std::string Replace(const TlsMaterial& material) {
    const auto before = client_.context();
    const auto problem = client_.Replace(material);
    // What is refused changes nothing.
    EXPECT_EQ(client_.context() == before, problem.has_value());
    return problem.value_or("");
  }

  std::string ReplacePem(const std::string& certificate, const std::string& key,
                         std::optional<Secret> password = std::nullopt) {
    TlsMaterial material;
    material.certificate = Secret(certificate);
    material.key = Secret(key);
    material.password = std::move(password);
    return Replace(material);
  }

  std::string ReplacePfx(const std::string& pfx, std::optional<Secret> password) {
    TlsMaterial material;
    material.pfx = Secret(pfx);
    material.password = std::move(password);
    return Replace(material);
  }

  const CertificateAuthority authority_;
  const pki::Certificate own_ = authority_.Issue(pki::Client("gateway"));
  TlsClient client_{"", TlsVersion::k12};
};

TEST_F(TlsClientTest, HasNothingInForceAtFirst) { EXPECT_EQ(client_.context(), nullptr); }

TEST_F(TlsClientTest, TakesAuthorities) {
  EXPECT_EQ(Replace({}), "");
  TlsMaterial material;
  material.ca = Secret("words before\n" + authority_.root_pem() + CertificateAuthority().root_pem());
  EXPECT_EQ(Replace(material), "");
  for (const std::string& text : {std::string(), std::string("no certificate"), own_.key_pem}) {
    material.ca = Secret(text);
    EXPECT_THAT(Replace(material), HasSubstr("ca_file holds no certificate in PEM form")) << text;
  }
  std::string broken = authority_.root_pem();
  broken.resize(broken.size() / 2);
  for (const std::string& text : {broken, authority_.root_pem() + broken}) {
    material.ca = Secret(text);
    EXPECT_THAT(Replace(material), HasSubstr("ca_file holds a broken certificate"));
  }
}

TEST_F(TlsClientTest, TakesPem) {
  EXPECT_EQ(ReplacePem(own_.FullChainPem(), own_.key_pem), "");
  EXPECT_TRUE(client_.context()->has_certificate);
  const std::string encrypted = pki::EncryptKey(own_.key_pem, "s3cret");
  EXPECT_EQ(ReplacePem(own_.FullChainPem(), encrypted, Secret("s3cret")), "");
  EXPECT_EQ(ReplacePem(own_.FullChainPem(), encrypted, Secret("s3cret\n")), "");
  EXPECT_EQ(ReplacePem(own_.FullChainPem(), encrypted, Secret("s3cret\r\n")), "");
  EXPECT_EQ(ReplacePem(own_.FullChainPem(), encrypted, Secret("s3cret\n\n")),
            "the password of key_file is wrong");
  EXPECT_EQ(ReplacePem(own_.FullChainPem(), encrypted, Secret("other")), "the password of key_file is wrong");
  EXPECT_EQ(ReplacePem(own_.FullChainPem(), encrypted), "key_file needs a password");
}

TEST_F(TlsClientTest, TellsWhatIsWrongWithPem) {
  TlsMaterial half;
  half.certificate = Secret(own_.certificate_pem);
  EXPECT_THAT(Replace(half), HasSubstr("need each other"));
  EXPECT_THAT(ReplacePem("", own_.key_pem), HasSubstr("cert_file holds no certificate"));
  EXPECT_THAT(ReplacePem(own_.certificate_pem, ""), HasSubstr("key_file holds no private key"));
  EXPECT_THAT(ReplacePem(own_.certificate_pem, own_.certificate_pem),
              HasSubstr("key_file holds no private key"));
  const auto other = authority_.Issue(pki::Client("gateway"));
  EXPECT_THAT(ReplacePem(own_.certificate_pem, other.key_pem), HasSubstr("the key does not belong"));
}

TEST_F(TlsClientTest, ACertificateOutsideItsDatesReplacesNoGoodOne) {
  auto options = pki::Client("gateway");
  options.not_before = hours(-2);
  options.not_after = hours(-1);
  const auto expired = authority_.Issue(options);
  options.not_before = hours(1);
  options.not_after = hours(2);
  const auto early = authority_.Issue(options);
  EXPECT_EQ(ReplacePem(expired.certificate_pem, expired.key_pem), "") << "there is none to keep";
  EXPECT_EQ(ReplacePem(early.certificate_pem, early.key_pem), "") << "nor is a good one";
  EXPECT_EQ(ReplacePem(own_.certificate_pem, own_.key_pem), "");
  EXPECT_THAT(ReplacePem(expired.certificate_pem, expired.key_pem),
              HasSubstr("has expired: it was valid until"));
  EXPECT_THAT(ReplacePem(early.certificate_pem, early.key_pem), HasSubstr("not yet valid: it begins"));
}

TEST_F(TlsClientTest, WarnsOfACertificateOutsideItsDatesWhileItIsInForce) {
  EXPECT_EQ(client_.Warning(), std::nullopt);
  EXPECT_EQ(Replace({}), "");
  EXPECT_EQ(client_.Warning(), std::nullopt) << "there is none";
  auto options = pki::Client("gateway");
  options.not_before = hours(-2);
  options.not_after = hours(-1);
  const auto expired = authority_.Issue(options);
  EXPECT_EQ(ReplacePem(expired.certificate_pem, expired.key_pem), "");
  EXPECT_THAT(client_.Warning().value_or(""), HasSubstr("our own certificate has expired"));
  EXPECT_EQ(ReplacePem(own_.certificate_pem, own_.key_pem), "");
  EXPECT_EQ(client_.Warning(), std::nullopt);
  EXPECT_NE(ReplacePem(expired.certificate_pem, expired.key_pem), "");
  EXPECT_EQ(client_.Warning(), std::nullopt) << "it is not in force";
}

TEST_F(TlsClientTest, TakesPkcs12OfAllAges) {
  const auto own = authority_.Subordinate({.common_name = "Middle"}).Issue(pki::Client("gateway"));
  for (const Pkcs12Kind kind : {Pkcs12Kind::kModern, Pkcs12Kind::kTripleDes, Pkcs12Kind::kLegacy}) {
    const std::string pfx = pki::MakePkcs12(own, "s3cret", kind);
    EXPECT_EQ(ReplacePfx(pfx, Secret("s3cret\n")), "");
    EXPECT_EQ(ReplacePfx(pfx, Secret("other")), "the password of pfx_file is wrong");
    EXPECT_EQ(ReplacePfx(pfx, std::nullopt), "pfx_file needs a password");
  }
  EXPECT_EQ(ReplacePfx(pki::MakePkcs12(own, "", Pkcs12Kind::kModern), std::nullopt), "");
}

TEST_F(TlsClientTest, TellsWhatIsWrongWithPkcs12) {
  const std::string pfx = pki::MakePkcs12(own_, "s3cret", Pkcs12Kind::kModern);
  EXPECT_EQ(ReplacePfx("", Secret("s3cret")), "pfx_file is not in PKCS#12 form");
  EXPECT_EQ(ReplacePfx(own_.key_pem, Secret("s3cret")), "pfx_file is not in PKCS#12 form");
  EXPECT_EQ(ReplacePfx(pfx.substr(0, pfx.size() / 2), Secret("s3cret")), "pfx_file is not in PKCS#12 form");
}

}  // namespace
}  // namespace session_gateway
