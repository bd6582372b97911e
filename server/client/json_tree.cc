#include "server/client/json_tree.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "translator/additional_json.h"
#include "translator/date_text.h"
#include "translator/json_text.h"

namespace session_gateway {
namespace {

constexpr std::size_t kWholeNumberDigitsMax = 20;
constexpr int kIndent = 2;

void ReadNode(JsonValue value, JsonNode& node) {
  node.kind = value.kind();
  switch (value.kind()) {
    case JsonKind::kObject:
      value.Members([&node](std::string_view name, JsonValue member) {
        node.members.push_back({std::string(name), {}});
        ReadNode(member, node.members.back().value);
      });
      return;
    case JsonKind::kArray:
      value.Elements([&node](JsonValue element) { ReadNode(element, node.elements.emplace_back()); });
      return;
    case JsonKind::kString: {
      std::string_view characters;
      node.text = value.raw();
      node.lone_surrogate = !value.ReadString(&characters);
      if (!node.lone_surrogate) node.characters = characters;
      return;
    }
    case JsonKind::kNull:
    case JsonKind::kBool:
    case JsonKind::kNumber:
      node.text = value.token();
      return;
  }
}

void NewLine(int depth, std::string& out) {
  if (depth < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(depth * kIndent), ' ');
}

// `depth` below zero: all on one line.
void Write(const JsonNode& node, int depth, std::string& out) {
  const int below = depth < 0 ? depth : depth + 1;
  bool first = true;
  const auto separate = [&] {
    if (!first) out += ',';
    first = false;
    NewLine(below, out);
  };
  if (node.kind == JsonKind::kObject) {
    out += '{';
    for (const JsonMember& member : node.members) {
      separate();
      AppendJsonString(member.name, out);
      out += depth < 0 ? ":" : ": ";
      Write(member.value, below, out);
    }
    if (!first) NewLine(depth, out);
    out += '}';
  } else if (node.kind == JsonKind::kArray) {
    out += '[';
    for (const JsonNode& element : node.elements) {
      separate();
      Write(element, below, out);
    }
    if (!first) NewLine(depth, out);
    out += ']';
  } else {
    out += node.text;
  }
}

std::optional<std::size_t> ParseIndex(std::string_view token, std::size_t size) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size() || index >= size) return std::nullopt;
  return index;
}

JsonNode* FindMember(JsonNode& object, const std::string& name) {
  // Of duplicates the last counts.
  const auto found = std::find_if(object.members.rbegin(), object.members.rend(),
                                  [&name](const JsonMember& member) { return member.name == name; });
  return found == object.members.rend() ? nullptr : &found->value;
}

double AsDouble(const std::string& token) {
  double value = 0;
  std::from_chars(token.data(), token.data() + token.size(), value);
  return value;
}

bool EqualNumbers(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto whole_a = WholeNumberText(a);
  const auto whole_b = WholeNumberText(b);
  if (whole_a && whole_b && *whole_a == *whole_b) return true;
  // Two whole numbers that a double cannot tell apart are equal only where one was written as a double.
  const bool written_whole = a.find_first_of(".eE") == a.npos && b.find_first_of(".eE") == b.npos;
  return !written_whole && AsDouble(a) == AsDouble(b);
}

bool EqualStrings(const JsonNode& a, const JsonNode& b) {
  if (a.lone_surrogate || b.lone_surrogate) return a.text == b.text;
  if (a.characters == b.characters) return true;
  const auto date_a = ParseDate(a.characters);
  const auto date_b = ParseDate(b.characters);
  return date_a && date_b && *date_a == *date_b;
}

// The pointer below `a` and `b`, appended to `pointer`; false when they are equal.
bool Differs(const JsonNode& a, const JsonNode& b, std::string& pointer);

bool MembersDiffer(const JsonNode& a, const JsonNode& b, std::string& pointer) {
  std::map<std::string_view, const JsonNode*> others;
  for (const JsonMember& member : b.members) others[member.name] = &member.value;
  const std::size_t length = pointer.size();
  for (const JsonMember& member : a.members) {
    AppendPointerToken(member.name, pointer);
    const auto other = others.find(member.name);
    if (other == others.end() || Differs(member.value, *other->second, pointer)) return true;
    others.erase(other);
    pointer.resize(length);
  }
  if (others.empty()) return false;
  AppendPointerToken(others.begin()->first, pointer);
  return true;
}

