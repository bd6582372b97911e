#include "server/endpoint.h"

#include <algorithm>
#include <optional>

#include "server/host_port.h"
#include "translator/ascii.h"

namespace session_gateway {
namespace {

constexpr std::size_t kEndpointBytesMax = 2048;

constexpr char kForm[] = "must have the form scheme://host:port[/prefix]";
constexpr char kSegmentRule[] =
    "the prefix may hold letters, digits, -._~!$&'()*+,;=:@ and whole percent-encodings only";

bool IsSegmentCharacter(char c) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What is wrong with one path segment, if anything. Encoded forms are looked at decoded, since a server may
// decode before it resolves `..` or splits at slashes.
std::optional<std::string> CheckSegment(std::string_view segment) {
  if (segment.empty()) return "the prefix must not have an empty segment";
  std::string decoded;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      if (!IsSegmentCharacter(segment[i])) return kSegmentRule;
      decoded += segment[i];
      continue;
    }
    if (i + 2 >= segment.size()) return kSegmentRule;
    const int high = HexValue(segment[i + 1]);
    const int low = HexValue(segment[i + 2]);
    if (high < 0 || low < 0) return kSegmentRule;
    const int byte = high * 16 + low;
    if (byte < 0x20 || byte == 0x7f) return "the prefix must not hold an encoded control character";
    if (byte == '/' || byte == '\\') return "the prefix must not hold an encoded slash";
    decoded += static_cast<char>(byte);
    i += 2;
  }
  if (decoded == "." || decoded == "..") return "the prefix must not have a . or .. segment";
  return std::nullopt;
}

// Takes `/a/b` or `/a/b/`; `path` is empty or begins with a slash.
std::optional<std::string> ParsePrefix(std::string_view path, std::string& prefix) {
  if (path.ends_with('/')) path.remove_suffix(1);
  prefix = path;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (auto problem = CheckSegment(path.substr(0, end))) return problem;
    path.remove_prefix(end);
  }
  return std::nullopt;
}

}  // namespace

std::string Endpoint::HostPort() const { return JoinHostPort(host, port); }

std::string Endpoint::Origin() const { return scheme + "://" + HostPort(); }

std::variant<Endpoint, std::string> ParseEndpoint(std::string_view text) {
  if (text.size() > kEndpointBytesMax) return "must not be longer than 2048 bytes";
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return kForm;
  Endpoint endpoint;
  endpoint.scheme = LowerCase(text.substr(0, scheme_end));
  if (endpoint.scheme != "http" && endpoint.scheme != "https") return "the scheme must be http or https";

  const std::string_view rest = text.substr(scheme_end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#\\"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  const std::string_view path = rest.substr(authority_end);
  if (authority.find('@') != std::string_view::npos) return "must not hold a user name or a password";
  if (rest.find('?') != std::string_view::npos) return "must not have a query";
  if (rest.find('#') != std::string_view::npos) return "must not have a fragment";
  if (path.starts_with('\\')) return kSegmentRule;

  auto host_port = ParseHostPort(authority, PortZero::kRefused);
  if (auto* problem = std::get_if<std::string>(&host_port)) return std::move(*problem);
  auto& parsed = std::get<HostPort>(host_port);
  endpoint.host = std::move(parsed.host);
  endpoint.port = parsed.port;
  if (auto problem = ParsePrefix(path, endpoint.prefix)) return *std::move(problem);
  return endpoint;
}

}  // namespace session_gateway
