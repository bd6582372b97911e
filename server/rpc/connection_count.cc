#include "server/rpc/connection_count.h"

#include <sys/stat.h>

#include <algorithm>

namespace session_gateway {
namespace {

// Of one new connection: a flood must not make each of its connections cost a look at all others.
constexpr std::size_t kLooksMax = 256;

}  // namespace

ino_t ConnectionCount::NumberOf(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

void ConnectionCount::ForgetEnded() {
  for (std::size_t looks = std::min(kLooksMax, open_.size()); looks > 0; --looks) {
    if (next_ >= open_.size()) next_ = 0;
    if (NumberOf(open_[next_].fd) == open_[next_].number) {
      ++next_;
    } else {
      open_[next_] = open_.back();
      open_.pop_back();
    }
  }
}

bool ConnectionCount::Add(int fd) {
  if (open_.size() >= connections_max_) ForgetEnded();
  if (open_.size() >= connections_max_) return false;
  open_.push_back({fd, NumberOf(fd)});
  return true;
}

}  // namespace session_gateway
