// Messages filled by reflection, and the JSON that they ought to become, worked out with a DOM and apart from
// the codec.
//
// Thread rule: one thread per test. Never here: the codec that is tested.
#pragma once

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <random>

namespace session_gateway::testing {

using Random = std::mt19937_64;

// Sets about half of the body's fields, at every level, to values that have a JSON form and that read back as
// themselves.
void FillAtRandom(google::protobuf::Message& message, Random& random);

// The body as a DOM. Values are not checked: a text that is no GUID stays what it is.
nlohmann::json ExpectedJson(const google::protobuf::Message& message);

}  // namespace session_gateway::testing
