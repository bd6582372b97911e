// What calls with a request_id are told of creates that this process did not send.
//
// Thread rule: values. Never here: ends that an upstream's answer made.
#pragma once

#include <string_view>

#include "server/call_context.h"
#include "server/ledger/ending.h"

namespace session_gateway {

CreateEnd ReusedEnd(Upstream upstream);
CreateEnd LedgerFullEnd(Upstream upstream);
// `detail` completes "the ledger of requests …".
CreateEnd LedgerUnreachableEnd(Upstream upstream, std::string_view detail);

// The end of one whose callers have left, or of the one caller who has. `may_be_sent`: somebody else may
// still send it, or has.
CreateEnd StoppedEnd(Upstream upstream, StopReason reason, Phase phase, bool may_be_sent,
                     std::string_view detail);

// The end that one who did not start the exchange is told.
CreateEnd SharedEnd(Upstream upstream, CreateEnd end);

}  // namespace session_gateway
