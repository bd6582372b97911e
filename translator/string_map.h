// A message's map<string, string> through reflection, as entries sorted by key.
//
// Thread rule: pure functions. Never here: JSON.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <utility>
#include <vector>

namespace session_gateway {

using StringEntries = std::vector<std::pair<std::string, std::string>>;

// In ascending byte order of the keys.
StringEntries SortedEntries(const google::protobuf::Message& message,
                            const google::protobuf::FieldDescriptor& map);

void AddEntry(const google::protobuf::FieldDescriptor& map, std::string key, std::string value,
              google::protobuf::Message& message);

}  // namespace session_gateway