bool Differs(const JsonNode& a, const JsonNode& b, std::string& pointer) {
  if (a.kind != b.kind) return true;
  if (a.kind == JsonKind::kObject) return MembersDiffer(a, b, pointer);
  if (a.kind == JsonKind::kNumber) return !EqualNumbers(a.text, b.text);
  if (a.kind == JsonKind::kString) return !EqualStrings(a, b);
  if (a.kind != JsonKind::kArray) return a.text != b.text;
  if (a.elements.size() != b.elements.size()) return true;
  const std::size_t length = pointer.size();
  for (std::size_t i = 0; i < a.elements.size(); ++i) {
    AppendPointerToken(std::to_string(i), pointer);
    if (Differs(a.elements[i], b.elements[i], pointer)) return true;
    pointer.resize(length);
  }
  return false;
}

}  // namespace

std::variant<JsonNode, JsonFault> ParseJsonObject(std::string& text) {
  JsonReader reader;
  JsonNode root;
  root.kind = JsonKind::kObject;
  const JsonFault fault = reader.ReadObject(text, [&root](std::string_view name, JsonValue value) {
    root.members.push_back({std::string(name), {}});
    ReadNode(value, root.members.back().value);
  });
  if (fault != JsonFault::kNone) return fault;
  return root;
}

std::optional<JsonNode> ParseJsonValue(std::string_view text) {
  // Inside an object a scalar is read like every other value, and the text cannot close it: then more than
  // one member, or something behind the end, would be found.
  std::string document = "{\"\":" + std::string(text) + "}";
  auto parsed = ParseJsonObject(document);
  auto* const root = std::get_if<JsonNode>(&parsed);
  if (root == nullptr || root->members.size() != 1) return std::nullopt;
  return std::move(root->members.front().value);
}

std::string JsonText(const JsonNode& node) {
  std::string out;
  Write(node, -1, out);
  return out;
}

std::string IndentedJsonText(const JsonNode& node) {
  std::string out;
  Write(node, 0, out);
  return out;
}

std::string PutJson(JsonNode& root, const std::vector<std::string>& tokens, JsonNode value) {
  JsonNode* place = &root;
  std::string pointer;
  for (const std::string& token : tokens) {
    const bool last = &token == &tokens.back();
    const bool before_append = &token + 2 == tokens.data() + tokens.size() && tokens.back() == "-";
    if (place->kind == JsonKind::kArray) {
      const auto index = ParseIndex(token, place->elements.size());
      if (!index && !(last && token == "-")) return pointer + " is a list without an element " + token;
      place = index ? &place->elements[*index] : &place->elements.emplace_back();
    } else if (place->kind == JsonKind::kObject) {
      JsonNode* member = FindMember(*place, token);
      if (member == nullptr) {
        member = &place->members.emplace_back(JsonMember{token, {}}).value;
        if (!last) member->kind = before_append ? JsonKind::kArray : JsonKind::kObject;
      }
      place = member;
    } else {
      return pointer + " is neither an object nor a list";
    }
    AppendPointerToken(token, pointer);
  }
  *place = std::move(value);
  return {};
}

std::optional<std::string> FirstDifference(const JsonNode& a, const JsonNode& b) {
  std::string pointer;
  if (!Differs(a, b, pointer)) return std::nullopt;
  return pointer;
}

std::optional<std::string> WholeNumberText(std::string_view token) {
  const bool negative = token.starts_with('-');
  if (negative) token.remove_prefix(1);
  const std::size_t exponent_at = std::min(token.find_first_of("eE"), token.size());
  std::string_view exponent_text = token.substr(std::min(exponent_at + 1, token.size()));
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  int exponent = 0;
  if (exponent_at < token.size()) {
    const char* const end = exponent_text.data() + exponent_text.size();
    const auto parsed = std::from_chars(exponent_text.data(), end, exponent);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  }
  std::string digits(token.substr(0, exponent_at));
  const std::size_t point = digits.find('.');
  // Where the point stands, counted in digits from the front, once the exponent has moved it.
  std::int64_t whole = exponent;
  whole += static_cast<std::int64_t>(std::min(point, digits.size()));
  if (point != digits.npos) digits.erase(point, 1);
  const std::size_t first = digits.find_first_not_of('0');
  if (first == digits.npos) return "0";
  digits.erase(0, first);
  whole -= static_cast<std::int64_t>(first);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (whole < static_cast<std::int64_t>(digits.size()) ||
      whole > static_cast<std::int64_t>(kWholeNumberDigitsMax)) {
    return std::nullopt;
  }
  digits.append(static_cast<std::size_t>(whole) - digits.size(), '0');
  return negative ? "-" + digits : digits;
}

}  // namespace session_gateway
