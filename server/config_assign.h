// One value of the configuration, between its text and its place in Config, under the rule of its key.
//
// Thread rule: functions on values. Never here: YAML, rules that span keys, the value itself in an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/config_keys.h"

namespace session_gateway {

// Puts a value of any kind but kEndpoints in its place, or returns the rule that it breaks. Both upstreams of
// `config` must be set where the key is theirs.
std::optional<std::string> AssignScalar(const ConfigKey& key, std::string_view text, Config& config);

// A value of any kind but kEndpoints as AssignScalar takes it; empty for a text that is not set.
std::string FormatScalar(const ConfigKey& key, const Config& config);

// The columns of docs/configuration.md.
std::string DescribeType(const ConfigKey& key);
std::string DescribeDefault(const ConfigKey& key);
std::string DescribeRange(const ConfigKey& key);

}  // namespace session_gateway
