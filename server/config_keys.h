// Every key of the configuration in one table: its name, the form and range of its value, its place in
// Config, when it has an effect, when it must be there, and its line in docs/configuration.md. Reading,
// describing and documenting all go by this table. Its rows stand in config_keys_program.h, _redis.h,
// _symphony.h and _qlik.h.
//
// Thread rule: constant data and functions on values. Never here: YAML, the rules that weigh one value
// against another.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/config.h"

namespace session_gateway {

enum class KeyKind {
  kAddress,
  kChoice,
  kDuration,
  kCount,
  kSize,
  kEndpoints,
  kText,
  kFile,      // a file's name
  kVariable,  // the name of a variable of the environment
  kHost,      // a host name or an IP address, without a port
  kHeader,    // the name of a header that the gateway does not use itself
  kCookie,    // the name of a cookie, or its beginning
  kPath,      // a relative path below an upstream's own
};

// Where a value lives.
using ConfigSlot =
    std::variant<HostPort*, Switch*, ListenPlaintext*, TlsVersion*, SymphonyAuthMode*, LogonMethod*,
                 QlikAuthMode*, QlikUserFrom*, QlikSecurityContext*, EngineKind*, std::chrono::milliseconds*,
                 std::size_t*, int*, std::vector<Endpoint>*, std::string*>;

// Something about the other keys on which a key depends.
struct KeyCondition {
  bool (*holds)(const Config& config);  // the key's upstream must be set
  std::string_view with;                // "with symphony.auth.mode: service_account"
  std::string_view without;             // the same of a condition that does not hold
  // What decides it. One that has no usable value leaves the condition open.
  std::array<std::string_view, 2> decided_by = {};
};

struct ConfigKey {
  std::string_view path;  // dotted
  KeyKind kind;
  ConfigSlot (*slot)(Config& config);  // the key's upstream must be set
  std::string_view doc;                // what it means
  std::string_view example = {};       // a value as the file would have it
  std::int64_t min = 0;                // milliseconds, a count, or bytes of a size or a text
  std::int64_t max = 0;
  std::span<const std::string_view> choices = {};  // in the order of the enum's values
  // The key is refused where one of these does not hold, so that nobody trusts in it.
  std::array<const KeyCondition*, 2> effect = {};
  const KeyCondition* required = nullptr;  // the key must be there where this holds
};

std::span<const ConfigKey> ConfigKeys();

// nullptr when there is no such key.
const ConfigKey* FindConfigKey(std::string_view path);

// True for a path that other keys' paths begin with: `symphony`, `symphony.auth`.
bool IsConfigSection(std::string_view path);

// The condition of a key that can never be left out.
inline constexpr KeyCondition kRequiredAlways = {
    .holds = [](const Config&) { return true; }, .with = "", .without = ""};

// True unless the key belongs to an upstream that is not configured.
bool IsConfigured(const Config& config, const ConfigKey& key);

// True when the key changes what the gateway does. Its upstream must be set.
bool HasEffect(const Config& config, const ConfigKey& key);

// True for kinds whose value is a text that may be unset, which an empty one says.
bool IsText(KeyKind kind);

}  // namespace session_gateway
