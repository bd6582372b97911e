// From what was observed to what it means: the answers and failures of the doctor's exchanges, each as one
// step.
//
// Texts of an upstream are looked at here, unlike anywhere else: a finding is advice for a person, not a
// status for a program. Thread rule: pure functions. Never here: sending.
#pragma once

#include <optional>
#include <string>

#include "server/clock.h"
#include "server/config.h"
#include "server/doctor/report.h"
#include "translator/http_message.h"

namespace session_gateway {

// Name resolution, connection, and what is not about certificates in the handshake.
Finding FindingOfFailure(const SendFailure& failure);

// The log-on. `answer` is the last answer to it, when one came; `failure` is what the gateway made of it.
Step JudgeLogon(Upstream upstream, const HttpReply* answer, const SendFailure* failure);

// The answer to a read. `unauthorized`: what a 401 means here.
Step JudgeRead(Upstream upstream, Finding unauthorized, const SendResult& result);

// A renewal of Symphony's log-on; its failure is never worse than a warning.
Step JudgeRenewal(const SendResult& result);

// Any answer of the API's own to a log-on without credentials, for an endpoint where the gateway has none of
// its own. `path_is_used`: calls log on there; else it may be missing.
Step JudgePresence(const SendResult& result, bool path_is_used);

// The `Date` of an answer against this machine's clock.
Step JudgeClock(const HttpReply& answer, WallTime now);

}  // namespace session_gateway
