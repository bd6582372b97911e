// What a sandbox can be told when it is made. Without a word it serves plain HTTP and knows no log-on.
//
// Thread rule: values. Never here: what the options do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/pki/pki.h"

namespace session_gateway {

enum class SandboxTlsVersion { k11, k12, k13 };

struct SandboxTlsIdentity {
  std::string certificate_pem;  // the server's own first, then the authorities between it and the root
  std::string key_pem;
};

// Both upstreams speak TLS. Certificates are made at start, below one authority.
struct SandboxTls {
  // Unset: one is made. A test gives its own to issue further certificates of it.
  std::optional<pki::CertificateAuthority> authority = {};
  // What the servers' certificates name.
  std::vector<std::string> dns_names = {"localhost"};
  std::vector<std::string> ip_addresses = {"127.0.0.1", "::1"};
  // In place of the certificates that are made.
  std::optional<SandboxTlsIdentity> symphony_identity = {};
  std::optional<SandboxTlsIdentity> qlik_identity = {};
  std::optional<SandboxTlsIdentity> qlik_proxy_identity = {};
  SandboxTlsVersion min_version = SandboxTlsVersion::k12;
  SandboxTlsVersion max_version = SandboxTlsVersion::k13;
  bool resumption = true;
  // Who must show a client certificate. The virtual proxy never asks for one.
  bool symphony_wants_client = false;
  bool qlik_wants_client = true;
  // Who signs client certificates; empty: the authority.
  std::string client_ca_pem = {};
  // ca.pem, client.pem, client_key.pem and client.pfx are written there; empty: nothing is.
  std::string directory = {};
  std::string pfx_password = {};
  pki::Pkcs12Kind pfx_kind = pki::Pkcs12Kind::kModern;
};

// The certificates that both sides of a handshake showed, as pki::Certificate has their serials; the client's
// is empty when it showed none.
struct SandboxTlsSerials {
  std::string server;
  std::string client;
  bool operator==(const SandboxTlsSerials&) const = default;
};

// What a client needs to speak TLS with the sandbox; all empty without TLS.
struct SandboxTlsMaterial {
  std::string ca_pem;
  std::string client_pem;
  std::string client_key_pem;
  std::string client_pfx;  // bytes
};

// Symphony's log-on. Creates need its cookies and, where there is one, its token.
struct SandboxSymphonyLogon {
  std::map<std::string, std::string> users = {};  // password by name
  std::string method = "GET";
  // Below /platform/rest/symrest/v1/.
  std::string login_path = "auth/login";
  std::string renew_path = "auth/renew";
  // The token's name in the log-on's JSON. Unset: there is no token.
  std::optional<std::string> token_key = "csrftoken";
  std::chrono::seconds lifetime = std::chrono::hours(8);
  // After a renewal the old cookies and token are good until the new ones are used for the first time.
  bool old_valid_until_new_used = false;
  // So many wrong passwords in a row lock the account; 0: none do.
  int wrong_passwords_max = 5;
  std::chrono::seconds lock_time = std::chrono::minutes(15);
};

// Qlik's virtual proxy: a port of its own before the same rows.
struct SandboxQlikProxy {
  int port = 0;  // 0 takes a free one
  // First segment of each path. Empty: the default virtual proxy, which has none.
  std::string prefix = "gateway";
  // Each is a user as `DIRECTORY\user`.
  std::map<std::string, std::string> tokens = {};  // user by `Authorization: Bearer` token
  std::string user_header = {};                    // names the header that holds the user; empty: none does
  // Empty: X-Qlik-Session-<prefix>, or X-Qlik-Session.
  std::string session_cookie = {};
  std::size_t sessions_per_user_max = 5;
  std::chrono::seconds inactivity = std::chrono::minutes(30);
};

struct SandboxOptions {
  std::string host = "127.0.0.1";
  int symphony_port = 0;  // 0 takes a free one
  int qlik_port = 0;
  // Makes the ids, and what a log-on gives: the same seed gives the same.
  std::uint64_t seed = 0;
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
  // Added to `now` in the Date header of each answer. Unset: no such header.
  std::optional<std::chrono::seconds> date_skew = std::chrono::seconds(0);
  // Member names that are accepted, with any value, in every object of the body beside the documented ones.
  std::vector<std::string> symphony_extras = {};
  std::vector<std::string> qlik_extras = {};
  // Set: Symphony refuses a create without this `csrftoken`. Unset: it accepts any or none. Not looked at
  // with a log-on.
  std::optional<std::string> csrf_token = {};
  std::optional<SandboxTls> tls = {};
  std::optional<SandboxSymphonyLogon> symphony_logon = {};
  std::optional<SandboxQlikProxy> qlik_proxy = {};
  // The newest are kept; older rows are forgotten, as finished sessions are.
  std::size_t rows_max = 1000;
  std::size_t requests_max = 64;
  std::size_t recorded_body_max = 1 << 20;
};

}  // namespace session_gateway
