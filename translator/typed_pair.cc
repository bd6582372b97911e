#include "translator/typed_pair.h"

#include <charconv>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "translator/json_text.h"

namespace session_gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kTypePrefix = "SOAM_";

bool IsTypeName(std::string_view type) {
  if (type.substr(0, kTypePrefix.size()) != kTypePrefix || type.size() == kTypePrefix.size()) return false;
  for (char c : type) {
    const bool allowed = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed) return false;
  }
  return true;
}

bool IsBase64(const TypedPairPlan::Alternative& alternative) {
  return alternative.field->type() == FieldDescriptor::TYPE_BYTES;
}

std::string AlternativeText(const TypedPairPlan::Alternative& alternative, const Message& value) {
  const Reflection& reflection = *value.GetReflection();
  const FieldDescriptor* field = alternative.field;
  if (alternative.form == FieldForm::kUint32) return absl::StrCat(reflection.GetUInt32(value, field));
  if (alternative.form == FieldForm::kInt64) return absl::StrCat(reflection.GetInt64(value, field));
  if (alternative.form == FieldForm::kUint64) return absl::StrCat(reflection.GetUInt64(value, field));
  std::string text = reflection.GetString(value, field);
  return IsBase64(alternative) ? absl::Base64Escape(text) : text;
}

void AppendPair(std::string_view type, std::string_view text, std::string& out) {
  out += '[';
  AppendJsonString(type, out);
  out += ',';
  AppendJsonString(text, out);
  out += ']';
}

void WriteOther(const TypedPairPlan& plan, const Message& other, const PathStep& path, std::string& out,
                Violations& violations) {
  const Reflection& reflection = *other.GetReflection();
  const std::string type = reflection.GetString(other, plan.other_type);
  if (!IsTypeName(type)) {
    const PathStep message{&path, plan.other->name()};
    const PathStep field{&message, plan.other_type->name()};
    return violations.Add(field.Text(), "must be SOAM_ and then capitals, digits or underscores");
  }
  AppendPair(type, reflection.GetString(other, plan.other_value), out);
}

// The number, when `text` is exactly how it would be written.
template <typename T>
std::optional<T> ParseCanonical(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || absl::StrCat(value) != text)
    return std::nullopt;
  return value;
}

bool SetBytes(std::string_view text, const FieldDescriptor* field, Message& value) {
  std::string bytes;
  if (!absl::Base64Unescape({text.data(), text.size()}, &bytes) || absl::Base64Escape(bytes) != text)
    return false;
  value.GetReflection()->SetString(&value, field, std::move(bytes));
  return true;
}

bool SetAlternative(const TypedPairPlan::Alternative& alternative, std::string_view text, Message& value) {
  const Reflection& reflection = *value.GetReflection();
  const FieldDescriptor* field = alternative.field;
  if (IsBase64(alternative)) return SetBytes(text, field, value);
  if (alternative.form == FieldForm::kString) {
    reflection.SetString(&value, field, std::string(text));
    return true;
  }
  if (alternative.form == FieldForm::kUint32) {
    const auto number = ParseCanonical<std::uint32_t>(text);
    if (number) reflection.SetUInt32(&value, field, *number);
    return number.has_value();
  }
  if (alternative.form == FieldForm::kInt64) {
    const auto number = ParseCanonical<std::int64_t>(text);
    if (number) reflection.SetInt64(&value, field, *number);
    return number.has_value();
  }
  const auto number = ParseCanonical<std::uint64_t>(text);
  if (number) reflection.SetUInt64(&value, field, *number);
  return number.has_value();
}

}  // namespace

void WriteTypedPair(const TypedPairPlan& plan, const Message& value, const PathStep& path, std::string& out,
                    Violations& violations) {
  const Reflection& reflection = *value.GetReflection();
  const FieldDescriptor* set = reflection.GetOneofFieldDescriptor(value, plan.value);
  if (set == nullptr) return violations.Add(path.Text(), "must have a value set");
  if (set == plan.other) return WriteOther(plan, reflection.GetMessage(value, set), path, out, violations);
  for (const auto& alternative : plan.alternatives) {
    if (alternative.field == set)
      return AppendPair(alternative.type_name, AlternativeText(alternative, value), out);
  }
}

bool ReadTypedPair(const TypedPairPlan& plan, std::string_view type, std::string_view text, Message& value) {
  if (!IsTypeName(type)) return false;
  for (const auto& alternative : plan.alternatives) {
    if (alternative.type_name == type && SetAlternative(alternative, text, value)) return true;
  }
  Message& other = *value.GetReflection()->MutableMessage(&value, plan.other);
  const Reflection& reflection = *other.GetReflection();
  reflection.SetString(&other, plan.other_type, std::string(type));
  reflection.SetString(&other, plan.other_value, std::string(text));
  return true;
}

}  // namespace session_gateway
