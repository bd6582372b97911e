// Reading JSON: one strict streaming pass over a text that hands out each value with its raw text. The only
// place that names simdjson (On-Demand mode), which checks UTF-8 and finds the tokens; the grammar of
// scalars, escapes and depth are checked here, for On-Demand alone accepts `nul`, `[1 2]` and endless nesting
// where nobody looks.
//
//   JsonReader reader;
//   JsonFault fault = reader.ReadObject(text, [&](std::string_view key, JsonValue value) {
//     if (key == "id" && value.kind() == JsonKind::kString) value.ReadString(&id); else value.Skip();
//   });
//
// Every JsonValue must be consumed exactly once: by token() for null, bool and number, else by ReadString,
// Members, Elements or Skip. After a fault the walk ends by itself and the callbacks see no more values.
//
// Thread rule: one reader per thread, one document at a time. Never here: what a value means.
#pragma once

#ifndef SIMDJSON_EXCEPTIONS
#define SIMDJSON_EXCEPTIONS 0
#endif
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace session_gateway {

// Depth of nesting that is read and written, with the outermost object as 1.
inline constexpr int kJsonDepthMax = 64;

enum class JsonKind { kNull, kBool, kNumber, kString, kArray, kObject };

enum class JsonFault {
  kNone,
  kSyntax,        // not JSON
  kUtf8,          // not UTF-8
  kDepth,         // nested deeper than kJsonDepthMax
  kNotObject,     // JSON, but not an object
  kKeySurrogate,  // a member's name has a lone surrogate
  kDuplicateKey,  // only from CheckJsonText
  kLoneSurrogate  // only from CheckJsonText
};
std::string_view JsonFaultText(JsonFault fault);

class JsonReader;

class JsonValue {
 public:
  JsonKind kind() const { return kind_; }

  // The text of a null, bool or number, as it stands; in range or not.
  std::string_view token() const { return token_; }

  // The string's characters, valid until the next ReadString of this reader. False when it holds a lone
  // surrogate; raw() then has its JSON text.
  bool ReadString(std::string_view* text);

  // The JSON text of a scalar.
  std::string_view raw() const { return token_; }

  // Calls `on_member(key, value)` for each member of an object; returns the object's JSON text. `key` is
  // valid until the next key is read.
  template <typename OnMember>
  std::string_view Members(OnMember&& on_member);

  // Calls `on_element(value)` for each element of an array; returns the array's JSON text.
  template <typename OnElement>
  std::string_view Elements(OnElement&& on_element);

  // Checks the value to its end and returns its JSON text.
  std::string_view Skip();

 private:
  friend class JsonReader;
  JsonValue(JsonReader& reader, simdjson::ondemand::value value);

  std::string_view TextUpToHere() const;

  JsonReader& reader_;
  simdjson::ondemand::value value_;
  JsonKind kind_ = JsonKind::kNull;
  std::string_view token_;
};

class JsonReader {
 public:
  JsonReader() = default;
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // Reads a whole document that must be an object. `text` may grow in capacity (the parser reads up to 64
  // bytes behind the end) and keeps its content; the views handed out point into it. A byte-order mark is
  // skipped.
  template <typename OnMember>
  JsonFault ReadObject(std::string& text, OnMember&& on_member) {
    return ReadObjectBelow(text, 0, on_member);
  }

  // The same for a document that will stand inside `depth_above` levels of another.
  template <typename OnMember>
  JsonFault ReadObjectBelow(std::string& text, int depth_above, OnMember&& on_member);

  // The fault that ended the walk so far.
  JsonFault fault() const { return fault_; }

 private:
  friend class JsonValue;

  std::optional<simdjson::ondemand::document> Begin(std::string& text);
  void End(simdjson::ondemand::document& document);
  void Fail(JsonFault fault) {
    if (fault_ == JsonFault::kNone) fault_ = fault;
  }
  // The characters of a member's name that begins at `raw`, just behind its quote.
  std::string_view ReadKey(const char* raw);

  simdjson::ondemand::parser parser_;
  JsonFault fault_ = JsonFault::kNone;
  int depth_ = 0;
  std::string key_;
  std::string string_;
};

// Checks that `text` is one JSON value of RFC 8259: valid UTF-8, no lone surrogates, no duplicate names in an
// object, and, standing inside `depth_above` levels, not too deep.
JsonFault CheckJsonText(std::string_view text, int depth_above);

// -----------------------------------------------------------------------------------------------------------

template <typename OnMember>
std::string_view JsonValue::Members(OnMember&& on_member) {
  if (++reader_.depth_ > kJsonDepthMax) reader_.Fail(JsonFault::kDepth);
  simdjson::ondemand::object object;
  if (reader_.fault() != JsonFault::kNone || value_.get_object().get(object)) {
    reader_.Fail(JsonFault::kSyntax);
    return {};
  }
  for (auto result : object) {
    simdjson::ondemand::field field;
    if (std::move(result).get(field)) {
      reader_.Fail(JsonFault::kSyntax);
      return {};
    }
    const std::string_view key = reader_.ReadKey(field.key().raw());
    JsonValue value(reader_, field.value());
    if (reader_.fault() != JsonFault::kNone) return {};
    on_member(key, value);
    if (reader_.fault() != JsonFault::kNone) return {};
  }
  --reader_.depth_;
  return TextUpToHere();
}

template <typename OnElement>
std::string_view JsonValue::Elements(OnElement&& on_element) {
  if (++reader_.depth_ > kJsonDepthMax) reader_.Fail(JsonFault::kDepth);
  simdjson::ondemand::array array;
  if (reader_.fault() != JsonFault::kNone || value_.get_array().get(array)) {
    reader_.Fail(JsonFault::kSyntax);
    return {};
  }
  for (auto result : array) {
    simdjson::ondemand::value element;
    if (std::move(result).get(element)) {
      reader_.Fail(JsonFault::kSyntax);
      return {};
    }
    JsonValue value(reader_, element);
    if (reader_.fault() != JsonFault::kNone) return {};
    on_element(value);
    if (reader_.fault() != JsonFault::kNone) return {};
  }
  --reader_.depth_;
  return TextUpToHere();
}

template <typename OnMember>
JsonFault JsonReader::ReadObjectBelow(std::string& text, int depth_above, OnMember&& on_member) {
  std::optional<simdjson::ondemand::document> document = Begin(text);
  depth_ = depth_above;
  if (!document) return fault_;
  simdjson::ondemand::value root;
  if (document->get_value().get(root)) {
    Fail(JsonFault::kNotObject);
    return fault_;
  }
  JsonValue value(*this, root);
  if (fault_ == JsonFault::kNone && value.kind() != JsonKind::kObject) Fail(JsonFault::kNotObject);
  if (fault_ == JsonFault::kNone) value.Members(on_member);
  if (fault_ == JsonFault::kNone) End(*document);
  return fault_;
}

}  // namespace session_gateway
