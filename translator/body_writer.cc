#include "translator/body_writer.h"

#include <cmath>

#include "absl/strings/escaping.h"
#include "translator/additional_json.h"
#include "translator/date_text.h"
#include "translator/guid.h"
#include "translator/json_text.h"
#include "translator/string_map.h"
#include "translator/timestamp_fields.h"
#include "translator/typed_pair.h"

namespace session_gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// A message with its reflection, which takes a while to be asked for.
struct Known {
  explicit Known(const Message& the_message)
      : message(the_message), reflection(*the_message.GetReflection()) {}
  const Message& message;
  const Reflection& reflection;
};

class BodyWriter {
 public:
  BodyWriter(const AdditionalMembers& additional, std::string& out, Violations& violations)
      : additional_(additional), out_(out), violations_(violations) {}

  void Object(const MessagePlan& plan, const Message& message, const PathStep* path) {
    out_ += '{';
    const std::size_t begin = out_.size();
    const Known known(message);
    for (const FieldPlan& field : plan.fields) {
      if (!IsWritten(field, known)) continue;
      if (out_.size() > begin) out_ += ',';
      out_ += field.key;
      Member(field, known, path);
    }
    if (!additional_.empty()) {
      if (const auto* members = additional_.In(pointer_)) {
        for (const auto& member : *members) {
          if (out_.size() > begin) out_ += ',';
          out_ += member.key;
          out_ += member.text;
        }
      }
    }
    out_ += '}';
  }

 private:
  // An absent object is written when the caller put something into it.
  bool IsWritten(const FieldPlan& field, const Known& known) {
    const auto& [message, reflection] = known;
    if (field.field->is_repeated()) return reflection.FieldSize(message, field.field) > 0;
    if (reflection.HasField(message, field.field)) return true;
    if (field.form != FieldForm::kMessage || additional_.empty()) return false;
    std::string pointer = pointer_;
    AppendPointerToken(field.name, pointer);
    return additional_.ReachesInto(pointer);
  }

  void Member(const FieldPlan& field, const Known& known, const PathStep* above) {
    const auto& [message, reflection] = known;
    const PathStep path{above, {field.field->name()}};
    if (field.form == FieldForm::kStringMap) return StringMap(field, message);
    if (field.repeated) return List(field, known, path);
    switch (field.form) {
      case FieldForm::kBool:
        out_ += reflection.GetBool(message, field.field) ? "true" : "false";
        return;
      case FieldForm::kInt32:
        return AppendJsonInteger(std::int64_t{reflection.GetInt32(message, field.field)}, out_);
      case FieldForm::kInt64:
        return AppendJsonInteger(std::int64_t{reflection.GetInt64(message, field.field)}, out_);
      case FieldForm::kUint32:
        return AppendJsonInteger(std::uint64_t{reflection.GetUInt32(message, field.field)}, out_);
      case FieldForm::kUint64:
        return AppendJsonInteger(std::uint64_t{reflection.GetUInt64(message, field.field)}, out_);
      case FieldForm::kEnum:
        return AppendJsonInteger(std::int64_t{reflection.GetEnumValue(message, field.field)}, out_);
      case FieldForm::kDouble:
        return Double(reflection.GetDouble(message, field.field), path);
      case FieldForm::kString:
      case FieldForm::kIdText:
        return AppendJsonString(reflection.GetStringReference(message, field.field, &scratch_), out_);
      case FieldForm::kGuid:
        return Guid(reflection.GetStringReference(message, field.field, &scratch_), path);
      case FieldForm::kDate:
        return Date(reflection.GetMessage(message, field.field), path);
      case FieldForm::kMessage:
        return Child(*field.message, reflection.GetMessage(message, field.field), path, field.name);
      case FieldForm::kStringMap:
      case FieldForm::kTypedPair:
        return;  // a map and a list, written above
    }
  }

  // An object below this one; the pointer follows only when somebody asks for it.
  void Child(const MessagePlan& plan, const Message& message, const PathStep& path, std::string_view token) {
    if (additional_.empty()) return Object(plan, message, &path);
    const std::size_t length = pointer_.size();
    AppendPointerToken(token, pointer_);
    if (path.index >= 0) AppendPointerToken(std::to_string(path.index), pointer_);
    Object(plan, message, &path);
    pointer_.resize(length);
  }

  void List(const FieldPlan& field, const Known& known, PathStep path) {
    const auto& [message, reflection] = known;
    const int size = reflection.FieldSize(message, field.field);
    out_ += '[';
    for (int i = 0; i < size; ++i) {
      if (i > 0) out_ += ',';
      path.index = i;
      if (field.form == FieldForm::kMessage) {
        Child(*field.message, reflection.GetRepeatedMessage(message, field.field, i), path, field.name);
      } else if (field.form == FieldForm::kTypedPair) {
        WriteTypedPair(field.pair, reflection.GetRepeatedMessage(message, field.field, i), path, out_,
                       violations_);
      } else {
        AppendJsonString(reflection.GetRepeatedStringReference(message, field.field, i, &scratch_), out_);
      }
    }
    out_ += ']';
  }

  void StringMap(const FieldPlan& field, const Message& message) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : SortedEntries(message, *field.field)) {
      if (!first) out_ += ',';
      first = false;
      AppendJsonString(key, out_);
      out_ += ':';
      AppendJsonString(value, out_);
    }
    out_ += '}';
  }

  void Double(double value, const PathStep& path) {
    if (!std::isfinite(value)) return violations_.Add(path.Text(), "must be a finite number");
    AppendJsonDouble(value, out_);
  }

  void Guid(const std::string& text, const PathStep& path) {
    if (!IsGuidOrEmpty(text)) {
      return violations_.Add(path.Text(), "must be a GUID with hyphens and without braces, or empty");
    }
    AppendJsonString(text, out_);
  }

  void Date(const Message& timestamp, const PathStep& path) {
    const Instant instant = GetTimestamp(timestamp);
    if (!IsValidInstant(instant)) {
      return violations_.Add(path.Text(),
                             "must lie in the years 0001 to 9999, with nanos from 0 to 999999999");
    }
    AppendJsonDate(instant, out_);
  }

  const AdditionalMembers& additional_;
  std::string& out_;
  Violations& violations_;
  std::string pointer_;  // of the object that is being written; kept only when there are additional members
  std::string scratch_;
};

}  // namespace

void WriteBody(const BodyPlan& plan, const Message& message, const PathStep* path, std::string& out,
               Violations& violations) {
  const AdditionalMembers additional(plan.root(), message, path, violations);
  BodyWriter(additional, out, violations).Object(plan.root(), message, path);
}

}  // namespace session_gateway
