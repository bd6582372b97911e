#include "translator/json_reader.h"

#include <set>

#include "translator/ascii.h"

namespace session_gateway {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view TrimEnd(std::string_view text) {
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t DigitsFrom(std::string_view text, std::size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

// RFC 8259: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool IsNumber(std::string_view text) {
  std::size_t at = !text.empty() && text.front() == '-' ? 1 : 0;
  std::size_t end = DigitsFrom(text, at);
  if (end == at || (text[at] == '0' && end != at + 1)) return false;
  if (end < text.size() && text[end] == '.') {
    at = end + 1;
    end = DigitsFrom(text, at);
    if (end == at) return false;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    at = end + 1;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    end = DigitsFrom(text, at);
    if (end == at) return false;
  }
  return end == text.size();
}

void AppendUtf8(std::uint32_t code_point, std::string& out) {
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code_point >> 18));
    out += static_cast<char>(0x80 | ((code_point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
}

std::optional<std::uint32_t> Hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (char c : text.substr(0, 4)) {
    value <<= 4;
    if (IsDigit(c)) {
      value |= static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value |= static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value |= static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

enum class Escapes { kGood, kLoneSurrogate, kBad };

// One `\uXXXX`, or two that form a surrogate pair, from the front of `rest` (which begins behind the first
// `\u`).
Escapes UnescapeUnicode(std::string_view& rest, std::string& out) {
  const std::optional<std::uint32_t> first = Hex4(rest);
  if (!first) return Escapes::kBad;
  rest.remove_prefix(4);
  const bool high = *first >= 0xD800 && *first < 0xDC00;
  const bool low = *first >= 0xDC00 && *first < 0xE000;
  if (low) return Escapes::kLoneSurrogate;
  if (!high) {
    AppendUtf8(*first, out);
    return Escapes::kGood;
  }
  if (rest.substr(0, 2) != "\\u") return Escapes::kLoneSurrogate;
  const std::optional<std::uint32_t> second = Hex4(rest.substr(2));
  if (!second) return Escapes::kBad;
  if (*second < 0xDC00 || *second >= 0xE000) return Escapes::kLoneSurrogate;  // it is read again by itself
  rest.remove_prefix(6);
  AppendUtf8(0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00), out);
  return Escapes::kGood;
}

char SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

// The characters between the quotes. A lone surrogate is reported only when every escape is well formed.
Escapes Unescape(std::string_view raw, std::string& out) {
  out.clear();
  Escapes worst = Escapes::kGood;
  while (!raw.empty()) {
    const std::size_t plain = raw.find('\\');
    out.append(raw.substr(0, plain));
    if (plain == std::string_view::npos) break;
    raw.remove_prefix(plain + 1);
    if (raw.empty()) return Escapes::kBad;
    const char kind = raw.front();
    raw.remove_prefix(1);
    if (kind == 'u') {
      const Escapes result = UnescapeUnicode(raw, out);
      if (result == Escapes::kBad) return result;
      if (result == Escapes::kLoneSurrogate) worst = result;
    } else if (const char c = SimpleEscape(kind)) {
      out += c;
    } else {
      return Escapes::kBad;
    }
  }
  return worst;
}

JsonKind KindOf(char first) {
  switch (first) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 'n':
      return JsonKind::kNull;
    case 't':
    case 'f':
      return JsonKind::kBool;
    default:
      return JsonKind::kNumber;
  }
}

bool IsGoodScalar(JsonKind kind, std::string_view token) {
  switch (kind) {
    case JsonKind::kNull:
      return token == "null";
    case JsonKind::kBool:
      return token == "true" || token == "false";
    case JsonKind::kNumber:
      return IsNumber(token);
    case JsonKind::kString:
      return token.size() >= 2 && token.back() == '"';
    case JsonKind::kArray:
    case JsonKind::kObject:
      return true;
  }
  return false;
}

JsonFault FaultOf(simdjson::error_code error) {
  return error == simdjson::UTF8_ERROR ? JsonFault::kUtf8 : JsonFault::kSyntax;
}

// Walks a value for CheckJsonText: as Skip, but without duplicate names and lone surrogates.
void CheckStrictly(JsonValue value, JsonFault& fault) {
  auto note = [&fault](JsonFault found) {
    if (fault == JsonFault::kNone) fault = found;
  };
  if (value.kind() == JsonKind::kObject) {
    std::set<std::string, std::less<>> names;
    value.Members([&](std::string_view key, JsonValue member) {
      if (!names.emplace(key).second) note(JsonFault::kDuplicateKey);
      CheckStrictly(member, fault);
    });
  } else if (value.kind() == JsonKind::kArray) {
    value.Elements([&](JsonValue element) { CheckStrictly(element, fault); });
  } else if (value.kind() == JsonKind::kString) {
    std::string_view text;
    if (!value.ReadString(&text)) note(JsonFault::kLoneSurrogate);
  }
}

}  // namespace

std::string_view JsonFaultText(JsonFault fault) {
  switch (fault) {
    case JsonFault::kNone:
      return "";
    case JsonFault::kSyntax:
      return "is not JSON";
    case JsonFault::kUtf8:
      return "is not valid UTF-8";
    case JsonFault::kDepth:
      return "is nested deeper than 64 levels";
    case JsonFault::kNotObject:
      return "is not a JSON object";
    case JsonFault::kKeySurrogate:
      return "has a lone surrogate in a member's name";
    case JsonFault::kDuplicateKey:
      return "has a member twice in one object";
    case JsonFault::kLoneSurrogate:
      return "has a lone surrogate in a string";
  }
  return "";
}

JsonValue::JsonValue(JsonReader& reader, simdjson::ondemand::value value) : reader_(reader), value_(value) {
  const std::string_view token = value_.raw_json_token();
  if (token.empty()) {
    reader_.Fail(JsonFault::kSyntax);
    return;
  }
  kind_ = KindOf(token.front());
  token_ = TrimEnd(token);
  if (!IsGoodScalar(kind_, token_)) reader_.Fail(JsonFault::kSyntax);
  // A string is taken from the parser at once: one that it steps over by itself may pass for a name when a
  // colon follows, and `{"a":"b":1}}` for JSON.
  simdjson::ondemand::raw_json_string taken;
  if (kind_ == JsonKind::kString && value_.get_raw_json_string().get(taken)) reader_.Fail(JsonFault::kSyntax);
}

bool JsonValue::ReadString(std::string_view* text) {
  const std::string_view raw = token_.substr(1, token_.size() - 2);
  if (raw.find('\\') == std::string_view::npos) {
    *text = raw;
    return true;
  }
  const Escapes escapes = Unescape(raw, reader_.string_);
  if (escapes == Escapes::kBad) reader_.Fail(JsonFault::kSyntax);
  *text = reader_.string_;
  return escapes == Escapes::kGood;
}

std::string_view JsonValue::Skip() {
  switch (kind_) {
    case JsonKind::kObject:
      return Members([](std::string_view, JsonValue value) { value.Skip(); });
    case JsonKind::kArray:
      return Elements([](JsonValue value) { value.Skip(); });
    case JsonKind::kString: {
      std::string_view text;
      ReadString(&text);  // for its escapes
      return token_;
    }
    case JsonKind::kNull:
    case JsonKind::kBool:
    case JsonKind::kNumber:
      return token_;
  }
  return token_;
}

std::string_view JsonValue::TextUpToHere() const {
  const char* next = nullptr;
  simdjson::ondemand::value value = value_;
  if (value.current_location().get(next)) return {};  // the outermost object: nothing stands behind it
  return TrimEnd(std::string_view(token_.data(), static_cast<std::size_t>(next - token_.data())));
}

std::optional<simdjson::ondemand::document> JsonReader::Begin(std::string& text) {
  fault_ = JsonFault::kNone;
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  std::string_view json = text;
  if (json.substr(0, kByteOrderMark.size()) == kByteOrderMark) json.remove_prefix(kByteOrderMark.size());
  const std::size_t readable = text.capacity() - (text.size() - json.size());
  simdjson::ondemand::document document;
  const simdjson::padded_string_view padded(json.data(), json.size(), readable);
  if (const simdjson::error_code error = parser_.iterate(padded).get(document)) {
    Fail(FaultOf(error));
    return std::nullopt;
  }
  return document;
}

void JsonReader::End(simdjson::ondemand::document& document) {
  const char* next = nullptr;
  if (document.current_location().get(next) != simdjson::OUT_OF_BOUNDS) Fail(JsonFault::kSyntax);
}

std::string_view JsonReader::ReadKey(const char* raw) {
  const char* end = raw;
  bool escaped = false;
  for (; *end != '"'; ++end) {
    if (*end != '\\') continue;
    escaped = true;
    ++end;
  }
  const std::string_view key(raw, static_cast<std::size_t>(end - raw));
  if (!escaped) return key;
  const Escapes escapes = Unescape(key, key_);
  if (escapes == Escapes::kBad) Fail(JsonFault::kSyntax);
  if (escapes == Escapes::kLoneSurrogate) Fail(JsonFault::kKeySurrogate);
  return key_;
}

JsonFault CheckJsonText(std::string_view text, int depth_above) {
  // A document of its own around the text lets a scalar be checked like every other value. The text cannot
  // close it: then more than one member, or something behind the end, would be found.
  std::string document = "{\"\":";
  document += text;
  document += '}';
  JsonReader reader;
  JsonFault fault = JsonFault::kNone;
  int members = 0;
  const JsonFault walk =
      reader.ReadObjectBelow(document, depth_above - 1, [&](std::string_view, JsonValue value) {
        ++members;
        CheckStrictly(value, fault);
      });
  if (walk != JsonFault::kNone) return walk;
  if (members != 1) return JsonFault::kSyntax;
  return fault;
}

}  // namespace session_gateway
