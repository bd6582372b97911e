#include "server/rpc/listening_sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <set>
#include <system_error>

namespace session_gateway {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// So long sent bytes may stay unacknowledged; as long as the peer may take to answer a keepalive ping.
constexpr unsigned kUserTimeoutMs = 20'000;

std::string LastError() { return std::generic_category().message(errno); }

void Switch(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof(value));
}

void SetPort(sockaddr& address, int port) {
  const in_port_t number = htons(static_cast<std::uint16_t>(port));
  if (address.sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = number;
  } else {
    reinterpret_cast<sockaddr_in&>(address).sin_port = number;
  }
}

int PortOf(int fd) {
  sockaddr_in6 address{};  // the port lies at the same place in both families
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin6_port);
}

// A socket that listens, or why there is none.
std::variant<Descriptor, std::string> Listen(const addrinfo& candidate) {
  Descriptor socket(::socket(candidate.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return LastError();
  // Connections that linger from an earlier run are no reason to fail.
  Switch(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (candidate.ai_family == AF_INET6) Switch(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // Accepted connections take both over.
  Switch(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  Switch(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  if (bind(socket.get(), candidate.ai_addr, candidate.ai_addrlen) != 0 ||
      listen(socket.get(), SOMAXCONN) != 0) {
    return LastError();
  }
  return socket;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

std::variant<ListeningSockets, std::string> OpenListeningSockets(const std::string& address) {
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
  const AddressList owner(found, &freeaddrinfo);

  ListeningSockets opened{.sockets = {}, .port = 0};
  std::set<std::string> seen;  // a hosts file may name one address twice
  std::string problem = "the name has no address";
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (!seen.emplace(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen).second) continue;
    // A free port that the system chose is the same for all.
    if (opened.port != 0) SetPort(*entry->ai_addr, opened.port);
    auto listening = Listen(*entry);
    if (auto* reason = std::get_if<std::string>(&listening)) {
      problem = std::move(*reason);
      continue;
    }
    opened.sockets.push_back(std::get<Descriptor>(std::move(listening)));
    opened.port = PortOf(opened.sockets.back().get());
  }
  if (opened.sockets.empty()) return problem;
  return opened;
}

}  // namespace session_gateway
