// The configuration of the program: plain structs, one per concern, read from one YAML file. Each key with
// its default and range is in docs/configuration.md.
//
// All problems of a file are reported at once, each with its line. No key holds a secret: a credential is
// always named by its file. Values are never repeated in an error, since a secret may have been put in the
// wrong place. Thread rule: functions on values; a Config does not change once the program runs. Never here:
// the environment, the command line, an exception that escapes.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/endpoint.h"
#include "server/host_port.h"
#include "server/upstream/engine_limits.h"

namespace session_gateway {

// What protects a plaintext listener.
enum class ListenPlaintext {
  kLoopback,  // nobody outside this host reaches it
  kMesh,      // a sidecar in front of it encrypts and authenticates
};

struct ListenConfig {
  HostPort address = {"127.0.0.1", 50051};
  ListenPlaintext plaintext = ListenPlaintext::kLoopback;
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
  bool operator==(const LimitsConfig&) const = default;
};

struct SymphonyConfig {
  std::vector<Endpoint> endpoints;  // at least one, no two alike, `http`
  bool operator==(const SymphonyConfig&) const = default;
};

struct QlikConfig {
  std::vector<Endpoint> endpoints;  // at least one, no two alike, `http`
  std::string user_directory;       // of X-Qlik-User
  std::string user_id;
  bool operator==(const QlikConfig&) const = default;
};

struct Config {
  ListenConfig listen;
  TimeoutConfig timeouts;
  LimitsConfig limits;
  EngineLimits engine;  // of each upstream's engine
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

// Reads at most kConfigBytesMax.
inline constexpr std::size_t kConfigBytesMax = 256 * 1024;
std::variant<Config, ConfigErrors> LoadConfig(const std::string& path);

// Replaces listen.address, under the rule for plaintext listeners that `config` holds. Returns what is wrong
// with the address, if anything; `config` is then unchanged.
std::optional<std::string> OverrideListenAddress(std::string_view text, Config& config);

// The effective configuration as YAML that ParseConfig reads back to the same.
std::string DescribeConfig(const Config& config);

}  // namespace session_gateway
