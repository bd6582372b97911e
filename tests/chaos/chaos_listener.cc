#include "tests/chaos/chaos_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace session_gateway {
namespace {

constexpr int kBacklog = 1024;
constexpr int kFillersMax = 8;

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// Shares its port with the other sockets of the proxy, so that the port stays its own while nobody listens.
int BoundSocket(int port) {
  const int fd = CheckedCall(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  const sockaddr_in address = Loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(fd);
    CheckedCall(-1, "bind");
  }
  return fd;
}

int PortOf(int fd) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  CheckedCall(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  return ntohs(address.sin_port);
}

}  // namespace

int CheckedCall(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

ChaosListener::ChaosListener(int receive_buffer_bytes)
    : receive_buffer_bytes_(receive_buffer_bytes), reserve_(BoundSocket(0)), port_(PortOf(reserve_)) {}

ChaosListener::~ChaosListener() {
  Close();
  ::close(reserve_);
}

void ChaosListener::Listen(int backlog) {
  listener_ = BoundSocket(port_);
  if (receive_buffer_bytes_ > 0) {
    ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes_, sizeof(receive_buffer_bytes_));
  }
  CheckedCall(::listen(listener_, backlog), "listen");
}

void ChaosListener::Close() {
  for (const int fd : fillers_) ::close(fd);
  fillers_.clear();
  if (listener_ >= 0) ::close(listener_);
  listener_ = -1;
  accepting_ = false;
}

void ChaosListener::Set(ChaosListening listening) {
  Close();
  switch (listening) {
    case ChaosListening::kOpen:
      Listen(kBacklog);
      accepting_ = true;
      return;
    case ChaosListening::kClosed:
      return;
    case ChaosListening::kFull:
      Listen(0);
      FillQueue();
      return;
  }
}

// Connects until the system leaves one waiting: then every other waits, too.
void ChaosListener::FillQueue() {
  const sockaddr_in address = Loopback(port_);
  for (int i = 0; i < kFillersMax; ++i) {
    const int fd = CheckedCall(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    fillers_.push_back(fd);
    const bool done = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    pollfd established = {fd, POLLOUT, 0};
    if (!done && ::poll(&established, 1, 0) == 0) return;
  }
}

int ChaosListener::Accept() const {
  return accepting_ ? ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;
}

}  // namespace session_gateway
