// Compile refuses what is missing, illegal or contradictory in the options, with the field's full name.
#include "translator/field_plan.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "tests/translator/codec_fixture.h"

namespace session_gateway::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;

std::string ErrorOf(const Descriptor& body, const OptionsOf& options) {
  auto plan = BodyPlan::Compile(body, options);
  const auto* error = std::get_if<std::string>(&plan);
  return error == nullptr ? "" : *error;
}

v1::RestField Option(const std::string& text) { return FromText<v1::RestField>(text); }

// The declared options but for one field.
OptionsOf Instead(const std::string& field, const std::string& option) {
  return [=](const FieldDescriptor& asked) {
    return asked.full_name() == field ? Option(option) : DeclaredOptions(asked);
  };
}

TEST(FieldPlan, DeclaredOptionsCompile) {
  for (const Descriptor* body : {v1::Session::descriptor(), v1::CreateSessionResponse::descriptor(),
                                 v1::ExecutionSession::descriptor()}) {
    EXPECT_EQ(ErrorOf(*body, DeclaredOptions), "");
  }
}

TEST(FieldPlan, OptionsThatDoNotFitAreRefusedWithTheFieldsName) {
  struct Row {
    const char* field;
    const char* option;
    const char* named = nullptr;  // where the contradiction shows, if not at the field itself
  };
  const Row rows[] = {
      {"Session.session_name", ""},
      {"Session.session_name", "name: ''"},
      {"Session.session_name", "encoding: REST_ENCODING_GUID"},
      {"Session.session_name", "name: 'x' encoding: REST_ENCODING_DATE"},
      {"Session.session_name", "name: 'x' encoding: REST_ENCODING_TYPED_PAIR"},
      {"Session.session_name", "encoding: REST_ENCODING_ADDITIONAL_JSON"},
      {"Session.session_name", "name: 'x' local: true"},
      {"Session.session_name", "encoding: REST_ENCODING_PLAIN local: true"},
      {"Session.session_type", "name: 'sessionName'"},
      {"Session.session_type", "name: 'SESSIONNAME'"},
      {"Session.session_priority", "name: 'x' encoding: REST_ENCODING_GUID"},
      {"Session.session_priority", "name: 'x' encoding: REST_ENCODING_ID_TEXT"},
      {"Session.common_data", "name: 'x' encoding: REST_ENCODING_DATE"},
      {"Session.common_data", "name: 'x'", "TypedValue.bytes"},
      {"Session.parent", "name: 'x' encoding: REST_ENCODING_TYPED_PAIR"},
      {"Session.parent", "name: 'x' encoding: REST_ENCODING_DATE"},
      {"Session.docker_mount_definition", "name: 'x' encoding: REST_ENCODING_TYPED_PAIR"},
      {"Session.dataset_dependencies", "name: 'x' encoding: REST_ENCODING_GUID"},
      {"Session.attributes", "name: 'x' encoding: REST_ENCODING_TYPED_PAIR"},
      {"Session.attributes", "encoding: REST_ENCODING_ADDITIONAL_JSON", "Session.additional_json"},
      {"Session.additional_json", ""},
      {"Session.additional_json", "name: 'x' encoding: REST_ENCODING_ADDITIONAL_JSON"},
      {"Session.additional_json", "encoding: REST_ENCODING_ADDITIONAL_JSON local: true"},
      {"Parent.task_id", "name: 'sessionid'"},
      {"TypedValue.uint32", ""},
      {"TypedValue.uint32", "name: 'SOAM_INT64'", "TypedValue.int64"},
      {"TypedValue.uint32", "name: 'SOAM_UINT32' encoding: REST_ENCODING_GUID"},
      {"TypedValue.uint32", "name: 'SOAM_UINT32' local: true"},
      {"TypedValue.other", "name: 'SOAM_OTHER'"},
      {"TypedValue.other", "encoding: REST_ENCODING_TYPED_PAIR"},
      {"TypedValue.other", "local: true"},
      {"TypedValue.Other.type", "name: 'type'"},
      {"TypedValue.Other.value", "encoding: REST_ENCODING_GUID"},
  };
  for (const Row& row : rows) {
    const std::string field = std::string("sessiongateway.v1.") + row.field;
    const std::string error = ErrorOf(*v1::Session::descriptor(), Instead(field, row.option));
    const std::string named = row.named == nullptr ? field : std::string("sessiongateway.v1.") + row.named;
    EXPECT_EQ(error.substr(0, error.find(": ")), named) << row.field << " {" << row.option << "}: " << error;
  }
}

