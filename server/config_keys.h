// Every key of the configuration in one table: its name, the form and range of its value, its place in Config
// and its line in docs/configuration.md. Reading, describing and documenting all go by this table.
//
// Thread rule: constant data and functions on values. Never here: YAML, rules that span keys.
#pragma once

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
  kUnavailable,  // a known name without effect in this version, and therefore refused
};

// Where a value lives. A choice with one single value lives nowhere.
using ConfigSlot = std::variant<std::monostate, HostPort*, ListenPlaintext*, std::chrono::milliseconds*,
                                std::size_t*, int*, std::vector<Endpoint>*, std::string*>;

struct ConfigKey {
  std::string_view path;  // dotted
  KeyKind kind;
  ConfigSlot (*slot)(Config& config);  // the key's upstream must be set
  std::string_view doc;                // what it means; for kUnavailable why it is refused
  std::string_view example = {};       // a value as the file would have it
  std::int64_t min = 0;                // milliseconds, a count, or bytes of a size or a text
  std::int64_t max = 0;
  std::span<const std::string_view> choices = {};  // in the order of the enum's values
  std::string_view unavailable_choice = {};        // a known word that this version refuses
  bool required = false;                           // where its upstream is configured
};

std::span<const ConfigKey> ConfigKeys();

// nullptr when there is no such key.
const ConfigKey* FindConfigKey(std::string_view path);

// True for a path that other keys' paths begin with: `symphony`, `symphony.auth`.
bool IsConfigSection(std::string_view path);

}  // namespace session_gateway
