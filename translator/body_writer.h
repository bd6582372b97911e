// Message -> JSON text, straight through the plan without a DOM: members in order of declaration, then the
// additional ones in byte order of their pointers, map entries in byte order of their keys, so that one
// message has one text.
//
// Thread rule: pure. Never here: which message is sent where; rules about single fields.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "translator/field_plan.h"
#include "translator/violations.h"

namespace session_gateway {

// Appends the object to `out`. Values that have no JSON form go to `violations` with `path` in front of their
// own; `out` is of no use then.
void WriteBody(const BodyPlan& plan, const google::protobuf::Message& message, const PathStep* path,
               std::string& out, Violations& violations);

}  // namespace session_gateway
