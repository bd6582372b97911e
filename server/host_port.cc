#include "server/host_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "translator/ascii.h"

namespace session_gateway {
namespace {

constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kPortDigitsMax = 5;

constexpr char kPortRule[] = "the port must be from 1 to 65535";
constexpr char kPortOrZeroRule[] = "the port must be from 0 to 65535";
constexpr char kNameRule[] =
    "the host name must be labels of 1 to 63 letters, digits, hyphens or underscores, joined by dots";

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > kPortDigitsMax) return std::nullopt;
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

bool IsLabel(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' || label.back() == '-')
    return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || IsDigit(c) || c == '-' || c == '_'; });
}

bool IsName(std::string_view name) {
  if (name.size() > kNameBytesMax) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    if (!IsLabel(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

// A resolver takes `127.1` and `0x7f.1` for addresses. Such a host must be a whole address, for otherwise
// nobody can say where it leads.
bool LooksLikeIpv4(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  return !last.empty() && (std::all_of(last.begin(), last.end(), IsDigit) || last.starts_with("0x"));
}

// inet_pton wants a terminated string; a NUL inside would cut it short.
bool ParseAddress(int family, std::string_view text, void* address) {
  if (text.find('\0') != std::string_view::npos) return false;
  return inet_pton(family, std::string(text).c_str(), address) == 1;
}

std::optional<std::string> ShortestIpv6(std::string_view text) {
  in6_addr address{};
  if (!ParseAddress(AF_INET6, text, &address)) return std::nullopt;
  char buffer[INET6_ADDRSTRLEN];
  if (inet_ntop(AF_INET6, &address, buffer, sizeof(buffer)) == nullptr) return std::nullopt;
  return buffer;
}

std::optional<std::string> CheckPlainHost(std::string_view host) {
  if (host.empty()) return "the host is missing";
  if (host.find(':') != std::string_view::npos) return "an IPv6 address must stand in brackets";
  if (LooksLikeIpv4(host)) {
    in_addr address{};
    if (!ParseAddress(AF_INET, host, &address)) {
      return "an IPv4 address must be four numbers from 0 to 255, joined by dots";
    }
    return std::nullopt;
  }
  if (!IsName(host)) return kNameRule;
  return std::nullopt;
}

}  // namespace

std::variant<HostPort, std::string> ParseHostPort(std::string_view text, PortZero port_zero) {
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  const bool port_missing =
      colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket);
  std::string_view host = port_missing ? text : text.substr(0, colon);

  HostPort parsed;
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return "an IPv6 address must stand in brackets, followed by :port";
    auto address = ShortestIpv6(host.substr(1, host.size() - 2));
    if (!address) return "the brackets must hold an IPv6 address without a zone";
    parsed.host = *std::move(address);
  } else {
    for (const char c : host) parsed.host += LowerCase(c);
    if (auto problem = CheckPlainHost(parsed.host)) return *std::move(problem);
  }
  if (port_missing) return "the port is missing: write host:port";
  const auto port = ParsePort(text.substr(colon + 1));
  if (port_zero == PortZero::kAllowed && !port) return kPortOrZeroRule;
  if (port_zero == PortZero::kRefused && port.value_or(0) == 0) return kPortRule;
  parsed.port = *port;
  return parsed;
}

std::string JoinHostPort(std::string_view host, std::uint16_t port) {
  std::string joined;
  const bool ipv6 = host.find(':') != std::string_view::npos;
  if (ipv6) joined += '[';
  joined += host;
  if (ipv6) joined += ']';
  joined += ':';
  joined += std::to_string(port);
  return joined;
}

bool IsLoopback(std::string_view host) {
  if (host == "localhost") return true;
  in_addr ipv4{};
  if (ParseAddress(AF_INET, host, &ipv4)) return (ntohl(ipv4.s_addr) >> 24) == 127;
  in6_addr ipv6{};
  if (!ParseAddress(AF_INET6, host, &ipv6)) return false;
  if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return ipv6.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&ipv6);
}

}  // namespace session_gateway
