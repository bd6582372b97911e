#include "tests/sandbox/body_judge.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "tests/sandbox/value_rules.h"

namespace session_gateway::sandbox {
namespace {

using Json = nlohmann::json;

// Where a value may stand.
struct Slot {
  enum class Place { kMember, kString, kObject, kPair, kPairType, kPairValue, kAnything };
  Place place = Place::kAnything;
  const MemberRow* member = nullptr;  // of kMember
  std::string_view object;            // of kObject: its type
};

struct Frame {
  Slot slot;
  bool is_array = false;
  std::size_t index = 0;  // of an array's next value
  std::string key;        // of an object's running member
  std::set<std::string> keys;
  std::string pair_type;
};

std::string EscapePointer(std::string_view key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string_view Wanted(const Slot& slot) {
  using enum Slot::Place;
  switch (slot.place) {
    case kString:
    case kPairType:
    case kPairValue:
      return "a string";
    case kObject:
      return "an object";
    case kPair:
      return "an array of two strings";
    case kAnything:
      return "any value";
    case kMember:
      break;
  }
  switch (slot.member->kind) {
    case ValueKind::kString:
      return "a string";
    case ValueKind::kBool:
      return "true or false";
    case ValueKind::kInt32:
      return "an unquoted integer in the range of int32";
    case ValueKind::kInt64:
      return "an unquoted integer in the range of int64";
    case ValueKind::kUint32:
      return "an unquoted integer in the range of uint32";
    case ValueKind::kEnum:
      return "an unquoted integer (an enum)";
    case ValueKind::kDouble:
      return "an unquoted number with a fraction or an exponent";
    case ValueKind::kDate:
      return "a date yyyy-MM-ddTHH:mm:ss.fffZ";
    case ValueKind::kGuid:
      return "a GUID with hyphens";
    case ValueKind::kObject:
      return "an object";
    case ValueKind::kStringList:
      return "an array of strings";
    case ValueKind::kObjectList:
      return "an array of objects";
    case ValueKind::kTypedPairs:
      return "an array of pairs of strings";
    case ValueKind::kStringMap:
      return "an object of strings";
  }
  return "";
}

// Receives the parser's events; the first false ends the parse.
class Judge : public nlohmann::json_sax<Json> {
 public:
  explicit Judge(const Schema& schema) : schema_(schema) {}

  std::string problem;

  bool null() override {
    const Slot slot = Next();
    if (slot.place == Slot::Place::kMember || slot.place == Slot::Place::kAnything) return Done();
    return Mismatch(slot, "null");
  }
  bool boolean(bool value) override {
    return Scalar(value ? "true" : "false", [](ValueKind kind) { return kind == ValueKind::kBool; });
  }
  bool number_integer(number_integer_t value) override {
    return Scalar(std::to_string(value), [value](ValueKind kind) {
      if (kind == ValueKind::kInt64) return true;
      if (kind == ValueKind::kUint32)
        return value == 0;  // `-0`; the parser calls other positive ones unsigned
      return (kind == ValueKind::kInt32 || kind == ValueKind::kEnum) &&
             value >= std::numeric_limits<std::int32_t>::min();
    });
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Scalar(std::to_string(value), [value](ValueKind kind) {
      if (kind == ValueKind::kInt64) return value <= std::numeric_limits<std::int64_t>::max();
      if (kind == ValueKind::kUint32) return value <= std::numeric_limits<std::uint32_t>::max();
      return (kind == ValueKind::kInt32 || kind == ValueKind::kEnum) &&
             value <= std::numeric_limits<std::int32_t>::max();
    });
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Scalar(text, [&text](ValueKind kind) {
      return kind == ValueKind::kDouble && text.find_first_of(".eE") != std::string::npos;
    });
  }
  bool string(string_t& text) override;
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    Slot slot = Next();
    using enum Slot::Place;
    const bool member = slot.place == kMember && (slot.member->kind == ValueKind::kObject ||
                                                  slot.member->kind == ValueKind::kStringMap);
    if (!member && slot.place != kObject && slot.place != kAnything) return Mismatch(slot, "an object");
    if (member && slot.member->kind == ValueKind::kObject) slot = Slot{kObject, nullptr, slot.member->child};
    return Push(slot, false);
  }
  bool start_array(std::size_t) override {
    const Slot slot = Next();
    using enum Slot::Place;
    const bool list = slot.place == kMember && (slot.member->kind == ValueKind::kStringList ||
                                                slot.member->kind == ValueKind::kObjectList ||
                                                slot.member->kind == ValueKind::kTypedPairs);
    if (!list && slot.place != kPair && slot.place != kAnything) return Mismatch(slot, "an array");
    return Push(slot, true);
  }
  bool key(string_t& name) override;
  bool end_object() override {
    frames_.pop_back();
    return Done();
  }
  bool end_array() override {
    const Frame& frame = frames_.back();
    const std::size_t size = frame.index;
    const bool pair = frame.slot.place == Slot::Place::kPair;
    frames_.pop_back();
    if (pair && size != 2) return Fail("expected two strings, got " + std::to_string(size));
    return Done();
  }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    problem = "is not JSON: byte " + std::to_string(position) + ": " + error.what();
    return false;
  }

