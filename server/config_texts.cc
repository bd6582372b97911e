#include "server/config_texts.h"

#include <algorithm>
#include <array>
#include <variant>

#include "server/host_port.h"
#include "translator/ascii.h"

namespace session_gateway {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsOneOf(char c, std::string_view marks) { return marks.find(c) != std::string_view::npos; }

std::optional<std::string> CheckFile(std::string_view text) {
  const std::size_t begin = text.starts_with(kCredentialsPrefix) ? kCredentialsPrefix.size() : 0;
  if (text.find("${", begin) != std::string_view::npos) {
    return "may hold no variable but ${CREDENTIALS_DIRECTORY}, at its beginning and followed by a slash";
  }
  if (text.ends_with('/')) return "must be the name of a file, not of a folder";
  return std::nullopt;
}

std::optional<std::string> CheckVariable(std::string_view text) {
  const bool good =
      std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; });
  if (good && !text.empty() && !IsDigit(text.front())) return std::nullopt;
  return "must be the name of a variable: letters, digits and underscores, no digit at the beginning";
}

std::optional<std::string> CheckHost(std::string_view text) {
  const bool ipv6 = text.find(':') != std::string_view::npos;
  const std::string with_port = ipv6 ? "[" + std::string(text) + "]:1" : std::string(text) + ":1";
  if (std::holds_alternative<HostPort>(ParseHostPort(with_port, PortZero::kRefused))) return std::nullopt;
  return "must be a host name or an IP address, without a port or brackets";
}

// Headers that the gateway writes itself, or that belong to the connection.
bool IsOwnHeader(std::string_view name) {
  constexpr std::array<std::string_view, 18> kOwn = {"accept",           "accept-encoding",
                                                     "authorization",    "connection",
                                                     "content-encoding", "content-length",
                                                     "content-type",     "cookie",
                                                     "expect",           "host",
                                                     "keep-alive",       "proxy-authorization",
                                                     "proxy-connection", "te",
                                                     "trailer",          "transfer-encoding",
                                                     "upgrade",          "user-agent"};
  const std::string lower = LowerCase(name);
  return lower.starts_with("x-qlik-") || std::find(kOwn.begin(), kOwn.end(), lower) != kOwn.end();
}

// RFC 7230 3.2.6
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsLetter(c) || IsDigit(c) || IsOneOf(c, "!#$%&'*+-.^_`|~");
  });
}

constexpr std::string_view kTokenRule = "must hold letters, digits and !#$%&'*+-.^_`|~ only";

std::optional<std::string> CheckHeader(std::string_view text) {
  if (!IsToken(text)) return std::string(kTokenRule);
  if (IsOwnHeader(text)) return "must not be a header that the gateway or HTTP itself uses";
  return std::nullopt;
}

bool IsPathSegment(std::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         std::all_of(segment.begin(), segment.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || IsOneOf(c, "-._~!$&'()*+,;=:@"); });
}

std::optional<std::string> CheckPath(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    if (!IsPathSegment(text.substr(0, slash))) {
      return "must be a relative path such as auth/login, without a query: names of letters, digits and "
             "-._~!$&'()*+,;=:@ between single slashes, none of them . or ..";
    }
    if (slash == std::string_view::npos) return std::nullopt;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace

std::optional<std::string> CheckText(KeyKind kind, std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return "must not hold control characters";
  }
  if (kind == KeyKind::kFile) return CheckFile(text);
  if (kind == KeyKind::kVariable) return CheckVariable(text);
  if (kind == KeyKind::kHost) return CheckHost(text);
  if (kind == KeyKind::kHeader) return CheckHeader(text);
  if (kind == KeyKind::kCookie && !IsToken(text)) return std::string(kTokenRule);
  if (kind == KeyKind::kPath) return CheckPath(text);
  return std::nullopt;
}

std::string_view DescribeTextType(KeyKind kind) {
  if (kind == KeyKind::kFile) return "file";
  if (kind == KeyKind::kVariable) return "variable";
  if (kind == KeyKind::kHost) return "host";
  if (kind == KeyKind::kHeader) return "header";
  if (kind == KeyKind::kCookie) return "cookie";
  if (kind == KeyKind::kPath) return "path";
  return "text";
}

std::string_view DescribeTextRange(KeyKind kind) {
  if (kind == KeyKind::kVariable) return "letters, digits and `_`";
  if (kind == KeyKind::kHost) return "a host name or an IP address";
  if (kind == KeyKind::kHeader) return "a token, none of the gateway's own headers";
  if (kind == KeyKind::kCookie) return "a token";
  if (kind == KeyKind::kPath) return "no slash at either end, no query";
  return "no control characters";
}

}  // namespace session_gateway
