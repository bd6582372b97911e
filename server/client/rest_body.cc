#include "server/client/rest_body.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "server/client/body_examiner.h"
#include "translator/additional_json.h"
#include "translator/body_reader.h"
#include "translator/body_writer.h"
#include "translator/field_plan.h"
#include "translator/string_map.h"
#include "translator/timestamp_fields.h"
#include "translator/violations.h"

namespace session_gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

BodyPlan PlanOf(const Descriptor& body) {
  return std::get<BodyPlan>(BodyPlan::Compile(body, DeclaredOptions));
}

// Sets the date at a pointer whose objects were read into `message` before.
void SetUnsetDate(const MessagePlan& root, const std::vector<std::string>& tokens, Message& message) {
  const MessagePlan* plan = &root;
  Message* place = &message;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const FieldPlan& field = *plan->Find(tokens[i], 0);
    const Reflection& reflection = *place->GetReflection();
    if (field.form == FieldForm::kDate) {
      SetTimestamp(kUnsetDate, *reflection.MutableMessage(place, field.field));
      return;
    }
    place = field.repeated ? reflection.MutableRepeatedMessage(place, field.field, std::stoi(tokens[++i]))
                           : reflection.MutableMessage(place, field.field);
    plan = field.message;
  }
}

std::vector<BodyProblem> ProblemsOf(Violations&& violations, const Descriptor& body) {
  std::vector<BodyProblem> problems;
  for (FieldViolation& violation : std::move(violations).ToError(Upstream::kSymphony).violations) {
    problems.push_back({PlaceOfPath(body, "", violation.field), std::move(violation.description)});
  }
  return problems;
}

// The name up to the next `.` or `[`, cut off the front of `path`.
std::string_view TakeName(std::string_view& path) {
  const std::size_t end = std::min(path.find_first_of(".["), path.size());
  const std::string_view name = path.substr(0, end);
  path.remove_prefix(end);
  return name;
}

const FieldPlan* FindByFieldName(const MessagePlan& plan, std::string_view name) {
  for (const FieldPlan& field : plan.fields) {
    if (field.field->name() == name) return &field;
  }
  return nullptr;
}

// The pointer in `["/a~1b"]`.
std::string PointerInBrackets(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return {};
  const auto key = ParseJsonValue(text.substr(1, text.size() - 2));
  return key ? key->characters : std::string();
}

}  // namespace

std::vector<BodyProblem> FillFromRestBody(JsonNode body, Message& message) {
  const Descriptor& descriptor = *message.GetDescriptor();
  const BodyPlan plan = PlanOf(descriptor);
  BodyFindings findings = ExamineBody(plan.root(), body);
  if (!findings.problems.empty()) return std::move(findings.problems);

  std::string text = JsonText(body);
  JsonReader reader;
  const JsonFault fault = ReadBody(plan, reader, text, message);
  if (fault != JsonFault::kNone) return {{"", std::string(JsonFaultText(fault))}};
  for (auto& [pointer, json] : findings.additional) {
    AddEntry(*plan.root().additional_json, pointer, std::move(json), message);
  }
  for (const auto& tokens : findings.unset_dates) SetUnsetDate(plan.root(), tokens, message);

  std::string written;
  Violations violations;
  WriteBody(plan, message, nullptr, written, violations);
  if (!violations.empty()) return ProblemsOf(std::move(violations), descriptor);
  const auto sent = ParseJsonObject(written);
  const auto* const sent_body = std::get_if<JsonNode>(&sent);
  if (sent_body == nullptr) return {{"", "would not be JSON any more"}};
  if (const auto difference = FirstDifference(body, *sent_body)) {
    return {{*difference, "would not be sent with the same meaning; leave it out"}};
  }
  return {};
}

JsonNode RestBodyOf(const Message& message) {
  std::string text;
  Violations violations;
  WriteBody(PlanOf(*message.GetDescriptor()), message, nullptr, text, violations);
  auto parsed = ParseJsonObject(text);
  auto* const body = std::get_if<JsonNode>(&parsed);
  return body == nullptr ? JsonNode() : std::move(*body);
}

std::string PlaceOfPath(const Descriptor& body, std::string_view root, std::string_view path) {
  const std::string_view whole = path;
  if (!root.empty()) {
    if (TakeName(path) != root || !path.starts_with('.')) return std::string(whole);
    path.remove_prefix(1);
  }
  const BodyPlan body_plan = PlanOf(body);
  const MessagePlan* plan = &body_plan.root();
  std::string pointer;
  while (plan != nullptr && !path.empty()) {
    const std::string_view name = TakeName(path);
    const FieldPlan* const field = FindByFieldName(*plan, name);
    if (field == nullptr) {
      const bool additional = plan->additional_json != nullptr && plan->additional_json->name() == name;
      std::string inner = additional ? PointerInBrackets(path) : std::string();
      return inner.empty() ? std::string(whole) : inner;
    }
    AppendPointerToken(field->name, pointer);
    const std::size_t close = path.find(']');
    if (field->repeated && path.starts_with('[') && close != path.npos) {
      AppendPointerToken(path.substr(1, close - 1), pointer);
      path.remove_prefix(close + 1);
    }
    if (path.starts_with('.')) path.remove_prefix(1);
    plan = field->message;
  }
  return pointer;
}

}  // namespace session_gateway
