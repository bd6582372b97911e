// How an exchange that has no answer is told to the layers above, the same for both engines.
//
// Thread rule: pure functions. Never here: the wire.
#pragma once

#include "server/call_context.h"
#include "server/upstream/connection.h"

namespace session_gateway {

// `started`: any byte of an answer came.
Phase PhaseOf(const Connection::Write& write, bool started);

SendFailure StoppedExchange(StopReason reason, Phase phase, bool sent);

// `read_error` is how reading ended.
SendFailure LostExchange(const Connection::Write& write, const Connection::Fault& fault, bool started,
                         const Connection::ErrorCode& read_error);

}  // namespace session_gateway
