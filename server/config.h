// The configuration of the program: plain structs, one per concern, read from one YAML file. Each key with
// its default and range is in docs/configuration.md.
//
// All problems of a file are reported at once, each with its line. No key holds a secret: a credential is
// always named by its file. Values are never repeated in an error, since a secret may have been put in the
// wrong place. Thread rule: functions on values; a Config does not change once the program runs. Never here:
// the command line, the contents of credential files, an exception that escapes.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/endpoint.h"
#include "server/host_port.h"
#include "server/secret.h"
#include "server/upstream/stack_limits.h"

namespace session_gateway {

enum class Switch { kOff, kOn };

// What protects a plaintext listener.
enum class ListenPlaintext {
  kLoopback,  // nobody outside this host reaches it
  kMesh,      // a sidecar in front of it encrypts and authenticates
};

// What protects the way to Redis, which is spoken to without TLS.
using RedisPlaintext = ListenPlaintext;

// TLS towards callers. On when `cert_file` is set; callers must show a certificate when `client_ca_file` is.
struct ListenTlsConfig {
  std::string cert_file;  // PEM: the certificate and what stands between it and its root
  std::string key_file;
  std::string client_ca_file;
  bool operator==(const ListenTlsConfig&) const = default;
};

struct ListenConfig {
  HostPort address = {"127.0.0.1", 50051};
  ListenPlaintext plaintext = ListenPlaintext::kLoopback;
  ListenTlsConfig tls;
  std::chrono::milliseconds handshake = std::chrono::seconds(10);       // until HTTP/2 is spoken
  std::chrono::milliseconds connection_age = std::chrono::minutes(30);  // then callers connect anew
  bool operator==(const ListenConfig&) const = default;
};

struct TimeoutConfig {
  std::chrono::milliseconds call = std::chrono::seconds(60);       // of a call without a deadline of its own
  std::chrono::milliseconds call_max = std::chrono::seconds(300);  // of every call
  std::chrono::milliseconds drain = std::chrono::seconds(30);      // for running calls, after SIGTERM
  bool operator==(const TimeoutConfig&) const = default;
};

struct LimitsConfig {
  std::size_t calls = 10000;                    // in flight at once
  std::size_t request_bytes = 4 * 1024 * 1024;  // of one gRPC request message
  std::size_t connections = 10000;              // of callers, open at once
  bool operator==(const LimitsConfig&) const = default;
};

enum class TlsVersion { k12, k13 };

// TLS towards one upstream, for its endpoints with `https`. Each file may be unset (empty).
struct TlsClientConfig {
  std::string ca_file;      // PEM; unset: the system's
  std::string server_name;  // the name that the certificate must have; unset: the endpoint's host
  std::string cert_file;    // PEM, with key_file
  std::string key_file;
  std::string pfx_file;       // PKCS#12, in the place of the two
  std::string password_file;  // of the key or the PKCS#12 file
  std::string password_env;   // the same from a variable of the environment
  TlsVersion version_min = TlsVersion::k12;
  bool operator==(const TlsClientConfig&) const = default;
};

// The bounds of logging on, for each endpoint and identity.
struct LogonLimits {
  std::chrono::milliseconds timeout = std::chrono::seconds(5);  // of one log-on
  std::chrono::milliseconds renew_min_age =
      std::chrono::seconds(5);  // a younger log-on is not renewed on a 401
  std::chrono::milliseconds lockout_min = std::chrono::seconds(30);  // after a refused log-on; doubles
  std::chrono::milliseconds lockout_max = std::chrono::minutes(10);
  std::size_t identities = 1000;  // kept at once
  bool operator==(const LogonLimits&) const = default;
};

enum class SymphonyAuthMode {
  kNone,            // no log-on; a caller's csrf_token is handed on
  kServiceAccount,  // the gateway's own user
  kCallerBasic,     // the caller's user and password, from its metadata
  kCallerSession,   // the caller's own log-on, from its metadata
};
enum class LogonMethod { kGet, kPost };

struct SymphonyAuthConfig {
  SymphonyAuthMode mode = SymphonyAuthMode::kNone;
  std::string user;
  std::string password_file;
  std::string password_env;
  // Partly inferred, and therefore settings. Paths are below /platform/rest/symrest/v1/.
  LogonMethod login_method = LogonMethod::kGet;
  std::string login_path = "auth/login";
  std::string renew_path = "auth/renew";
  std::string token_key = "csrftoken";  // the member of the log-on's answer; the query is always `csrftoken`
  std::chrono::milliseconds token_lifetime = std::chrono::hours(8);
  LogonLimits limits;
  bool operator==(const SymphonyAuthConfig&) const = default;
};

struct SymphonyConfig {
  std::vector<Endpoint> endpoints;  // at least one, no two alike
  SymphonyAuthConfig auth;
  int session_ttl_in_minutes = 0;  // of sessions whose caller says nothing about it; 0: none is sent
  Switch tag_from_request_id = Switch::kOff;  // of sessions whose caller gives a request_id and no tag
  TlsClientConfig tls;
  bool operator==(const SymphonyConfig&) const = default;
};

enum class QlikAuthMode {
  kCertificate,  // port 4242: the client certificate, and X-Qlik-User
  kJwt,          // a virtual proxy that takes a JWT
  kHeader,       // a virtual proxy that takes the user's name in a header
};
enum class QlikUserFrom {
  kConfig,             // user_directory and user_id
  kClientCertificate,  // user_directory, and the name in the caller's verified certificate
};
enum class QlikSecurityContext { kNone, kManagementAccess, kAppAccess };

struct QlikAuthConfig {
  QlikAuthMode mode = QlikAuthMode::kCertificate;
  QlikUserFrom user_from = QlikUserFrom::kConfig;
  std::string user_directory;  // with kCertificate and kHeader
  std::string user_id;         // with kConfig
  std::string token_file;      // of kJwt
  std::string token_env;
  std::string header_name;  // of kHeader: its value is `user_directory\user_id`, or user_id alone
  std::string cookie_name = "X-Qlik-Session";  // what the session cookie's name begins with
  QlikSecurityContext security_context = QlikSecurityContext::kNone;
  LogonLimits limits;
  bool operator==(const QlikAuthConfig&) const = default;
};

struct QlikConfig {
  std::vector<Endpoint> endpoints;  // at least one, no two alike
  QlikAuthConfig auth;
  TlsClientConfig tls;
  bool operator==(const QlikConfig&) const = default;
};

// The request ledger's store on Redis. On when `address` is set.
// A shorter key of callers' credentials is refused.
inline constexpr std::size_t kIdentityKeyBytesMin = 16;

struct RedisConfig {
  std::string address;  // `unix:<path>` or `host:port`
  RedisPlaintext plaintext = RedisPlaintext::kLoopback;
  std::string user;  // of Redis' access list; empty: the default user
  std::string password_file;
  std::string password_env;
  // What the hashes of callers' credentials in the names of keys are made with; the same at all gateways.
  std::string identity_key_file;
  std::string identity_key_env;
  std::size_t database = 0;
  std::string prefix = "session-gateway:";                             // of every key's name
  std::chrono::milliseconds timeout = std::chrono::milliseconds(500);  // of one operation, of one connect
  std::chrono::milliseconds lease = std::chrono::seconds(15);          // of a claim that is not renewed
  std::size_t operations = 10000;                                      // under way at once
  bool operator==(const RedisConfig&) const = default;
};

struct CreatesConfig {
  std::chrono::milliseconds linger = std::chrono::seconds(10);  // for the answer, once the caller is gone
  Switch require_request_id = Switch::kOff;
  // The ledger of requests, in memory. Its age counts from the end of a create.
  std::size_t ledger_entries = 250'000;
  std::size_t ledger_bytes = 256 * 1024 * 1024;
  std::chrono::milliseconds ledger_age = std::chrono::hours(24);
  RedisConfig redis = {};
  bool operator==(const CreatesConfig&) const = default;
};

struct Config {
  ListenConfig listen;
  std::size_t threads = 0;  // lanes (lane_share.h); 0: as the machine's processors suggest
  TimeoutConfig timeouts;
  CreatesConfig creates;
  LimitsConfig limits;
  EngineLimits engine;                                                    // of each upstream's engines
  BulkheadLimits bulkhead;                                                // of each upstream
  RetryLimits retry;                                                      // of each upstream
  EjectionLimits ejection;                                                // of each endpoint
  std::chrono::milliseconds credentials_check = std::chrono::seconds(5);  // between looks at credential files
  std::optional<SymphonyConfig> symphony;
  std::optional<QlikConfig> qlik;
};

struct ConfigError {
  std::string file;
  int line = 0;  // 0: the file as a whole
  std::string message;

