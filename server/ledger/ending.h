// The end of a create, and the record of it that a ledger keeps.
//
// The record has a version. A reader refuses what is newer than it understands, and then knows no more than
// that the create ran. Thread rule: values. Never here: credentials; upstream text but what an error's
// message holds, which is bounded and scrubbed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "translator/rpc_error.h"

namespace session_gateway {

struct CreateEnd {
  std::optional<RpcError> error;  // nothing: `response` is there
  std::string response;           // of the RPC, serialized
  bool replayed = false;          // not made by the exchange of the caller that is told it
};

// Done or not, as the outcomes of errors say.
Outcome OutcomeOf(const CreateEnd& end);

// done and unknown are remembered; not_sent and refused created nothing, and are forgotten.
bool IsRemembered(const CreateEnd& end);

// `end` is remembered. `method` names the RPC.
std::string EndingRecord(std::string_view method, const CreateEnd& end);

// What a repeat of a call is told. Of an unknown outcome: that it is unknown, whatever the first caller was
// told. A record that is not understood is one.
CreateEnd ReadEnding(std::string_view method, Upstream upstream, const std::string& record);

// The same from the end itself.
CreateEnd Replay(Upstream upstream, CreateEnd end);

// `detail` completes "it is not known what became of the first call with this request_id: …".
CreateEnd UnknownEnd(Upstream upstream, std::string_view detail);

}  // namespace session_gateway
