#include "server/redis_address.h"

#include <utility>

namespace session_gateway {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kSocketPathBytesMax = 107;  // what the system's address has room for

}  // namespace

std::variant<RedisAddress, std::string> ParseRedisAddress(std::string_view text) {
  RedisAddress address;
  if (text.starts_with(kUnix)) {
    address.path = text.substr(kUnix.size());
    if (!address.path.starts_with('/')) return "the path of a Unix socket begins with a slash: unix:/path";
    if (address.path.size() > kSocketPathBytesMax) {
      return "the path of a Unix socket has at most " + std::to_string(kSocketPathBytesMax) + " bytes";
    }
    return address;
  }
  if (text.find("://") != std::string_view::npos) {
    return "the address has no scheme: write unix:/path or host:port";
  }
  auto parsed = ParseHostPort(text, PortZero::kRefused);
  if (auto* problem = std::get_if<std::string>(&parsed)) return std::move(*problem) + ", or unix:/path";
  address.host = std::get<HostPort>(std::move(parsed));
  return address;
}

bool IsLocal(const RedisAddress& address) { return !address.path.empty() || IsLoopback(address.host.host); }

}  // namespace session_gateway
