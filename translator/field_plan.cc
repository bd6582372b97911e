#include "translator/field_plan.h"

#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "translator/json_text.h"

namespace session_gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using sessiongateway::v1::RestEncoding;
using sessiongateway::v1::RestField;
namespace v1 = sessiongateway::v1;

constexpr char kTimestamp[] = "google.protobuf.Timestamp";

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

bool IsMessage(const FieldDescriptor& field) { return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; }

bool IsStringMap(const FieldDescriptor& field) {
  return field.is_map() && field.message_type()->map_key()->type() == FieldDescriptor::TYPE_STRING &&
         field.message_type()->map_value()->type() == FieldDescriptor::TYPE_STRING;
}

std::optional<FieldForm> ScalarForm(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return FieldForm::kBool;
    case FieldDescriptor::CPPTYPE_INT32:
      return FieldForm::kInt32;
    case FieldDescriptor::CPPTYPE_INT64:
      return FieldForm::kInt64;
    case FieldDescriptor::CPPTYPE_UINT32:
      return FieldForm::kUint32;
    case FieldDescriptor::CPPTYPE_UINT64:
      return FieldForm::kUint64;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return FieldForm::kDouble;
    case FieldDescriptor::CPPTYPE_ENUM:
      return FieldForm::kEnum;
    case FieldDescriptor::CPPTYPE_STRING:
      return FieldForm::kString;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<FieldForm> PlainForm(const FieldDescriptor& field) {
  if (field.is_map()) return IsStringMap(field) ? std::optional(FieldForm::kStringMap) : std::nullopt;
  if (IsMessage(field)) {
    // A message of Google's own has no options; it needs an encoding.
    const bool known = field.message_type()->file()->package() != "google.protobuf";
    return known ? std::optional(FieldForm::kMessage) : std::nullopt;
  }
  if (field.type() == FieldDescriptor::TYPE_BYTES) return std::nullopt;
  return ScalarForm(field);
}

std::optional<FieldForm> FormOf(const FieldDescriptor& field, RestEncoding encoding) {
  const bool text = field.type() == FieldDescriptor::TYPE_STRING && !field.is_repeated();
  const bool message = IsMessage(field) && !field.is_map();
  if (encoding == v1::REST_ENCODING_PLAIN) return PlainForm(field);
  const bool date = message && !field.is_repeated() && field.message_type()->full_name() == kTimestamp;
  if (encoding == v1::REST_ENCODING_DATE && date) return FieldForm::kDate;
  if (encoding == v1::REST_ENCODING_GUID && text) return FieldForm::kGuid;
  if (encoding == v1::REST_ENCODING_ID_TEXT && text) return FieldForm::kIdText;
  if (encoding == v1::REST_ENCODING_TYPED_PAIR && message && field.is_repeated())
    return FieldForm::kTypedPair;
  return std::nullopt;
}

bool HasListForm(FieldForm form) {
  return form == FieldForm::kString || form == FieldForm::kMessage || form == FieldForm::kTypedPair;
}

}  // namespace

// Walks the messages below the body; the first thing that is wrong ends it.
class PlanCompiler {
 public:
  PlanCompiler(const OptionsOf& options_of, BodyPlan& body) : options_of_(options_of), body_(body) {}

  const MessagePlan* Message(const Descriptor& descriptor, bool outermost) {
    if (const auto known = plans_.find(&descriptor); known != plans_.end()) return known->second;
    if (!open_.insert(&descriptor).second) {
      return Fail(std::string(descriptor.full_name()), "contains itself"), nullptr;
    }
    // The outermost plan comes first although it is finished last.
    body_.plans_.push_back(std::make_unique<MessagePlan>());
    MessagePlan& plan = *body_.plans_.back();
    for (int i = 0; i < descriptor.field_count() && error_.empty(); ++i) {
      Field(*descriptor.field(i), outermost, plan);
    }
    if (plan.fields.size() > kFieldsMax)
      Fail(std::string(descriptor.full_name()), "has more than 64 members");
    open_.erase(&descriptor);
    plans_[&descriptor] = &plan;
    return &plan;
  }

  const std::string& error() const { return error_; }

 private:
  void Fail(const std::string& where, std::string_view rule) {
    if (error_.empty()) error_ = absl::StrCat(where, ": ", ToAbsl(rule));
  }
  void Fail(const FieldDescriptor& field, std::string_view rule) {
    Fail(std::string(field.full_name()), rule);
  }

