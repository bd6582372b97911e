#include "server/client/body_examiner.h"

#include <google/protobuf/descriptor.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <set>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "translator/additional_json.h"
#include "translator/date_text.h"
#include "translator/guid.h"
#include "translator/json_text.h"
#include "translator/typed_pair.h"

namespace session_gateway {
namespace {

constexpr std::int32_t kNanosPerMillisecond = 1'000'000;

std::string_view KindText(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return "true or false";
    case JsonKind::kNumber:
      return "a number";
    case JsonKind::kString:
      return "a string";
    case JsonKind::kArray:
      return "a list";
    case JsonKind::kObject:
      return "an object";
  }
  return "";
}

std::string_view WantedText(FieldForm form) {
  switch (form) {
    case FieldForm::kBool:
      return "true or false";
    case FieldForm::kString:
    case FieldForm::kGuid:
    case FieldForm::kIdText:
      return "a string";
    case FieldForm::kInt32:
      return "a whole number from -2147483648 to 2147483647";
    case FieldForm::kInt64:
      return "a whole number of at most 64 bits";
    case FieldForm::kUint32:
      return "a whole number from 0 to 4294967295";
    case FieldForm::kUint64:
      return "a whole number from 0 to 18446744073709551615";
    case FieldForm::kDouble:
      return "a number that a double can hold";
    case FieldForm::kEnum:
      return "a whole number";
    case FieldForm::kMessage:
    case FieldForm::kStringMap:
      return "an object";
    case FieldForm::kDate:
      return "a date in a string";
    case FieldForm::kTypedPair:
      return "a list of a type name and a value, both strings";
  }
  return "";
}

template <typename T>
bool FitsIn(std::string_view digits) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size();
}

bool Fits(FieldForm form, std::string_view digits) {
  if (form == FieldForm::kInt64) return FitsIn<std::int64_t>(digits);
  if (form == FieldForm::kUint32) return FitsIn<std::uint32_t>(digits);
  if (form == FieldForm::kUint64) return FitsIn<std::uint64_t>(digits);
  return FitsIn<std::int32_t>(digits);
}

bool IsWholeNumber(FieldForm form) {
  return form == FieldForm::kInt32 || form == FieldForm::kInt64 || form == FieldForm::kUint32 ||
         form == FieldForm::kUint64 || form == FieldForm::kEnum;
}

// `; its number is 7`, when the text is the name of a value: FinishedSuccess of
// TASK_EXECUTION_STATUS_FINISHED_SUCCESS.
std::string NumberOfName(const google::protobuf::EnumDescriptor& type, std::string_view name) {
  const std::string wanted =
      absl::AsciiStrToUpper(absl::StrReplaceAll({name.data(), name.size()}, {{"_", ""}}));
  if (wanted.empty()) return {};
  const std::string prefix = absl::AsciiStrToUpper(type.name());
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string full = absl::StrReplaceAll(type.value(i)->name(), {{"_", ""}});
    if (full == wanted || full == prefix + wanted)
      return absl::StrCat("; its number is ", type.value(i)->number());
  }
  return {};
}

// What to do with a value that stands where a string belongs.
std::string_view Quotes(const JsonNode& node) {
  return node.kind == JsonKind::kNumber || node.kind == JsonKind::kBool ? "; put it in quotes" : "";
}

class BodyExaminer {
 public:
  explicit BodyExaminer(BodyFindings& findings) : findings_(findings) {}

  void Object(const MessagePlan& plan, JsonNode& object) {
    NamesOf(object);
    for (JsonMember& member : object.members) {
      tokens_.push_back(member.name);
      Member(plan, member);
      tokens_.pop_back();
    }
  }

 private:
  std::string Pointer() const {
    std::string pointer;
    for (const std::string& token : tokens_) AppendPointerToken(token, pointer);
    return pointer;
  }

  void Refuse(std::string rule) { findings_.problems.push_back({Pointer(), std::move(rule)}); }

  void Unlike(const JsonNode& node, std::string_view wanted, std::string_view more) {
    std::string rule = "is ";
    rule += KindText(node.kind);
    rule += "; it must be ";
    rule += wanted;
    rule += more;
    Refuse(std::move(rule));
  }

  // An object's names, of which none may stand twice: which of them counts depends on who reads it.
  void NamesOf(const JsonNode& object) {
    std::set<std::string_view> names;
    for (const JsonMember& member : object.members) {
      if (names.insert(member.name).second) continue;
      tokens_.push_back(member.name);
      Refuse("stands twice in its object; remove one of them");
      tokens_.pop_back();
    }
  }

  void Member(const MessagePlan& plan, JsonMember& member) {
    const FieldPlan* const field = plan.Find(member.name, 0);
    if (field != nullptr) return Known(*field, member.value);
    if (const FieldPlan* const similar = plan.FindIgnoringCase(member.name)) {
      return Refuse("differs from " + similar->name + " only in case; write " + similar->name);
    }
    Unknown(member.value);
  }

  // What the gateway splices unchanged must be JSON in the strict sense.
  void Unknown(const JsonNode& node) {
    if (node.lone_surrogate) Refuse("holds half of a surrogate pair, which is no character");
    NamesOf(node);
    for (const JsonMember& member : node.members) {
      tokens_.push_back(member.name);
      Unknown(member.value);
      tokens_.pop_back();
    }
    for (std::size_t i = 0; i < node.elements.size(); ++i) {
      tokens_.push_back(std::to_string(i));
      Unknown(node.elements[i]);
      tokens_.pop_back();
    }
  }

