// What the end of a log-on's exchange means: the state, or the failure of the calls that wait for it.
//
// Thread rule: pure. Never here: text of the upstream (nothing of a log-on's answer is ever shown), the
// create.
#pragma once

#include <variant>

#include "server/upstream/logon_protocol.h"

namespace session_gateway {

using LogonOutcome = std::variant<LogonState, SendFailure>;

// A failure has the phase kLogon and is never `sent`: no byte of the create has left.
LogonOutcome ReadLogonAnswer(SendResult& result, const LogonProtocol& protocol);

}  // namespace session_gateway
