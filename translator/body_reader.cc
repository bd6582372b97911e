#include "translator/body_reader.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "absl/strings/match.h"
#include "translator/additional_json.h"
#include "translator/date_text.h"
#include "translator/string_map.h"
#include "translator/timestamp_fields.h"
#include "translator/typed_pair.h"

namespace session_gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// One step of the pointer to what is being read; lives on the stack.
struct PointerStep {
  const PointerStep* above;
  std::string_view token;  // of a member
  int index;               // of an element, else -1

  void AppendTo(std::string& pointer) const {
    if (above != nullptr) above->AppendTo(pointer);
    AppendPointerToken(index >= 0 ? std::to_string(index) : token, pointer);
  }
};

// -? digits, within the type's range.
template <typename T>
std::optional<T> ParseInteger(std::string_view token) {
  T value{};
  if (std::numeric_limits<T>::is_signed == false && token == "-0") return value;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view token) {
  double value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

bool IsIntegerToken(std::string_view token) { return token.find_first_of(".eE") == std::string_view::npos; }

// What is read into, with its reflection, which takes a while to be asked for.
struct Target {
  explicit Target(Message& the_message) : message(the_message), reflection(*the_message.GetReflection()) {}
  Message& message;
  const Reflection& reflection;
};

class BodyReader {
 public:
  void Member(const MessagePlan& plan, std::string_view key, std::size_t& hint, std::uint64_t& seen,
              JsonValue value, const Target& target, const PointerStep* above) {
    const FieldPlan* field = plan.Find(key, hint);
    if (field == nullptr) {
      const std::string name(key);  // the view ends with the next key
      return Keep(PointerStep{above, name, -1}, value.Skip());
    }
    const auto position = static_cast<std::size_t>(field - plan.fields.data());
    hint = position + 1;
    const PointerStep step{above, field->name, -1};
    const std::uint64_t bit = std::uint64_t{1} << position;
    if ((seen & bit) != 0) Forget(*field, step, target);
    seen |= bit;
    if (value.kind() == JsonKind::kNull) return;
    Value(*field, step, value, target);
  }

  // Everything that was kept, into the outermost message.
  void StoreKept(const FieldDescriptor& map, Message& message) {
    for (auto& [pointer, text] : kept_) AddEntry(map, pointer, std::move(text), message);
  }

 private:
  void Object(const MessagePlan& plan, JsonValue value, Message& message, const PointerStep* step) {
    const Target target(message);
    std::size_t hint = 0;
    std::uint64_t seen = 0;
    value.Members(
        [&](std::string_view key, JsonValue member) { Member(plan, key, hint, seen, member, target, step); });
  }

  void Value(const FieldPlan& field, const PointerStep& step, JsonValue value, const Target& target) {
    if (field.repeated) {
      if (value.kind() == JsonKind::kArray) return List(field, step, value, target);
    } else if (field.form == FieldForm::kStringMap) {
      if (value.kind() == JsonKind::kObject) return StringMap(field, step, value, target.message);
    } else if (field.form == FieldForm::kMessage) {
      if (value.kind() == JsonKind::kObject) {
        return Object(*field.message, value, *target.reflection.MutableMessage(&target.message, field.field),
                      &step);
      }
    } else if (value.kind() == JsonKind::kString) {
      std::string_view text;
      if (value.ReadString(&text) && SetText(field, text, target)) return;
      return Keep(step, value.raw());
    } else if (value.kind() == JsonKind::kNumber || value.kind() == JsonKind::kBool) {
      if (SetToken(field, value.kind(), value.token(), target)) return;
    }
    Keep(step, value.Skip());
  }

  // A value from a JSON string. False when the field does not take it.
  static bool SetText(const FieldPlan& field, std::string_view text, const Target& target) {
    const auto& [message, reflection] = target;
    if (field.form == FieldForm::kDate) {
      const std::optional<Instant> instant = ParseDate(text);
      if (instant && *instant != kUnsetDate) {
        SetTimestamp(*instant, *reflection.MutableMessage(&message, field.field));
      }
      return instant.has_value();
    }
    if (field.form != FieldForm::kString && field.form != FieldForm::kGuid &&
        field.form != FieldForm::kIdText) {
      return false;
    }
    reflection.SetString(&message, field.field, std::string(text));
    return true;
  }

  // A value from a JSON number, true or false. False when the field does not take it.
  static bool SetToken(const FieldPlan& field, JsonKind kind, std::string_view token, const Target& target) {
    Message& message = target.message;
    const Reflection& reflection = target.reflection;
    if (kind == JsonKind::kBool) {
      if (field.form == FieldForm::kBool) reflection.SetBool(&message, field.field, token == "true");
      return field.form == FieldForm::kBool;
    }
    switch (field.form) {
      case FieldForm::kInt32:
        return Set(ParseInteger<std::int32_t>(token),
                   [&](auto v) { reflection.SetInt32(&message, field.field, v); });
      case FieldForm::kInt64:
        return Set(ParseInteger<std::int64_t>(token),
                   [&](auto v) { reflection.SetInt64(&message, field.field, v); });
      case FieldForm::kUint32:
        return Set(ParseInteger<std::uint32_t>(token),
                   [&](auto v) { reflection.SetUInt32(&message, field.field, v); });
      case FieldForm::kUint64:
        return Set(ParseInteger<std::uint64_t>(token),
                   [&](auto v) { reflection.SetUInt64(&message, field.field, v); });
      case FieldForm::kEnum:
        return Set(ParseInteger<std::int32_t>(token),
                   [&](auto v) { reflection.SetEnumValue(&message, field.field, v); });
      case FieldForm::kDouble:
        return Set(ParseDouble(token), [&](auto v) { reflection.SetDouble(&message, field.field, v); });
      case FieldForm::kIdText:
        if (IsIntegerToken(token)) reflection.SetString(&message, field.field, std::string(token));
        return IsIntegerToken(token);
      case FieldForm::kBool:
      case FieldForm::kString:
      case FieldForm::kGuid:
      case FieldForm::kDate:
      case FieldForm::kMessage:
      case FieldForm::kStringMap:
      case FieldForm::kTypedPair:
        return false;
    }
    return false;
  }

  template <typename T, typename Setter>
  static bool Set(std::optional<T> value, Setter&& setter) {
    if (value) setter(*value);
    return value.has_value();
  }

  // One odd element sends the whole list to additional_json.
  void List(const FieldPlan& field, const PointerStep& step, JsonValue value, const Target& target) {
    bool odd = false;
    int index = 0;
    const std::string_view text = value.Elements([&](JsonValue element) {
      const PointerStep place{&step, {}, index++};
      if (!Element(field, place, element, target)) odd = true;
    });
    if (!odd) return;
    Forget(field, step, target);
    Keep(step, text);
  }

  // Appends the element; false when the list does not take it. Consumes it in any case.
  bool Element(const FieldPlan& field, const PointerStep& place, JsonValue element, const Target& target) {
    const auto& [message, reflection] = target;
    if (field.form == FieldForm::kMessage && element.kind() == JsonKind::kObject) {
      Object(*field.message, element, *reflection.AddMessage(&message, field.field), &place);
      return true;
    }
    if (field.form == FieldForm::kTypedPair && element.kind() == JsonKind::kArray) {
      return Pair(field.pair, element, *reflection.AddMessage(&message, field.field));
    }
    std::string_view text;
    if (field.form == FieldForm::kString && element.kind() == JsonKind::kString &&
        element.ReadString(&text)) {
      reflection.AddString(&message, field.field, std::string(text));
      return true;
    }
    element.Skip();
    return false;
  }

  static bool Pair(const TypedPairPlan& plan, JsonValue element, Message& value) {
    std::vector<std::string> texts;
    bool odd = false;
    element.Elements([&](JsonValue part) {
      std::string_view text;
      if (part.kind() == JsonKind::kString && texts.size() < 2 && part.ReadString(&text)) {
        texts.emplace_back(text);
      } else {
        odd = true;
        part.Skip();
      }
    });
    return !odd && texts.size() == 2 && ReadTypedPair(plan, texts[0], texts[1], value);
  }

  void StringMap(const FieldPlan& field, const PointerStep& step, JsonValue value, Message& message) {
    std::map<std::string, std::optional<std::string>> entries;  // nothing: the last one of that name is odd
    const std::string_view text = value.Members([&](std::string_view key, JsonValue member) {
      std::optional<std::string>& entry = entries[std::string(key)];
      std::string_view content;
      if (member.kind() == JsonKind::kString && member.ReadString(&content)) {
        entry = content;
      } else {
        entry.reset();
        member.Skip();
      }
    });
    for (const auto& [key, content] : entries) {
      if (!content) return Keep(step, text);
    }
    for (const auto& [key, content] : entries) AddEntry(*field.field, key, *content, message);
  }

  void Keep(const PointerStep& step, std::string_view text) {
    std::string pointer;
    step.AppendTo(pointer);
    kept_[std::move(pointer)] = text;
  }

  // Takes back what an earlier member of the same name, or the elements of an odd list, left behind.
  void Forget(const FieldPlan& field, const PointerStep& step, const Target& target) {
    target.reflection.ClearField(&target.message, field.field);
    if (kept_.empty()) return;
    std::string pointer;
    step.AppendTo(pointer);
    kept_.erase(pointer);
    pointer += '/';
    auto first = kept_.lower_bound(pointer);
    auto last = first;
    while (last != kept_.end() && absl::StartsWith(last->first, pointer)) ++last;
    kept_.erase(first, last);
  }

  std::map<std::string, std::string> kept_;  // pointer -> JSON text
};

}  // namespace

JsonFault ReadBody(const BodyPlan& plan, JsonReader& reader, std::string& text, Message& message) {
  const MessagePlan& root = plan.root();
  BodyReader body;
  const Target target(message);
  std::size_t hint = 0;
  std::uint64_t seen = 0;
  const JsonFault fault = reader.ReadObject(text, [&](std::string_view key, JsonValue value) {
    body.Member(root, key, hint, seen, value, target, nullptr);
  });
  if (fault == JsonFault::kNone && root.additional_json != nullptr)
    body.StoreKept(*root.additional_json, message);
  return fault;
}

}  // namespace session_gateway
