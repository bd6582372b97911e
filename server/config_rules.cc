#include "server/config_rules.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>

#include "server/config_keys.h"
#include "server/redis_address.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr char kOpenRedisRule[] =
    "crosses the network without TLS; reach Redis by a Unix socket or on loopback, where a proxy can "
    "encrypt, "
    "or write creates.redis.plaintext: mesh if a mesh's sidecar protects the way";

// The rules of one file. `upstream` is `symphony` or `qlik`, and its section is there.
class RuleChecker {
 public:
  RuleChecker(const Config& config, ConfigReport& report) : config_(config), report_(report) {}

  void CheckAll() {
    if (!report_.Has("symphony") && !report_.Has("qlik")) {
      report_.Fail(1, "at least one of symphony and qlik must be configured");
    }
    for (const ConfigKey& key : ConfigKeys()) CheckConditions(key);
    CheckOrder("call_timeout", config_.timeouts.call, "call_timeout_max", config_.timeouts.call_max);
    CheckOrder("retry.backoff_min", config_.retry.backoff_min, "retry.backoff_max",
               config_.retry.backoff_max);
    CheckOrder("ejection.time_min", config_.ejection.time_min, "ejection.time_max",
               config_.ejection.time_max);
    CheckListener();
    if (!config_.creates.redis.address.empty()) CheckRedis(config_.creates.redis);
    if (config_.symphony) CheckSymphony(*config_.symphony);
    if (config_.qlik) CheckQlik(*config_.qlik);
  }

 private:
  bool IsOpen(const KeyCondition& condition) const {
    return std::any_of(condition.decided_by.begin(), condition.decided_by.end(),
                       [this](std::string_view path) { return !path.empty() && report_.Failed(path); });
  }
  bool Holds(const KeyCondition& condition) const { return !IsOpen(condition) && condition.holds(config_); }

  void CheckConditions(const ConfigKey& key) {
    if (!IsConfigured(config_, key) || report_.Failed(key.path)) return;
    if (!report_.Has(key.path)) {
      if (key.required == nullptr || !Holds(*key.required)) return;
      report_.FailKey(key.path, key.required->with.empty()
                                    ? "is required"
                                    : "is required " + std::string(key.required->with));
      return;
    }
    for (const KeyCondition* condition : key.effect) {
      if (condition == nullptr || IsOpen(*condition) || condition->holds(config_)) continue;
      report_.FailKey(key.path,
                      std::string("has no effect ").append(condition->without).append("; remove it"));
      return;
    }
  }

  // `low` must not be longer than `high`.
  void CheckOrder(const std::string& low, milliseconds low_value, const std::string& high,
                  milliseconds high_value) {
    if (report_.Failed(low) || report_.Failed(high) || low_value <= high_value) return;
    if (report_.Has(low)) {
      report_.FailKey(low, "must not exceed " + high);
    } else {
      report_.FailKey(report_.LineOf(high), low, "its default must not exceed " + high + "; set both");
    }
  }

  // At most one of two keys for the same thing.
  void CheckOneOf(const std::string& first, const std::string& second) {
    if (!report_.Has(first) || !report_.Has(second) || report_.Failed(first) || report_.Failed(second))
      return;
    report_.FailKey(second, "must not be there beside " + first + "; keep one of the two");
  }

  // The same, and one must be there: `why` says when.
  void CheckExactlyOneOf(const std::string& first, const std::string& second, const std::string& why) {
    CheckOneOf(first, second);
    if (report_.Has(first) || report_.Has(second)) return;
    if (report_.Failed(first) || report_.Failed(second)) return;
    report_.FailKey(first, "is required " + why + ", or " + second + " instead");
  }

  void CheckListener() {
    if (report_.Failed("listen.address") || report_.Failed("listen.plaintext")) return;
    // One that is meant to have TLS and is not right yet is not blamed for having none.
    if (report_.Has("listen.tls.cert_file") || report_.Has("listen.tls.key_file")) return;
    if (report_.Failed("listen.tls") || ListenerIsSafe(config_.listen.address, config_.listen)) return;
    report_.FailKey("listen.address", kOpenListenerRule);
  }

  bool CallersBringCredentials() const {
    return config_.symphony && (config_.symphony->auth.mode == SymphonyAuthMode::kCallerBasic ||
                                config_.symphony->auth.mode == SymphonyAuthMode::kCallerSession);
  }

