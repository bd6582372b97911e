// Places that an endpoint may name and where no upstream is: a port that nobody listens on, one whose
// listener never accepts, a name that is not known, one whose resolution hangs.
//
// A program that links this has a getaddrinfo of its own, which knows the two names and hands all others on.
// Thread rule: objects belong to one thread. Never here: what a call to them ends with.
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace session_gateway {

inline constexpr char kUnknownName[] = "unknown.invalid";
inline constexpr char kSlowName[] = "slow.invalid";  // answers when no SlowName lives any more

// A port of this host that nobody listens on, for as long as it lives.
class ClosedPort {
 public:
  ClosedPort();
  ~ClosedPort();
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  const int socket_;
  std::uint16_t port_ = 0;
};

// A port whose queue of connections is full, and nobody accepts.
class FullPort {
 public:
  FullPort();
  ~FullPort();
  FullPort(const FullPort&) = delete;
  FullPort& operator=(const FullPort&) = delete;

  std::uint16_t port() const { return ntohs(address_.sin_port); }

 private:
  const int listener_;
  sockaddr_in address_ = {};
  std::vector<int> fillers_;
};

// While it lives, resolving kSlowName hangs. One at a time.
class SlowName {
 public:
  SlowName();
  ~SlowName();
  SlowName(const SlowName&) = delete;
  SlowName& operator=(const SlowName&) = delete;

  static std::atomic<bool> hangs;  // the system's resolver takes no context
};

}  // namespace session_gateway