TEST(FieldPlan, AnUnknownEncodingIsRefused) {
  const OptionsOf options = [](const FieldDescriptor& field) {
    v1::RestField option = DeclaredOptions(field);
    if (field.name() == "session_tag") option.set_encoding(static_cast<v1::RestEncoding>(6));
    return option;
  };
  EXPECT_EQ(ErrorOf(*v1::Session::descriptor(), options),
            "sessiongateway.v1.Session.session_tag: its encoding does not fit its type");
}

TEST(FieldPlan, AdditionalJsonBelongsIntoTheOutermostMessage) {
  const OptionsOf options = [](const FieldDescriptor& field) {
    if (field.name() == "inner") return Option("name: 'inner'");
    return DeclaredOptions(field);
  };
  FileDescriptorProto file;
  file.set_name("outer.proto");
  file.set_syntax("proto3");
  file.add_dependency("sessiongateway/v1/symphony.proto");
  auto& outer = *file.add_message_type();
  outer.set_name("Outer");
  auto& inner = *outer.add_field();
  inner.set_name("inner");
  inner.set_number(1);
  inner.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  inner.set_type(FieldDescriptorProto::TYPE_MESSAGE);
  inner.set_type_name(".sessiongateway.v1.Session");
  DescriptorPool pool(DescriptorPool::generated_pool());
  const auto* built = pool.BuildFile(file);
  ASSERT_NE(built, nullptr);
  EXPECT_EQ(ErrorOf(*built->message_type(0), options),
            "sessiongateway.v1.Session.additional_json: additional_json belongs into the outermost message");
}

// A message `Body` made for one test, every field named as in the proto.
class MadeBody {
 public:
  FieldDescriptorProto& Add(FieldDescriptorProto::Type type, bool optional = true) {
    auto& field = *body_.add_field();
    const int number = body_.field_size();
    field.set_name("f" + std::to_string(number));
    field.set_number(number);
    field.set_type(type);
    field.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    if (optional && type != FieldDescriptorProto::TYPE_MESSAGE) {
      field.set_proto3_optional(true);
      field.set_oneof_index(body_.oneof_decl_size());
      body_.add_oneof_decl()->set_name("_f" + std::to_string(number));
    }
    return field;
  }

  std::string Error(const std::string& option = "") {
    FileDescriptorProto file;
    file.set_name("made.proto");
    file.set_syntax("proto3");
    file.add_dependency("google/protobuf/timestamp.proto");
    *file.add_message_type() = body_;
    file.mutable_message_type(0)->set_name("Body");
    auto& other = *file.add_enum_type();
    other.set_name("Kind");
    other.add_value()->set_name("ZERO");
    other.mutable_value(0)->set_number(0);
    google::protobuf::Timestamp::descriptor();  // links its file into the pool below
    DescriptorPool pool(DescriptorPool::generated_pool());
    const auto* built = pool.BuildFile(file);
    EXPECT_NE(built, nullptr) << file.DebugString();
    if (built == nullptr) return "";
    return ErrorOf(*built->message_type(0), [&](const FieldDescriptor& field) {
      v1::RestField result = Option(option);
      result.set_name(field.name());
      return result;
    });
  }

  google::protobuf::DescriptorProto& body() { return body_; }

 private:
  google::protobuf::DescriptorProto body_;
};

TEST(FieldPlan, AScalarNeedsPresence) {
  for (auto type : {FieldDescriptorProto::TYPE_STRING, FieldDescriptorProto::TYPE_INT32,
                    FieldDescriptorProto::TYPE_BOOL, FieldDescriptorProto::TYPE_DOUBLE}) {
    MadeBody with;
    with.Add(type);
    EXPECT_EQ(with.Error(), "");
    MadeBody without;
    without.Add(type, false);
    EXPECT_EQ(without.Error(), "Body.f1: has no presence: declare it optional");
  }
}

