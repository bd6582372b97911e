// A JSON document as a tree in which each number keeps its own digits: what the flags edit, what is compared
// with what the gateway would send, and what is printed with indents.
//
// Thread rule: values and pure functions. Never here: which members an API knows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "translator/json_reader.h"

namespace session_gateway {

struct JsonMember;

struct JsonNode {
  JsonKind kind = JsonKind::kNull;
  std::string text;             // of a scalar, as it stands in the document
  std::string characters;       // of a string
  bool lone_surrogate = false;  // a string that has no characters for that reason
  std::vector<JsonMember> members;
  std::vector<JsonNode> elements;
};

struct JsonMember {
  std::string name;
  JsonNode value;
};

// A whole document, which must be an object. `text` may grow in capacity.
std::variant<JsonNode, JsonFault> ParseJsonObject(std::string& text);
// One value of any kind.
std::optional<JsonNode> ParseJsonValue(std::string_view text);

// Without any space.
std::string JsonText(const JsonNode& node);
// One member or element on a line.
std::string IndentedJsonText(const JsonNode& node);

// Puts `value` at the place of RFC 6901 tokens and makes the objects above it that are missing. In a list the
// last token may be `-`, which appends. What is in the way, or an empty text.
std::string PutJson(JsonNode& root, const std::vector<std::string>& tokens, JsonNode value);

// The pointer to the first place where the values differ. Objects have no order, numbers count by their value
// and dates by their instant. Of objects no name may stand twice.
std::optional<std::string> FirstDifference(const JsonNode& a, const JsonNode& b);

// The digits of a number that is whole, however it is written (`1e1`, `8.0`); nothing when it is not, or has
// more than 20.
std::optional<std::string> WholeNumberText(std::string_view token);

}  // namespace session_gateway