  void Field(const FieldDescriptor& field, bool outermost, MessagePlan& plan) {
    const RestField options = options_of_(field);
    if (options.local()) {
      if (options.has_name() || options.has_encoding())
        Fail(field, "a local field has no name and no encoding");
      return;
    }
    if (options.encoding() == v1::REST_ENCODING_ADDITIONAL_JSON)
      return Additional(field, options, outermost, plan);
    if (options.name().empty()) return Fail(field, "has no name option and is not local");

    FieldPlan out;
    out.field = &field;
    out.name = options.name();
    AppendJsonString(out.name, out.key);
    out.key += ':';
    const std::optional<FieldForm> form = FormOf(field, options.encoding());
    if (!form) return Fail(field, "its encoding does not fit its type");
    out.form = *form;
    out.repeated = field.is_repeated() && !field.is_map();
    if (out.repeated && !HasListForm(out.form)) return Fail(field, "a list of this type has no form");
    if (!field.is_repeated() && !field.has_presence())
      return Fail(field, "has no presence: declare it optional");
    if (plan.FindIgnoringCase(out.name) != nullptr) return Fail(field, "its name is taken in this message");
    if (out.form == FieldForm::kMessage) out.message = Message(*field.message_type(), false);
    if (out.form == FieldForm::kTypedPair) Pair(field, out.pair);
    plan.fields.push_back(std::move(out));
  }

  void Additional(const FieldDescriptor& field, const RestField& options, bool outermost, MessagePlan& plan) {
    if (options.has_name()) return Fail(field, "additional_json has no name");
    if (!IsStringMap(field)) return Fail(field, "additional_json is a map<string, string>");
    if (!outermost) return Fail(field, "additional_json belongs into the outermost message");
    if (plan.additional_json != nullptr) return Fail(field, "a second additional_json");
    plan.additional_json = &field;
  }

  void Pair(const FieldDescriptor& field, TypedPairPlan& pair) {
    const Descriptor& message = *field.message_type();
    if (message.oneof_decl_count() != 1 || message.oneof_decl(0)->field_count() != message.field_count()) {
      return Fail(field, "a typed pair is a message of one oneof");
    }
    pair.value = message.oneof_decl(0);
    for (int i = 0; i < message.field_count() && error_.empty(); ++i)
      PairAlternative(*message.field(i), pair);
    if (error_.empty() && pair.other == nullptr) Fail(field, "a typed pair has an alternative for any type");
  }

  void PairAlternative(const FieldDescriptor& field, TypedPairPlan& pair) {
    if (IsMessage(field)) return PairOfAnyType(field, pair);
    const RestField options = options_of_(field);
    if (options.has_encoding() || options.has_local()) {
      return Fail(field, "an alternative of a typed pair has a type name alone");
    }
    const std::optional<FieldForm> form = ScalarForm(field);
    const bool fits = form == FieldForm::kString || form == FieldForm::kUint32 || form == FieldForm::kInt64 ||
                      form == FieldForm::kUint64;
    if (!fits) return Fail(field, "its type has no form in a typed pair");
    if (options.name().empty()) return Fail(field, "has no type name");
    for (const auto& alternative : pair.alternatives) {
      if (alternative.type_name == options.name()) return Fail(field, "its type name is taken");
    }
    pair.alternatives.push_back({&field, *form, options.name()});
  }

  void PairOfAnyType(const FieldDescriptor& field, TypedPairPlan& pair) {
    const Descriptor& other = *field.message_type();
    const bool two_texts = other.field_count() == 2 &&
                           other.field(0)->type() == FieldDescriptor::TYPE_STRING &&
                           other.field(1)->type() == FieldDescriptor::TYPE_STRING;
    if (!two_texts || pair.other != nullptr) {
      return Fail(field, "the pair of any type is one message of two strings");
    }
    pair.other = &field;
    pair.other_type = other.field(0);
    pair.other_value = other.field(1);
    for (const FieldDescriptor* part : {pair.other, pair.other_type, pair.other_value}) {
      const RestField options = options_of_(*part);
      if (options.has_name() || options.has_encoding() || options.has_local()) {
        return Fail(*part, "the pair of any type has no options");
      }
    }
  }

  const OptionsOf& options_of_;
  BodyPlan& body_;
  std::map<const Descriptor*, const MessagePlan*> plans_;
  std::set<const Descriptor*> open_;  // whose fields are being compiled
  std::string error_;
};

const FieldPlan* MessagePlan::Find(std::string_view name, std::size_t hint) const {
  const std::size_t count = fields.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = hint + i < count ? hint + i : hint + i - count;
    if (fields[at].name == name) return &fields[at];
  }
  return nullptr;
}

const FieldPlan* MessagePlan::FindIgnoringCase(std::string_view name) const {
  for (const FieldPlan& field : fields) {
    if (absl::EqualsIgnoreCase(ToAbsl(field.name), ToAbsl(name))) return &field;
  }
  return nullptr;
}

RestField DeclaredOptions(const FieldDescriptor& field) { return field.options().GetExtension(v1::rest); }

std::variant<BodyPlan, std::string> BodyPlan::Compile(const Descriptor& body, const OptionsOf& options_of) {
  BodyPlan plan;
  PlanCompiler compiler(options_of, plan);
  compiler.Message(body, true);
  if (!compiler.error().empty()) return compiler.error();
  return plan;
}

}  // namespace session_gateway