  void CheckRedis(const RedisConfig& redis) {
    const std::string keys = "creates.redis.";
    const auto parsed = ParseRedisAddress(redis.address);
    if (const auto* problem = std::get_if<std::string>(&parsed)) {
      report_.FailKey(keys + "address", *problem);
    } else if (!report_.Failed(keys + "plaintext") && redis.plaintext == RedisPlaintext::kLoopback &&
               !IsLocal(std::get<RedisAddress>(parsed))) {
      report_.FailKey(keys + "address", kOpenRedisRule);
    }
    if (report_.Has(keys + "user")) {
      CheckExactlyOneOf(keys + "password_file", keys + "password_env", "with creates.redis.user");
    } else {
      CheckOneOf(keys + "password_file", keys + "password_env");
    }
    const std::string file = keys + "identity_key_file";
    const std::string variable = keys + "identity_key_env";
    if (!report_.Failed("symphony.auth.mode") && CallersBringCredentials()) {
      CheckExactlyOneOf(file, variable, "with symphony.auth.mode: caller_basic and caller_session");
    } else {
      CheckOneOf(file, variable);
    }
    if (report_.Failed(keys + "timeout") || report_.Failed(keys + "lease")) return;
    if (redis.lease >= 3 * redis.timeout) return;
    if (report_.Has(keys + "lease")) {
      report_.FailKey(keys + "lease", "must be at least three times creates.redis.timeout");
    } else {
      report_.FailKey(keys + "timeout", "must be at most a third of creates.redis.lease");
    }
  }

  void CheckLogon(const std::string& upstream, const LogonLimits& limits) {
    CheckOrder(upstream + ".auth.lockout_min", limits.lockout_min, upstream + ".auth.lockout_max",
               limits.lockout_max);
  }

  void CheckTls(const std::string& upstream) {
    const std::string tls = upstream + ".tls.";
    CheckOneOf(tls + "password_file", tls + "password_env");
    for (const char* name : {"cert_file", "key_file"}) {
      if (!report_.Has(tls + "pfx_file") || report_.Failed(tls + "pfx_file") || !report_.Has(tls + name))
        continue;
      report_.FailKey(tls + "pfx_file", "must not be there beside " + tls + name +
                                            "; it holds both the certificate and its key");
    }
  }

  void CheckSymphony(const SymphonyConfig& symphony) {
    CheckLogon("symphony", symphony.auth.limits);
    CheckTls("symphony");
    if (symphony.auth.user.find(':') != std::string::npos && !report_.Failed("symphony.auth.user")) {
      report_.FailKey("symphony.auth.user", "must not hold a colon, which ends the user of Basic");
    }
    if (symphony.auth.mode == SymphonyAuthMode::kServiceAccount) {
      CheckExactlyOneOf("symphony.auth.password_file", "symphony.auth.password_env",
                        "with symphony.auth.mode: service_account");
    }
  }

  void CheckQlik(const QlikConfig& qlik) {
    CheckLogon("qlik", qlik.auth.limits);
    CheckTls("qlik");
    if (report_.Failed("qlik.auth.mode")) return;
    if (qlik.auth.mode == QlikAuthMode::kJwt) {
      CheckExactlyOneOf("qlik.auth.token_file", "qlik.auth.token_env", "with qlik.auth.mode: jwt");
    }
    if (qlik.auth.mode == QlikAuthMode::kHeader) {
      CheckAscii("qlik.auth.user_directory", qlik.auth.user_directory);
      CheckAscii("qlik.auth.user_id", qlik.auth.user_id);
    }
    CheckUserOfCaller(qlik.auth);
    CheckQlikCertificate(qlik);
  }

  void CheckAscii(const std::string& path, const std::string& value) {
    if (report_.Failed(path)) return;
    if (std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
      return;
    report_.FailKey(path, "must be ASCII with qlik.auth.mode: header");
  }

  void CheckUserOfCaller(const QlikAuthConfig& auth) {
    if (auth.user_from != QlikUserFrom::kClientCertificate || report_.Failed("qlik.auth.user_from")) return;
    if (report_.Has("listen.tls.client_ca_file") || report_.Failed("listen.tls")) return;
    report_.FailKey("qlik.auth.user_from",
                    "client_certificate needs listen.tls.client_ca_file, without which "
                    "callers show no certificate");
  }

  // The repository service itself lets nobody in without one. Over http a proxy holds it.
  void CheckQlikCertificate(const QlikConfig& qlik) {
    const auto is_https = [](const Endpoint& endpoint) { return endpoint.scheme == "https"; };
    if (qlik.auth.mode != QlikAuthMode::kCertificate || report_.Failed("qlik.tls") ||
        std::none_of(qlik.endpoints.begin(), qlik.endpoints.end(), is_https)) {
      return;
    }
    for (const char* name : {"qlik.tls.cert_file", "qlik.tls.key_file", "qlik.tls.pfx_file"}) {
      if (report_.Has(name)) return;
    }
    report_.FailKey("qlik.tls.cert_file",
                    "is required with qlik.auth.mode: certificate and an https endpoint, beside "
                    "qlik.tls.key_file, or qlik.tls.pfx_file instead");
  }

  const Config& config_;
  ConfigReport& report_;
};

}  // namespace

void CheckRules(const Config& config, ConfigReport& report) { RuleChecker(config, report).CheckAll(); }

bool ListenerIsSafe(const HostPort& address, const ListenConfig& listen) {
  return !listen.tls.cert_file.empty() || listen.plaintext == ListenPlaintext::kMesh ||
         IsLoopback(address.host);
}

}  // namespace session_gateway
