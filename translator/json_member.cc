#include "translator/json_member.h"

#include "translator/json_reader.h"

namespace session_gateway {

std::optional<std::string> FindTextMember(std::string& text, std::string_view name) {
  JsonReader reader;
  std::optional<std::string> found;
  const JsonFault fault = reader.ReadObject(text, [&](std::string_view key, JsonValue& value) {
    const bool is_it = key == name;
    if (is_it) found.reset();
    switch (value.kind()) {
      case JsonKind::kString: {
        std::string_view characters;
        const bool is_whole = value.ReadString(&characters);
        if (is_it && is_whole) found = std::string(characters);
        return;
      }
      case JsonKind::kNumber:
        if (is_it) found = std::string(value.token());
        return;
      case JsonKind::kNull:
      case JsonKind::kBool:
        return;
      case JsonKind::kArray:
      case JsonKind::kObject:
        value.Skip();
        return;
    }
  });
  return fault == JsonFault::kNone ? found : std::nullopt;
}

}  // namespace session_gateway
