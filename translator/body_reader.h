// JSON text -> message, in one streaming pass. Read with care, not with suspicion: a member that the contract
// does not know, or a known one whose value has an unexpected type or range, is kept as text in
// additional_json at its pointer and fails nothing. Of duplicate members the last counts; null reads as
// unset.
//
// Thread rule: the reader belongs to one thread. Never here: what the message means.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "translator/field_plan.h"
#include "translator/json_reader.h"

namespace session_gateway {

// Reads a whole document into an empty message. After a fault the message is of no use. `text` keeps its
// content but may grow in capacity.
JsonFault ReadBody(const BodyPlan& plan, JsonReader& reader, std::string& text,
                   google::protobuf::Message& message);

}  // namespace session_gateway
