#include "translator/additional_json.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "translator/json_reader.h"
#include "translator/json_text.h"
#include "translator/string_map.h"

namespace session_gateway {
namespace {

using google::protobuf::Message;
using google::protobuf::Reflection;

// The index that a token names, if it is one of a list of `size` elements.
std::optional<int> ParseIndex(std::string_view token, int size) {
  if (token.empty() || token.size() > 9 || (token.size() > 1 && token.front() == '0')) return std::nullopt;
  int index = 0;
  for (char c : token) {
    if (c < '0' || c > '9') return std::nullopt;
    index = index * 10 + (c - '0');
  }
  return index < size ? std::optional(index) : std::nullopt;
}

bool IsSet(const FieldPlan& field, const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  return field.field->is_repeated() ? reflection.FieldSize(message, field.field) > 0
                                    : reflection.HasField(message, field.field);
}

// What is wrong with a pointer whose last token names a member of the object `message`; empty when it is
// fine.
std::string CheckMember(const MessagePlan& plan, const Message& message, const std::string& name,
                        std::string_view text) {
  const FieldPlan* field = plan.FindIgnoringCase(name);
  if (field == nullptr) return {};
  if (field->name != name) return absl::StrCat("equals the known member ", field->name, " but for its case");
  if (IsSet(*field, message)) return absl::StrCat("points at ", field->field->name(), ", which is set");
  if (text == "null" || (text == "[]" && field->repeated)) return {};
  return absl::StrCat("points at a known member: set ", field->field->name(), " instead (only null",
                      field->repeated ? " or []" : "", " may stand here)");
}

// What is wrong with the pointer of `tokens`; empty when it is fine.
std::string CheckTarget(const MessagePlan& root, const Message& root_message,
                        const std::vector<std::string>& tokens, std::string_view text) {
  const MessagePlan* plan = &root;
  const Message* message = &root_message;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const FieldPlan* field = plan->Find(tokens[i], 0);
    if (field == nullptr) {
      const FieldPlan* similar = plan->FindIgnoringCase(tokens[i]);
      if (similar != nullptr)
        return absl::StrCat("equals the known member ", similar->name, " but for its case");
      return "points below a member that is not known";
    }
    const Reflection& reflection = *message->GetReflection();
    if (field->form == FieldForm::kMessage && !field->repeated) {
      message = &reflection.GetMessage(*message, field->field);
    } else if (field->form == FieldForm::kMessage) {
      const int size = reflection.FieldSize(*message, field->field);
      const std::optional<int> index = ParseIndex(tokens[++i], size);
      if (!index) return absl::StrCat("names an element that ", field->field->name(), " does not have");
      if (i + 1 == tokens.size()) return "names a whole element of a list";
      message = &reflection.GetRepeatedMessage(*message, field->field, *index);
    } else if (field->repeated) {
      return absl::StrCat("points into ", field->field->name(), ", whose elements are no objects");
    } else {
      return absl::StrCat("points into ", field->field->name(), ", which takes no members");
    }
    plan = field->message;
  }
  return CheckMember(*plan, *message, tokens.back(), text);
}

// Whether another pointer names an object that holds this one.
bool LiesBelowAnother(std::string_view pointer, const std::set<std::string, std::less<>>& all) {
  for (std::size_t slash = pointer.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = pointer.rfind('/', slash - 1)) {
    if (all.find(pointer.substr(0, slash)) != all.end()) return true;
  }
  return false;
}

}  // namespace

AdditionalMembers::AdditionalMembers(const MessagePlan& plan, const Message& message, const PathStep* path,
                                     Violations& violations) {
  if (plan.additional_json == nullptr) return;
  if (message.GetReflection()->FieldSize(message, plan.additional_json) == 0) return;
  const StringEntries entries = SortedEntries(message, *plan.additional_json);
  std::set<std::string, std::less<>> pointers;
  for (const auto& [pointer, text] : entries) pointers.insert(pointer);

  const PathStep field{path, plan.additional_json->name()};
  for (const auto& [pointer, text] : entries) {
    auto refuse = [&, &key = pointer](std::string rule) {
      violations.Add(MapPath(field, key), std::move(rule));
    };
    const std::optional<std::vector<std::string>> tokens = SplitPointer(pointer);
    if (!tokens) {
      refuse("the key is not an RFC 6901 pointer to a member");
      continue;
    }
    std::string fault = CheckTarget(plan, message, *tokens, text);
    if (fault.empty() && LiesBelowAnother(pointer, pointers)) fault = "overlaps another pointer";
    if (!fault.empty()) {
      refuse(std::move(fault));
      continue;
    }
    const JsonFault json = CheckJsonText(text, static_cast<int>(tokens->size()));
    if (json != JsonFault::kNone) {
      refuse(absl::StrCat("the text ",
                          absl::string_view(JsonFaultText(json).data(), JsonFaultText(json).size())));
      continue;
    }
    std::string key;
    AppendJsonString(tokens->back(), key);
    key += ':';
    by_object_[pointer.substr(0, pointer.rfind('/'))].push_back({std::move(key), text});
  }
}

bool AdditionalMembers::ReachesInto(const std::string& pointer) const {
  if (by_object_.count(pointer) > 0) return true;
  const std::string below = pointer + '/';
  const auto first = by_object_.lower_bound(below);
  return first != by_object_.end() && absl::StartsWith(first->first, below);
}

const std::vector<AdditionalMembers::Member>* AdditionalMembers::In(const std::string& pointer) const {
  const auto found = by_object_.find(pointer);
  return found == by_object_.end() ? nullptr : &found->second;
}

std::optional<std::vector<std::string>> SplitPointer(std::string_view pointer) {
  if (pointer.empty() || pointer.front() != '/') return std::nullopt;
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      tokens.emplace_back();
    } else if (pointer[i] != '~') {
      tokens.back() += pointer[i];
    } else if (i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      tokens.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return tokens;
}

void AppendPointerToken(std::string_view name, std::string& pointer) {
  pointer += '/';
  for (char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace session_gateway
