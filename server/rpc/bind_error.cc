#include "server/rpc/bind_error.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

namespace session_gateway {
namespace {

std::string TryBind(const addrinfo& candidate) {
  const int fd = socket(candidate.ai_family, candidate.ai_socktype | SOCK_CLOEXEC, candidate.ai_protocol);
  if (fd < 0) return std::generic_category().message(errno);
  // As gRPC does it: connections that linger from an earlier run are no reason.
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool bound = bind(fd, candidate.ai_addr, candidate.ai_addrlen) == 0 && listen(fd, 1) == 0;
  const int error = errno;
  close(fd);
  return bound ? std::string() : std::generic_category().message(error);
}

}  // namespace

std::string ExplainBindError(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return "the address has no port";
  std::string host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int result = getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found);
  if (result != 0) return gai_strerror(result);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    std::string reason = TryBind(*candidate);
    if (!reason.empty()) return reason;
  }
  return "gRPC refused the address";
}

}  // namespace session_gateway
