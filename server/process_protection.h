// What keeps the secrets in the process's memory from being read through the system: no core file is written,
// and no other process of the same user may attach to it or read its memory.
//
// Thread rule: once, as the first thing of the program, for it holds for the whole process. Never here:
// secrets.
#pragma once

#include <optional>
#include <string>

namespace session_gateway {

// Or what the system says against it.
[[nodiscard]] std::optional<std::string> ForbidDumps();

}  // namespace session_gateway
