#include "tests/exchange/odd_places.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

namespace session_gateway {
namespace {

int NewSocket(int flags) { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0); }

sockaddr_in BindToLoopback(int socket) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return address;
}

}  // namespace

std::atomic<bool> SlowName::hangs = false;

ClosedPort::ClosedPort() : socket_(NewSocket(0)) { port_ = ntohs(BindToLoopback(socket_).sin_port); }
ClosedPort::~ClosedPort() { ::close(socket_); }

FullPort::FullPort() : listener_(NewSocket(0)), address_(BindToLoopback(listener_)) {
  ::listen(listener_, 0);
  for (int i = 0; i < 4; ++i) {
    fillers_.push_back(NewSocket(SOCK_NONBLOCK));
    ::connect(fillers_.back(), reinterpret_cast<sockaddr*>(&address_), sizeof(address_));
  }
}

FullPort::~FullPort() {
  for (const int fd : fillers_) ::close(fd);
  ::close(listener_);
}

SlowName::SlowName() { hangs = true; }

SlowName::~SlowName() {
  hangs = false;
  hangs.notify_all();
}

}  // namespace session_gateway

// Stands before the C library's in this program.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  const std::string_view name = node == nullptr ? "" : node;
  if (name == session_gateway::kUnknownName) return EAI_NONAME;
  if (name == session_gateway::kSlowName) {
    session_gateway::SlowName::hangs.wait(true);
    return EAI_AGAIN;
  }
  static const auto next = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(node, service, hints, result);
}
