// What a handshake has shown, for people who look for a fault.
//
// It is made on request only. All texts but `version` and `cipher` come from the peer: bounded, and printable
// ASCII. Thread rule: values. Never here: a decision, our own key or certificate.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "server/clock.h"
#include "server/upstream/tls_openssl.h"

namespace session_gateway {

inline constexpr std::size_t kFactTextMax = 256;
inline constexpr std::size_t kFactNamesMax = 64;
inline constexpr std::size_t kFactChainMax = 16;

struct CertificateFacts {
  std::string subject;  // RFC 2253
  std::string issuer;
  std::string serial;              // hexadecimal, lower case, without leading zeros
  std::vector<std::string> names;  // the subject alternative names: `DNS:a.example`, `IP:10.0.0.1`
  WallTime not_before;
  WallTime not_after;
};

struct TlsFacts {
  std::string version;  // `TLSv1.3`; empty: the handshake did not get that far
  std::string cipher;
  bool resumed = false;
  bool certificate_requested = false;     // the peer asked for ours
  bool certificate_configured = false;    // and there is one
  std::vector<CertificateFacts> chain;    // of the peer, its own first
  int verify_error = 0;                   // X509_V_ERR_*, or 0
  std::string verify_words;               // of it
  std::optional<CertificateFacts> wrong;  // the certificate that does not verify
  int wrong_depth = 0;                    // 0: the peer's own
};

CertificateFacts FactsOf(X509* certificate);

}  // namespace session_gateway
