#include "translator/string_map.h"

#include <algorithm>

namespace session_gateway {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

StringEntries SortedEntries(const Message& message, const FieldDescriptor& map) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* key = map.message_type()->map_key();
  const FieldDescriptor* value = map.message_type()->map_value();
  StringEntries entries;
  const int size = reflection.FieldSize(message, &map);
  entries.reserve(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &map, i);
    const Reflection& access = *entry.GetReflection();
    entries.emplace_back(access.GetString(entry, key), access.GetString(entry, value));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

void AddEntry(const FieldDescriptor& map, std::string key, std::string value, Message& message) {
  Message& entry = *message.GetReflection()->AddMessage(&message, &map);
  const Reflection& access = *entry.GetReflection();
  access.SetString(&entry, map.message_type()->map_key(), std::move(key));
  access.SetString(&entry, map.message_type()->map_value(), std::move(value));
}

}  // namespace session_gateway
