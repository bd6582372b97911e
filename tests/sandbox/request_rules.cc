#include "tests/sandbox/request_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/sandbox/value_rules.h"

namespace session_gateway::sandbox {
namespace {

constexpr std::size_t kXrfkeySize = 16;

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsUnreserved(char c) { return IsAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Quoted(std::string_view text) { return '"' + std::string(text.substr(0, 80)) + '"'; }

bool IsCleanUtf8(const std::string& text) {
  const bool control = std::any_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (control) return false;
  try {
    nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

// Raw, so that it can be judged before the query as a whole.
std::optional<std::string_view> RawParameter(const std::optional<std::string_view>& query,
                                             std::string_view name) {
  std::string_view rest = query.value_or("");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

}  // namespace

Target SplitTarget(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, std::nullopt};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

const std::string* FindHeader(const ReceivedRequest& request, std::string_view name) {
  const std::string wanted = AsciiLower(name);
  for (const auto& [header, value] : request.headers) {
    if (AsciiLower(header) == wanted) return &value;
  }
  return nullptr;
}

Checked CheckFraming(const ReceivedRequest& request) {
  const auto refuse = [](int status, std::string text) { return Refusal{status, std::move(text), "", true}; };
  std::set<std::string> seen;
  for (const auto& [name, value] : request.headers) {
    if (!seen.insert(AsciiLower(name)).second) return refuse(400, "header " + name + ": stands here twice");
  }
  if (request.version != "HTTP/1.1")
    return refuse(505, "request line: expected HTTP/1.1, got " + request.version);
  if (!seen.contains("host")) return refuse(400, "header Host: missing");
  if (seen.contains("transfer-encoding")) {
    return refuse(411, "header Transfer-Encoding: a body must come with Content-Length");
  }
  if (seen.contains("expect")) return refuse(417, "header Expect: not served");
  if (seen.contains("content-encoding")) return refuse(415, "header Content-Encoding: not served");
  const std::string* length = FindHeader(request, "Content-Length");
  if (length == nullptr) {
    if (request.method == "GET" || request.method == "HEAD" || request.method == "DELETE")
      return std::nullopt;
    return refuse(411, "header Content-Length: missing");
  }
  if (*length != std::to_string(request.body.size())) {
    return refuse(400, "header Content-Length: " + Quoted(*length) + " is not the body's length in digits");
  }
  return std::nullopt;
}

Checked CheckMedia(const ReceivedRequest& request, bool has_body) {
  const std::string* accept = FindHeader(request, "Accept");
  if (accept == nullptr) return Refusal{406, "header Accept: missing, expected application/json"};
  if (*accept != "application/json") {
    return Refusal{406, "header Accept: expected application/json, got " + Quoted(*accept)};
  }
  const std::string* encoding = FindHeader(request, "Accept-Encoding");
  if (encoding != nullptr && *encoding != "identity") {
    return Refusal{406, "header Accept-Encoding: expected identity or nothing, got " + Quoted(*encoding)};
  }
  const std::string* type = FindHeader(request, "Content-Type");
  if (!has_body) return std::nullopt;
  if (type == nullptr) return Refusal{415, "header Content-Type: missing, expected application/json"};
  const std::string lower = AsciiLower(*type);
  if (lower != "application/json" && lower != "application/json; charset=utf-8" &&
      lower != "application/json;charset=utf-8") {
    return Refusal{415, "header Content-Type: expected application/json, got " + Quoted(*type)};
  }
  return std::nullopt;
}

std::optional<std::string> PercentDecode(std::string_view text, std::string* problem) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsUnreserved(text[i])) {
      decoded += text[i];
      continue;
    }
    if (text[i] != '%') {
      *problem = "the character '" + std::string(1, text[i]) + "' stands raw at " + std::to_string(i);
      if (text[i] == '+') *problem += "; a space is %20";
      return std::nullopt;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      *problem = "broken percent-encoding at " + std::to_string(i);
      return std::nullopt;
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!IsCleanUtf8(decoded)) {
    *problem = "control characters or broken UTF-8";
    return std::nullopt;
  }
  return decoded;
}

std::variant<Query, Refusal> ParseQuery(const std::optional<std::string_view>& raw,
                                        std::span<const std::string_view> names) {
  Query query;
  if (!raw) return query;
  std::string_view rest = *raw;
  std::size_t next_allowed = 0;
  for (bool more = true; more;) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    more = end != std::string_view::npos;
    if (more) rest.remove_prefix(end + 1);
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    const auto known = std::find(names.begin(), names.end(), name);
    if (known == names.end()) return Refusal{400, "query parameter " + Quoted(name) + ": unknown"};
    const std::string where = "query parameter " + std::string(name) + ": ";
    if (equals == std::string_view::npos) return Refusal{400, where + "has no value"};
    if (query.contains(*known)) return Refusal{400, where + "stands here twice"};
    const auto place = static_cast<std::size_t>(known - names.begin());
    if (place < next_allowed)
      return Refusal{400, where + "out of order, must come before " + std::string(names[next_allowed - 1])};
    next_allowed = place + 1;
    std::string problem;
    std::optional<std::string> value = PercentDecode(pair.substr(equals + 1), &problem);
    if (!value) return Refusal{400, where + problem};
    query.emplace(*known, std::move(*value));
  }
  return query;
}

std::variant<Cookies, Refusal> ParseCookies(const ReceivedRequest& request) {
  Cookies cookies;
  const std::string* header = FindHeader(request, "Cookie");
  if (header == nullptr) return cookies;
  std::string_view rest = *header;
  for (bool more = true; more;) {
    const std::size_t end = rest.find("; ");
    const std::string_view pair = rest.substr(0, end);
    more = end != std::string_view::npos;
    if (more) rest.remove_prefix(end + 2);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Refusal{400, "header Cookie: expected name=value pairs apart by \"; \""};
    }
    const bool is_new =
        cookies.emplace(std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1))).second;
    if (!is_new)
      return Refusal{400, "header Cookie: " + Quoted(pair.substr(0, equals)) + " stands there twice"};
  }
  return cookies;
}

