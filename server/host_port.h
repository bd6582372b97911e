// `host:port` as the configuration writes it, for endpoints and for the listener: a host name, an IPv4
// address or an IPv6 address in brackets.
//
// Thread rule: values. Never here: names resolved.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace session_gateway {

struct HostPort {
  std::string host;  // lower case; an IPv6 address in its shortest form and without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

// A listener may leave the choice of its port to the system, which is what 0 asks for.
enum class PortZero { kAllowed, kRefused };

// The parts, or what is wrong (a sentence without the text itself).
std::variant<HostPort, std::string> ParseHostPort(std::string_view text, PortZero port_zero);

// `host:port`, an IPv6 address in brackets.
std::string JoinHostPort(std::string_view host, std::uint16_t port);

// True for 127.0.0.0/8 (also as an IPv4-mapped IPv6 address), ::1 and `localhost`. Other names are never
// trusted to be.
bool IsLoopback(std::string_view host);

}  // namespace session_gateway