TEST(FieldPlan, TypesWithoutAFormAreRefused) {
  for (auto type : {FieldDescriptorProto::TYPE_FLOAT, FieldDescriptorProto::TYPE_BYTES}) {
    MadeBody body;
    body.Add(type);
    EXPECT_EQ(body.Error(), "Body.f1: its encoding does not fit its type");
  }
  MadeBody date;  // a Timestamp without its encoding
  date.Add(FieldDescriptorProto::TYPE_MESSAGE).set_type_name(".google.protobuf.Timestamp");
  EXPECT_EQ(date.Error(), "Body.f1: its encoding does not fit its type");
  EXPECT_EQ(date.Error("encoding: REST_ENCODING_DATE"), "");
}

TEST(FieldPlan, ListsOfNumbersAreRefused) {
  for (auto type : {FieldDescriptorProto::TYPE_INT32, FieldDescriptorProto::TYPE_BOOL,
                    FieldDescriptorProto::TYPE_DOUBLE, FieldDescriptorProto::TYPE_ENUM}) {
    MadeBody body;
    auto& field = body.Add(type, false);
    field.set_label(FieldDescriptorProto::LABEL_REPEATED);
    if (type == FieldDescriptorProto::TYPE_ENUM) field.set_type_name(".Kind");
    EXPECT_EQ(body.Error(), "Body.f1: a list of this type has no form");
  }
  MadeBody dates;
  auto& field = dates.Add(FieldDescriptorProto::TYPE_MESSAGE);
  field.set_label(FieldDescriptorProto::LABEL_REPEATED);
  field.set_type_name(".google.protobuf.Timestamp");
  EXPECT_EQ(dates.Error("encoding: REST_ENCODING_DATE"), "Body.f1: its encoding does not fit its type");
}

TEST(FieldPlan, AMapIsStringToString) {
  MadeBody body;
  auto& field = body.Add(FieldDescriptorProto::TYPE_MESSAGE);
  field.set_label(FieldDescriptorProto::LABEL_REPEATED);
  field.set_type_name(".Body.F1Entry");
  auto& entry = *body.body().add_nested_type();
  entry.set_name("F1Entry");
  entry.mutable_options()->set_map_entry(true);
  for (int i = 1; i <= 2; ++i) {
    auto& part = *entry.add_field();
    part.set_name(i == 1 ? "key" : "value");
    part.set_number(i);
    part.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    part.set_type(i == 1 ? FieldDescriptorProto::TYPE_STRING : FieldDescriptorProto::TYPE_INT32);
  }
  EXPECT_EQ(body.Error(), "Body.f1: its encoding does not fit its type");
}

TEST(FieldPlan, AMessageThatContainsItselfIsRefused) {
  MadeBody body;
  body.Add(FieldDescriptorProto::TYPE_MESSAGE).set_type_name(".Body");
  EXPECT_EQ(body.Error(), "Body: contains itself");
}

TEST(FieldPlan, AtMostSixtyFourMembers) {
  MadeBody body;
  for (int i = 0; i < 64; ++i) body.Add(FieldDescriptorProto::TYPE_STRING);
  EXPECT_EQ(body.Error(), "");
  body.Add(FieldDescriptorProto::TYPE_STRING);
  EXPECT_EQ(body.Error(), "Body: has more than 64 members");
}

TEST(FieldPlan, MembersAreFoundFromAnyHint) {
  const MessagePlan& plan = PlanOf<v1::Session>().root();
  for (std::size_t hint = 0; hint <= plan.fields.size(); ++hint) {
    for (const FieldPlan& field : plan.fields) EXPECT_EQ(plan.Find(field.name, hint), &field);
    EXPECT_EQ(plan.Find("SessionName", hint), nullptr);
  }
}

}  // namespace
}  // namespace session_gateway::testing
