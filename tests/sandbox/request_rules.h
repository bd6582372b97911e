// The rules for request line, headers and query that both upstreams share, each a small function.
//
// Thread rule: pure functions. Never here: bodies, state.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "tests/sandbox/http_server.h"

namespace session_gateway::sandbox {

struct Refusal {
  int status = 400;
  std::string text;
  std::string allow = {};       // of 405
  bool end_connection = false;  // where the body ends is in doubt
  Headers headers = {};         // beside these, of the answer
};

using Checked = std::optional<Refusal>;  // nothing: no rule is broken

struct Target {
  std::string_view path;
  std::optional<std::string_view> query;  // without the question mark
};
Target SplitTarget(std::string_view target);

// Null when absent. Names are compared without case.
const std::string* FindHeader(const ReceivedRequest& request, std::string_view name);

// What makes any exchange safe to read: version, Host, the body's framing, no header twice.
Checked CheckFraming(const ReceivedRequest& request);
// What is negotiated: Accept, Accept-Encoding, and for a body Content-Type.
Checked CheckMedia(const ReceivedRequest& request, bool has_body);

// Decoded values by name. `names` are the allowed ones, in the order in which they must stand.
using Query = std::map<std::string_view, std::string>;
std::variant<Query, Refusal> ParseQuery(const std::optional<std::string_view>& raw,
                                        std::span<const std::string_view> names);

// Nothing: a character stands raw that must not, or an escape is broken, or what it says is no clean UTF-8.
std::optional<std::string> PercentDecode(std::string_view text, std::string* problem);

// Value by name, as they were sent. At most one header, pairs apart by `; `, no name twice.
using Cookies = std::map<std::string, std::string>;
std::variant<Cookies, Refusal> ParseCookies(const ReceivedRequest& request);

struct BasicCredentials {
  std::string user;
  std::string password;
};
std::variant<BasicCredentials, Refusal> ParseBasic(const ReceivedRequest& request);

// The context of the rules, in one of its two forms.
Checked CheckQlikSecurity(const ReceivedRequest& request);

// `DIRECTORY\user` of `UserDirectory=..;UserId=..`.
std::variant<std::string, Refusal> ParseQlikUser(const ReceivedRequest& request);
// The key pair that proves that no other site's page sent the request.
Checked CheckXrfkey(const ReceivedRequest& request, const std::optional<std::string_view>& raw_query);

}  // namespace session_gateway::sandbox
