#include "server/upstream/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace session_gateway {

Wakeup::Wakeup() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Wakeup::~Wakeup() { ::close(descriptor_); }

void Wakeup::Wake() { ::eventfd_write(descriptor_, 1); }

void Wakeup::Drain() {
  eventfd_t ignored = 0;
  ::eventfd_read(descriptor_, &ignored);
}

}  // namespace session_gateway
