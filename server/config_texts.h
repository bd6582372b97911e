// The forms of the configuration's values that are texts: names of files, variables, hosts and headers, and
// paths.
//
// Thread rule: functions on values. Never here: the names of keys, a file that is opened, the value itself in
// an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/config_keys.h"

namespace session_gateway {

// The one variable that a file's name may begin with: the folder in which systemd puts a unit's credentials.
inline constexpr std::string_view kCredentialsVariable = "CREDENTIALS_DIRECTORY";
inline constexpr std::string_view kCredentialsPrefix = "${CREDENTIALS_DIRECTORY}/";

// The rule of its kind that `text` breaks, if any. Its length is not looked at.
std::optional<std::string> CheckText(KeyKind kind, std::string_view text);

// The column of docs/configuration.md.
std::string_view DescribeTextRange(KeyKind kind);
std::string_view DescribeTextType(KeyKind kind);

}  // namespace session_gateway
