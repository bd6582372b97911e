#include "server/upstream/wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace session_gateway {
namespace {

short EventsOf(IoNeed need) {
  if (need == IoNeed::kRead) return POLLIN;
  return need == IoNeed::kWrite ? POLLOUT : short{0};
}

}  // namespace

Wakeup::Wakeup() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Wakeup::~Wakeup() { ::close(descriptor_); }

void Wakeup::Wake() {
  is_set_ = true;
  ::eventfd_write(descriptor_, 1);
}

void Wakeup::Drain() {
  if (!is_set_.exchange(false)) return;
  eventfd_t ignored = 0;
  ::eventfd_read(descriptor_, &ignored);
}

void Wakeup::WaitFor(int socket, IoNeed one, IoNeed other) const {
  const auto events = static_cast<short>(EventsOf(one) | EventsOf(other));
  std::array<pollfd, 2> watched{pollfd{socket, events, 0}, pollfd{descriptor_, POLLIN, 0}};
  ::poll(watched.data(), watched.size(), -1);
}

}  // namespace session_gateway
