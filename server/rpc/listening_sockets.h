// The sockets that callers connect to: one for each address of the configured host.
//
// Thread rule: values; a socket belongs to whoever holds its object. Never here: accepting, TLS, gRPC.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace session_gateway {

// A file descriptor, closed with its object.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct ListeningSockets {
  std::vector<Descriptor> sockets;  // at least one; they do not block
  int port;                         // of all of them
};

// `address` is `host:port`, an IPv6 host in brackets; port 0 takes a free one. As long as one address of a
// name can be listened on, the others may fail. Else the reason.
std::variant<ListeningSockets, std::string> OpenListeningSockets(const std::string& address);

}  // namespace session_gateway
