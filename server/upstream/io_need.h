// What a step on a non-blocking socket needs before it can go on.
//
// Thread rule: a value. Never here: waiting for it.
#pragma once

namespace session_gateway {

enum class IoNeed { kNothing, kRead, kWrite, kFailed };

}  // namespace session_gateway
