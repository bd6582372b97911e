// How many connections of callers are open. gRPC closes them without a word, so each is known by its
// descriptor and its socket's number, and looked at again when the count matters.
//
// Bound: connections_max. Thread rule: one thread; others may close the connections meanwhile. Never here:
// closing a connection.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace session_gateway {

class ConnectionCount {
 public:
  explicit ConnectionCount(std::size_t connections_max) : connections_max_(connections_max) {}

  // Counts an open socket; false when the bound is reached. When that is by connections that have ended
  // meanwhile, a part of them is found each time.
  bool Add(int fd);

  // Those that are counted; some of them may have ended.
  std::size_t counted() const { return open_.size(); }

 private:
  struct Open {
    int fd;
    ino_t number;  // a descriptor is used again, a socket's number is not
  };
  static ino_t NumberOf(int fd);
  void ForgetEnded();

  const std::size_t connections_max_;
  std::vector<Open> open_;
  std::size_t next_ = 0;  // where to look next
};

}  // namespace session_gateway
