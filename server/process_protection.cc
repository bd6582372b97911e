#include "server/process_protection.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <system_error>

namespace session_gateway {

std::optional<std::string> ForbidDumps() {
  // The limit is for a core pattern that writes files, the other also for one that is a program.
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return std::generic_category().message(errno);
  }
  return std::nullopt;
}

}  // namespace session_gateway