std::variant<BasicCredentials, Refusal> ParseBasic(const ReceivedRequest& request) {
  const auto refuse = [](const std::string& text) {
    return Refusal{.status = 401,
                   .text = "header Authorization: " + text,
                   .headers = {{"WWW-Authenticate", "Basic realm=\"sandbox\""}}};
  };
  constexpr std::string_view kScheme = "Basic ";
  const std::string* header = FindHeader(request, "Authorization");
  if (header == nullptr) return refuse("missing, expected Basic");
  if (!header->starts_with(kScheme)) return refuse("expected Basic");
  const std::optional<std::string> decoded = DecodeBase64(std::string_view(*header).substr(kScheme.size()));
  if (!decoded) return refuse("Basic wants Base64 with padding");
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return refuse("Basic wants user:password");
  if (!IsCleanUtf8(*decoded)) return refuse("control characters or broken UTF-8");
  return BasicCredentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

Checked CheckQlikSecurity(const ReceivedRequest& request) {
  const std::string* header = FindHeader(request, "X-Qlik-Security");
  if (header == nullptr || *header == "Context=ManagementAccess" || *header == "Context=AppAccess") {
    return std::nullopt;
  }
  return Refusal{403, "header X-Qlik-Security: expected Context=ManagementAccess or Context=AppAccess, got " +
                          Quoted(*header)};
}

std::variant<std::string, Refusal> ParseQlikUser(const ReceivedRequest& request) {
  constexpr std::string_view kDirectory = "UserDirectory=";
  constexpr std::string_view kId = "UserId=";
  const std::string* header = FindHeader(request, "X-Qlik-User");
  if (header == nullptr) return Refusal{403, "header X-Qlik-User: missing"};
  const std::string_view text = *header;
  const std::size_t semicolon = text.find(';');
  if (semicolon == std::string_view::npos || !text.starts_with(kDirectory) ||
      !text.substr(semicolon + 1).starts_with(kId)) {
    return Refusal{403, "header X-Qlik-User: expected UserDirectory=..;UserId=.., got " + Quoted(text)};
  }
  std::string problem;
  const auto directory =
      PercentDecode(text.substr(kDirectory.size(), semicolon - kDirectory.size()), &problem);
  if (!directory) return Refusal{403, "header X-Qlik-User: UserDirectory: " + problem};
  const auto id = PercentDecode(text.substr(semicolon + 1 + kId.size()), &problem);
  if (!id) return Refusal{403, "header X-Qlik-User: UserId: " + problem};
  if (directory->empty() || id->empty()) return Refusal{403, "header X-Qlik-User: an empty value"};
  return *directory + '\\' + *id;
}

Checked CheckXrfkey(const ReceivedRequest& request, const std::optional<std::string_view>& raw_query) {
  const auto refuse = [](const std::string& text) {
    return Refusal{403, "XSRF prevention check failed. Possible XSRF discovered. (" + text + ")"};
  };
  const auto is_key = [](std::string_view key) {
    return key.size() == kXrfkeySize && std::all_of(key.begin(), key.end(), IsAlphanumeric);
  };
  const std::optional<std::string_view> parameter = RawParameter(raw_query, "xrfkey");
  const std::string* header = FindHeader(request, "X-Qlik-Xrfkey");
  if (!parameter) return refuse("query parameter xrfkey: missing");
  if (header == nullptr) return refuse("header X-Qlik-Xrfkey: missing");
  if (!is_key(*parameter)) return refuse("query parameter xrfkey: expected 16 of 0-9, a-z, A-Z");
  if (!is_key(*header)) return refuse("header X-Qlik-Xrfkey: expected 16 of 0-9, a-z, A-Z");
  if (*parameter != *header) return refuse("query parameter xrfkey and header X-Qlik-Xrfkey differ");
  return std::nullopt;
}

}  // namespace session_gateway::sandbox