 private:
  Slot Next() const;
  bool Push(const Slot& slot, bool is_array) {
    if (frames_.size() == kDepthMax) return Fail("deeper than " + std::to_string(kDepthMax));
    Frame& frame = frames_.emplace_back();
    frame.slot = slot;
    frame.is_array = is_array;
    return true;
  }
  // A value has ended.
  bool Done() {
    if (!frames_.empty() && frames_.back().is_array) ++frames_.back().index;
    return true;
  }
  template <typename Fits>
  bool Scalar(const std::string& text, Fits fits) {
    const Slot slot = Next();
    if (slot.place == Slot::Place::kAnything) return Done();
    if (slot.place != Slot::Place::kMember || !fits(slot.member->kind)) return Mismatch(slot, text);
    return Done();
  }
  bool Mismatch(const Slot& slot, const std::string& got) {
    return Fail("expected " + std::string(Wanted(slot)) + ", got " + got.substr(0, 80));
  }
  bool Fail(const std::string& text) {
    problem = "at " + Pointer() + ": " + text;
    return false;
  }
  std::string Pointer() const {
    std::string pointer;
    for (const Frame& frame : frames_) {
      pointer += '/' + (frame.is_array ? std::to_string(frame.index) : EscapePointer(frame.key));
    }
    return pointer.empty() ? "the body" : pointer;
  }

  const Schema& schema_;
  std::vector<Frame> frames_;
};

Slot Judge::Next() const {
  using enum Slot::Place;
  if (frames_.empty()) return {kObject, nullptr, schema_.root()};
  const Frame& frame = frames_.back();
  if (frame.slot.place == kPair) {
    // A third value is counted and refused at the array's end.
    return {frame.index == 0 ? kPairType : frame.index == 1 ? kPairValue : kAnything, nullptr, {}};
  }
  if (frame.slot.place == kObject) {
    const MemberRow* member = schema_.Find(frame.slot.object, frame.key);
    if (member == nullptr) return {};
    return {kMember, member, {}};
  }
  if (frame.slot.place != kMember) return {};
  const MemberRow& member = *frame.slot.member;
  if (member.kind == ValueKind::kObjectList) return {kObject, nullptr, member.child};
  if (member.kind == ValueKind::kTypedPairs) return {kPair, nullptr, {}};
  return {kString, nullptr, {}};
}

bool Judge::string(string_t& text) {
  const Slot slot = Next();
  using enum Slot::Place;
  bool fits =
      slot.place == kAnything || slot.place == kString || slot.place == kPairType || slot.place == kPairValue;
  if (slot.place == kMember) {
    const ValueKind kind = slot.member->kind;
    fits = kind == ValueKind::kString || (kind == ValueKind::kDate && IsDate(text)) ||
           (kind == ValueKind::kGuid && IsGuid(text));
  }
  if (!fits) return Mismatch(slot, '"' + text + '"');
  if (slot.place == kPairType) {
    if (!IsSoamTypeName(text))
      return Fail("expected a type name SOAM_[A-Z0-9_]+, got \"" + text.substr(0, 80) + '"');
    frames_.back().pair_type = text;
  }
  if (slot.place == kPairValue) {
    const std::string wrong = CheckTypedValue(frames_.back().pair_type, text);
    if (!wrong.empty()) return Fail(wrong + ", got \"" + text.substr(0, 80) + '"');
  }
  return Done();
}

bool Judge::key(string_t& name) {
  Frame& frame = frames_.back();
  frame.key = name;
  if (!frame.keys.insert(name).second) return Fail("the key stands here twice");
  if (frame.slot.place != Slot::Place::kObject) return true;
  if (schema_.Find(frame.slot.object, name) != nullptr || schema_.IsExtra(name)) return true;
  return Fail("unknown member");
}

std::size_t SkipSpace(std::string_view text, std::size_t at) {
  const std::size_t next = text.find_first_not_of(" \t\r\n", at);
  return next == std::string_view::npos ? text.size() : next;
}

std::size_t EndOfString(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

std::size_t EndOfValue(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = EndOfString(text, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (depth == 0 && (c == ',' || c == '}')) break;
    if (c == '}' || c == ']') --depth;
    ++at;
  }
  while (std::string_view(" \t\r\n").find(text[at - 1]) != std::string_view::npos) --at;
  return at;
}

}  // namespace

std::string CheckBody(const Schema& schema, std::string_view body) {
  // The parser takes NUL for the end, and skips a byte-order mark.
  if (const std::size_t nul = body.find('\0'); nul != std::string_view::npos) {
    return "is not JSON: byte " + std::to_string(nul + 1) + " is NUL";
  }
  if (body.starts_with("\xEF\xBB\xBF")) return "is not JSON: it begins with a byte-order mark";
  Judge judge(schema);
  if (Json::sax_parse(body.begin(), body.end(), &judge)) return "";
  return judge.problem;
}

std::vector<std::pair<std::string, std::string>> SplitMembers(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> members;
  std::size_t at = SkipSpace(body, SkipSpace(body, 0) + 1);
  while (body[at] != '}') {
    const std::size_t key_end = EndOfString(body, at);
    std::string key = Json::parse(body.substr(at, key_end - at)).get<std::string>();
    const std::size_t begin = SkipSpace(body, SkipSpace(body, key_end) + 1);
    const std::size_t end = EndOfValue(body, begin);
    members.emplace_back(std::move(key), body.substr(begin, end - begin));
    at = SkipSpace(body, end);
    if (body[at] == ',') at = SkipSpace(body, at + 1);
  }
  return members;
}

}  // namespace session_gateway::sandbox
