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

// A page in the place of what was asked for, as of one whose log-on is over.
bool IsPage(const HttpReply& reply);
// Whether an answer to something else may change the log-on that it was asked with. Almost none may.
bool MayChangeLogon(const HttpReply& reply);

}  // namespace session_gateway
