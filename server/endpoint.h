// One address of an upstream, as the configuration writes it: `scheme://host:port[/prefix]`.
//
// Thread rule: values. Never here: connections, names resolved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace session_gateway {

// Of one upstream.
inline constexpr std::size_t kEndpointsMax = 64;

struct Endpoint {
  std::string scheme;  // `http` or `https`
  std::string host;    // a name or an address; an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string prefix;  // empty, or `/a/b` without a slash at its end
  bool operator==(const Endpoint&) const = default;

  std::string HostPort() const;  // `host:port`, IPv6 in brackets: the Host header
  std::string Origin() const;    // `scheme://host:port`
};

// The endpoint, or what is wrong with the text (a sentence without the text itself).
std::variant<Endpoint, std::string> ParseEndpoint(std::string_view text);

}  // namespace session_gateway
