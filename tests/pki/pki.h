// Certificate authorities and certificates, made while a test runs: good ones, and the wrong ones that a peer
// must refuse.
//
// Thread rule: values; an authority may issue on many threads at once. Throws std::runtime_error with
// OpenSSL's words when something cannot be made. Never here: a file, a socket, code of the gateway.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace session_gateway::pki {

enum class KeyType { kEcP256, kRsa2048 };

// The extended key usage.
enum class Purpose {
  kServer,
  kClient,
  kServerAndClient,
  kOther,     // code signing: wrong on both sides of a connection
  kUnstated,  // no such extension
};

struct CertificateOptions {
  std::string common_name = "localhost";
  // The names that a client checks.
  std::vector<std::string> dns_names = {};
  std::vector<std::string> ip_addresses = {};
  // From now, either may be negative.
  std::chrono::seconds not_before = std::chrono::hours(-1);
  std::chrono::seconds not_after = std::chrono::hours(24);
  Purpose purpose = Purpose::kServer;
  std::uint64_t serial = 0;  // 0: a random one
  KeyType key = KeyType::kEcP256;
};

struct Certificate {
  std::string certificate_pem;
  std::string key_pem;    // PKCS#8, not encrypted
  std::string chain_pem;  // the authorities between this and the root, nearest first; often empty
  std::string root_pem;
  std::string serial;  // hexadecimal, lower case, without leading zeros

  // What a server's or client's certificate file holds.
  std::string FullChainPem() const { return certificate_pem + chain_pem; }
};

struct AuthorityOptions {
  std::string common_name = "Test authority";
  std::chrono::seconds not_before = std::chrono::hours(-1);
  std::chrono::seconds not_after = std::chrono::hours(24 * 30);
  KeyType key = KeyType::kEcP256;
};

class CertificateAuthority {
 public:
  // A root: signs itself.
  explicit CertificateAuthority(const AuthorityOptions& options = {});

  CertificateAuthority Subordinate(const AuthorityOptions& options) const;
  Certificate Issue(const CertificateOptions& options) const;

  // Its own certificate, and the root that it stands below (the same for a root).
  const std::string& certificate_pem() const;
  const std::string& root_pem() const;

 private:
  struct State;
  explicit CertificateAuthority(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// Good for both loopback addresses and the name `localhost`.
CertificateOptions LoopbackServer();
CertificateOptions Client(const std::string& common_name);

// The key as encrypted PKCS#8 (AES-256).
std::string EncryptKey(const std::string& key_pem, const std::string& password);

enum class Pkcs12Kind {
  kModern,     // AES-256, PBKDF2, MAC of SHA-256
  kTripleDes,  // 3DES and SHA-1 for both, MAC of SHA-1
  kLegacy,     // RC2-40 for the certificates, 3DES for the key, as old Windows exports have it; kTripleDes
               // where OpenSSL's legacy provider is not there
};

bool HasLegacyProvider();
// Certificate, key, chain and root in one blob.
std::string MakePkcs12(const Certificate& certificate, const std::string& password, Pkcs12Kind kind);

}  // namespace session_gateway::pki
