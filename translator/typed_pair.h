// TypedValue <-> a pair of strings, ["SOAM_UINT32","4"]: the form in which Symphony takes common data.
//
// Thread rule: pure. Never here: whether an `other` value fits its type; nobody knows that but the service.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "translator/field_plan.h"
#include "translator/violations.h"

namespace session_gateway {

void WriteTypedPair(const TypedPairPlan& plan, const google::protobuf::Message& value, const PathStep& path,
                    std::string& out, Violations& violations);

// Sets the alternative that writes exactly this pair again, `other` where none does. False when the type is
// not a SOAM type name.
bool ReadTypedPair(const TypedPairPlan& plan, std::string_view type, std::string_view text,
                   google::protobuf::Message& value);

}  // namespace session_gateway
