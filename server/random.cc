#include "server/random.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace session_gateway {

std::uint32_t SystemRandom::Next() {
  const std::lock_guard lock(mutex_);
  if (left_ == 0) {
    if (getentropy(fetched_.data(), sizeof fetched_) != 0) {
      throw std::system_error(errno, std::generic_category(), "getentropy");
    }
    left_ = fetched_.size();
  }
  return std::exchange(fetched_[--left_], 0);
}

}  // namespace session_gateway