  std::string ToString() const;  // `file:line: message`
  bool operator==(const ConfigError&) const = default;
};
using ConfigErrors = std::vector<ConfigError>;  // by line; never empty as a result

// `file_name` appears in errors only.
std::variant<Config, ConfigErrors> ParseConfig(std::string_view yaml_text, std::string_view file_name);

// The value of a variable; nothing when it is not set or empty.
using Environment = std::function<std::optional<Secret>(const std::string& name)>;

// ParseConfig of a file of at most kConfigBytesMax. The names of files in the result are complete: relative
// ones were taken from the folder of `path`, and ${CREDENTIALS_DIRECTORY} from `environment`. That they are
// there, and the variables too, is checked; what is in them is not.
inline constexpr std::size_t kConfigBytesMax = 256 * 1024;
std::variant<Config, ConfigErrors> LoadConfig(const std::string& path, const Environment& environment);

// What is allowed and yet not safe, such as a password over plain http: sentences that begin with a key.
std::vector<std::string> ConfigWarnings(const Config& config);

// Replaces listen.address, under the rule for listeners that `config` holds. Returns what is wrong with the
// address, if anything; `config` is then unchanged.
std::optional<std::string> OverrideListenAddress(std::string_view text, Config& config);

// The effective configuration as YAML that ParseConfig reads back to the same. Keys without effect and texts
// that are not set are left out.
std::string DescribeConfig(const Config& config);

}  // namespace session_gateway
