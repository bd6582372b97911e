// No field option is idle: taking any part of any one away stops the start, or changes what is written or
// read.
#include <set>

#include "tests/translator/codec_fixture.h"

namespace session_gateway::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using FieldPath = std::vector<const FieldDescriptor*>;

enum class Part { kName, kEncoding, kLocal };

struct OptionPart {
  const Descriptor* body;
  FieldPath path;  // from the body to the field
  Part part;

  const FieldDescriptor& field() const { return *path.back(); }
};

bool IsOurs(const FieldDescriptor& field) {
  return field.message_type() != nullptr && !field.is_map() &&
         field.message_type()->file()->package() == "sessiongateway.v1";
}

// Every part of every option below `at`, each field once.
void Collect(const Descriptor& body, const Descriptor& at, const FieldPath& above,
             std::set<const FieldDescriptor*>& seen, std::vector<OptionPart>& out) {
  for (int i = 0; i < at.field_count(); ++i) {
    const FieldDescriptor& field = *at.field(i);
    if (!seen.insert(&field).second) continue;
    FieldPath path = above;
    path.push_back(&field);
    const v1::RestField option = DeclaredOptions(field);
    if (option.has_name()) out.push_back({&body, path, Part::kName});
    if (option.has_encoding()) out.push_back({&body, path, Part::kEncoding});
    if (option.has_local()) out.push_back({&body, path, Part::kLocal});
    if (IsOurs(field) && !option.local()) Collect(body, *field.message_type(), path, seen, out);
  }
}

std::vector<OptionPart> AllParts() {
  std::vector<OptionPart> parts;
  for (const Descriptor* body : {v1::Session::descriptor(), v1::CreateSessionResponse::descriptor(),
                                 v1::ExecutionSession::descriptor()}) {
    std::set<const FieldDescriptor*> seen;
    Collect(*body, *body, {}, seen, parts);
  }
  return parts;
}

OptionsOf Without(const OptionPart& part) {
  return [&part](const FieldDescriptor& field) {
    v1::RestField option = DeclaredOptions(field);
    if (&field != &part.field()) return option;
    if (part.part == Part::kName) option.clear_name();
    if (part.part == Part::kEncoding) option.clear_encoding();
    if (part.part == Part::kLocal) option.clear_local();
    return option;
  };
}

// What the plan makes of a message with that one text set, and of a document with that one member as a
// number.
std::string Behaviour(const BodyPlan& plan, const OptionPart& part) {
  const Message& prototype = *MessageFactory::generated_factory()->GetPrototype(part.body);
  const std::unique_ptr<Message> message(prototype.New());
  Message* at = message.get();
  std::string open;
  std::string close;
  for (const FieldDescriptor* step : part.path) {
    open += "{\"" + DeclaredOptions(*step).name() + "\":" + (step->is_repeated() ? "[" : "");
    close.insert(0, step->is_repeated() ? "]}" : "}");
    if (step == &part.field()) break;
    at = step->is_repeated() ? at->GetReflection()->AddMessage(at, step)
                             : at->GetReflection()->MutableMessage(at, step);
  }
  at->GetReflection()->SetString(at, &part.field(), "no guid");

  std::string written;
  Violations violations;
  WriteBody(plan, *message, nullptr, written, violations);
  if (!violations.empty()) written = std::move(violations).ToError(Upstream::kQlik).message;

  const std::unique_ptr<Message> read(prototype.New());
  JsonReader reader;
  std::string document = open + "7" + close;
  EXPECT_EQ(ReadBody(plan, reader, document, *read), JsonFault::kNone) << document;
  return written + "\n" + read->DebugString();
}

TEST(FieldOptionEffect, EveryPartOfEveryOptionMatters) {
  const std::vector<OptionPart> parts = AllParts();
  int stopped = 0;
  int changed = 0;
  for (const OptionPart& part : parts) {
    const std::string name =
        part.field().full_name() + " part " + std::to_string(static_cast<int>(part.part));
    auto without = BodyPlan::Compile(*part.body, Without(part));
    if (const auto* error = std::get_if<std::string>(&without)) {
      ++stopped;
      // The error names the field; common_data without its encoding fails at the alternatives of the pair.
      const bool pair = part.field().name() == "common_data" && part.part == Part::kEncoding;
      const bool told =
          error->find(pair ? "sessiongateway.v1.TypedValue." : part.field().full_name() + ": ") == 0;
      EXPECT_TRUE(told) << name << ": " << *error;
      continue;
    }
    ASSERT_EQ(part.part, Part::kEncoding) << name;
    ASSERT_EQ(part.field().type(), FieldDescriptor::TYPE_STRING) << name;
    ++changed;
    const BodyPlan declared = CompileOrDie(*part.body);
    EXPECT_NE(Behaviour(declared, part), Behaviour(std::get<BodyPlan>(without), part)) << name;
  }
  // Exact, so that an option that is removed from the proto, and with it from this walk, is missed. A new
  // field changes them.
  EXPECT_EQ(stopped, 133);
  EXPECT_EQ(changed, 10);
}

TEST(FieldOptionEffect, EveryFieldOfABodyHasAnOption) {
  // Those inside the pair of any type alone have none: the pair is written by its place.
  std::set<std::string> bare;
  for (const Descriptor* body : {v1::Session::descriptor(), v1::CreateSessionResponse::descriptor(),
                                 v1::ExecutionSession::descriptor()}) {
    std::vector<const Descriptor*> open = {body};
    std::set<const Descriptor*> seen;
    while (!open.empty()) {
      const Descriptor& at = *open.back();
      open.pop_back();
      if (!seen.insert(&at).second) continue;
      for (int i = 0; i < at.field_count(); ++i) {
        const v1::RestField option = DeclaredOptions(*at.field(i));
        if (option.ByteSizeLong() == 0) bare.insert(at.field(i)->full_name());
        if (IsOurs(*at.field(i)) && !option.local()) open.push_back(at.field(i)->message_type());
      }
    }
  }
  EXPECT_EQ(bare, (std::set<std::string>{"sessiongateway.v1.TypedValue.other",
                                         "sessiongateway.v1.TypedValue.Other.type",
                                         "sessiongateway.v1.TypedValue.Other.value"}));
}

}  // namespace
}  // namespace session_gateway::testing
