// One create from flags to exit code: body, credentials, channel, call, report.
//
// Thread rule: one thread. Never here: a second try.
#pragma once

#include "server/client/flags.h"
#include "server/clock.h"
#include "server/random.h"

namespace session_gateway {

// Writes to the standard streams; returns the exit code.
int Create(const ClientFlags& flags, const Clock& clock, Random& random);

}  // namespace session_gateway