  void Known(const FieldPlan& field, JsonNode& node) {
    if (node.kind == JsonKind::kNull) {
      findings_.additional[Pointer()] = "null";
    } else if (field.repeated) {
      List(field, node);
    } else {
      Value(field, node);
    }
  }

  void List(const FieldPlan& field, JsonNode& node) {
    if (node.kind != JsonKind::kArray) return Unlike(node, "a list", "");
    if (node.elements.empty()) findings_.additional[Pointer()] = "[]";
    for (std::size_t i = 0; i < node.elements.size(); ++i) {
      tokens_.push_back(std::to_string(i));
      Value(field, node.elements[i]);
      tokens_.pop_back();
    }
  }

  void Value(const FieldPlan& field, JsonNode& node) {
    if (field.form == FieldForm::kTypedPair) return Pair(field.pair, node);
    if (field.form == FieldForm::kMessage || field.form == FieldForm::kStringMap) {
      if (node.kind != JsonKind::kObject) return Unlike(node, "an object", "");
      return field.form == FieldForm::kMessage ? Object(*field.message, node) : Map(node);
    }
    if (node.lone_surrogate) return Refuse("holds half of a surrogate pair, which is no character");
    if (IsWholeNumber(field.form)) return WholeNumber(field, node);
    if (field.form == FieldForm::kDouble) return Double(node);
    if (field.form == FieldForm::kBool) {
      if (node.kind != JsonKind::kBool) Unlike(node, WantedText(field.form), "");
      return;
    }
    if (node.kind != JsonKind::kString) {
      return Unlike(node, WantedText(field.form), Quotes(node));
    }
    if (field.form == FieldForm::kDate) Date(node);
  }

  void WholeNumber(const FieldPlan& field, JsonNode& node) {
    const std::string_view wanted = WantedText(field.form);
    if (node.kind == JsonKind::kString && field.form == FieldForm::kEnum) {
      const std::string number = NumberOfName(*field.field->enum_type(), node.characters);
      return Unlike(node, wanted, number);
    }
    if (node.kind != JsonKind::kNumber) {
      return Unlike(node, wanted, node.kind == JsonKind::kString ? "; remove the quotes" : "");
    }
    const std::optional<std::string> digits = WholeNumberText(node.text);
    if (!digits || !Fits(field.form, *digits)) {
      return Refuse(absl::StrCat("must be ", absl::string_view(wanted.data(), wanted.size())));
    }
    node.text = *digits;
  }

  void Double(const JsonNode& node) {
    if (node.kind != JsonKind::kNumber) {
      return Unlike(node, WantedText(FieldForm::kDouble),
                    node.kind == JsonKind::kString ? "; remove the quotes" : "");
    }
    if (!FitsIn<double>(node.text)) Refuse("is out of the range of a double");
  }

  void Date(const JsonNode& node) {
    const std::optional<Instant> instant = ParseDate(node.characters);
    if (!instant) {
      Refuse("is no date as the gateway takes it: yyyy-MM-ddTHH:mm:ss, a fraction or none, then Z or +hh:mm");
    } else if (instant->nanos % kNanosPerMillisecond != 0) {
      Refuse("is finer than a millisecond, which would be cut off; write at most three digits of fraction");
    } else if (*instant == kUnsetDate) {
      findings_.unset_dates.push_back(tokens_);
    }
  }

  void Map(const JsonNode& node) {
    NamesOf(node);
    if (node.members.empty()) Refuse("is an empty object, for which the gateway has no form; leave it out");
    for (const JsonMember& member : node.members) {
      tokens_.push_back(member.name);
      if (member.value.lone_surrogate) {
        Refuse("holds half of a surrogate pair, which is no character");
      } else if (member.value.kind != JsonKind::kString) {
        Unlike(member.value, "a string", Quotes(member.value));
      }
      tokens_.pop_back();
    }
  }

  void Pair(const TypedPairPlan& plan, const JsonNode& node) {
    const std::string_view wanted = WantedText(FieldForm::kTypedPair);
    if (node.kind != JsonKind::kArray) return Unlike(node, wanted, ", such as [\"SOAM_UINT32\",\"4\"]");
    bool strings = node.elements.size() == 2;
    for (const JsonNode& part : node.elements)
      strings &= part.kind == JsonKind::kString && !part.lone_surrogate;
    if (!strings) {
      return Refuse(absl::StrCat("must be ", absl::string_view(wanted.data(), wanted.size()),
                                 ", such as [\"SOAM_UINT32\",\"4\"]"));
    }
    const auto* const prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(plan.value->containing_type());
    const std::unique_ptr<google::protobuf::Message> value(prototype->New());
    if (ReadTypedPair(plan, node.elements[0].characters, node.elements[1].characters, *value)) return;
    tokens_.push_back("0");
    Refuse("is no type name; it must be SOAM_ and then capitals, digits or underscores");
    tokens_.pop_back();
  }

  BodyFindings& findings_;
  std::vector<std::string> tokens_;
};

}  // namespace

BodyFindings ExamineBody(const MessagePlan& plan, JsonNode& body) {
  BodyFindings findings;
  BodyExaminer(findings).Object(plan, body);
  return findings;
}

}  // namespace session_gateway
