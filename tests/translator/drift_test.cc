// No field is forgotten: every field of both requests is filled with a mark of its own, and each mark must be
// on the wire, but for a named list.
#include <google/protobuf/timestamp.pb.h>

#include <set>

#include "tests/translator/codec_fixture.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"

namespace session_gateway::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// These stay home: a request_id is refused by a gateway without a ledger, validate_only is the caller's wish
// for a preview.
const std::set<std::string> kNotOnTheWire = {"request_id", "validate_only"};

// Gives each leaf a value that no other has and remembers how it must look; a bool's name must do.
class Marker {
 public:
  void Fill(Message& message) {
    const auto& descriptor = *message.GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor& field = *descriptor.field(i);
      if (message.GetDescriptor()->name().find("Request") != std::string::npos &&
          kNotOnTheWire.count(field.name()) > 0)
        continue;
      Field(field, message);
    }
  }

  const std::vector<std::pair<std::string, std::string>>& marks() const { return marks_; }

 private:
  void Field(const FieldDescriptor& field, Message& message) {
    const Reflection& reflection = *message.GetReflection();
    if (field.is_map()) {
      Message& entry = *reflection.AddMessage(&message, &field);
      const bool additional = field.name() == "additional_json";
      const std::string key = Mark(field, additional ? "extra" : "key");
      SetText(entry, 0, additional ? "/" + key : key);
      SetText(entry, 1, additional ? Mark(field, "") : Mark(field, "value"));
      return;
    }
    if (field.message_type() != nullptr) return Child(field, message);
    if (field.is_repeated()) {
      reflection.AddString(&message, &field, Mark(field, "first"));
      return reflection.AddString(&message, &field, Mark(field, "second"));
    }
    Scalar(field, message);
  }

  void Child(const FieldDescriptor& field, Message& message) {
    const Reflection& reflection = *message.GetReflection();
    if (field.message_type() == v1::TypedValue::descriptor()) {
      for (int i = 0; i < field.message_type()->field_count(); ++i) {
        Message& value = *reflection.AddMessage(&message, &field);
        Field(*field.message_type()->field(i), value);
      }
      return;
    }
    Message& child = field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                         : *reflection.MutableMessage(&message, &field);
    if (auto* date = dynamic_cast<google::protobuf::Timestamp*>(&child)) {
      date->set_seconds(4'102'444'800 + Number());  // 2100-01-01T00:00:00Z and some minutes
      const int minute = number_ / 60;
      marks_.emplace_back(field.full_name(), "\"2100-01-01T0" + std::to_string(minute / 60) + ":" +
                                                 Two(minute % 60) + ":" + Two(number_ % 60) + ".000Z\"");
      return;
    }
    Fill(child);
  }

  void Scalar(const FieldDescriptor& field, Message& message) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        marks_.emplace_back(field.full_name(), "\"" + DeclaredOptions(field).name() + "\":true");
        if (field.name() == "privileges") marks_.back().second = "privileges=true";
        return reflection.SetBool(&message, &field, true);
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(&message, &field, std::stoi(Mark(field, "")));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(&message, &field, std::stoi(Mark(field, "")));
      case FieldDescriptor::CPPTYPE_UINT32:
        if (field.name() == "num_slots") {  // beside another number it must be 1
          marks_.emplace_back(field.full_name(), "\"numSlots\":1");
          return reflection.SetUInt32(&message, &field, 1);
        }
        if (field.name() == "num_services") {
          marks_.emplace_back(field.full_name(), "\"numServices\":9");
          return reflection.SetUInt32(&message, &field, 9);
        }
        return reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(std::stoi(Mark(field, ""))));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(&message, &field, static_cast<std::uint64_t>(std::stoi(Mark(field, ""))));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.SetDouble(&message, &field, std::stod(Mark(field, "") + ".5"));
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(&message, &field, std::stoi(Mark(field, "")));
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(&message, &field, Text(field));
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    FAIL() << field.full_name();
  }

  std::string Text(const FieldDescriptor& field) {
    if (DeclaredOptions(field).encoding() == v1::REST_ENCODING_GUID)
      return Mark(field, "12345678-1234-1234-1234-12345678");
    if (field.type() == FieldDescriptor::TYPE_BYTES) {
      marks_.emplace_back(field.full_name(), "\"AAECAw==\"");
      return std::string("\0\1\2\3", 4);
    }
    if (field.name() == "type" && field.containing_type()->name() == "Other") return Mark(field, "SOAM_X");
    return field.name() == "host_dir" ? "/" + Mark(field, "dir") : Mark(field, "text");
  }

  int Number() { return ++number_; }
  static std::string Two(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

  std::string Mark(const FieldDescriptor& field, const std::string& prefix) {
    marks_.emplace_back(field.full_name(), prefix + std::to_string(1000 + Number()));
    return marks_.back().second;
  }

  static void SetText(Message& entry, int field, const std::string& text) {
    entry.GetReflection()->SetString(&entry, entry.GetDescriptor()->field(field), text);
  }

  std::vector<std::pair<std::string, std::string>> marks_;
  int number_ = 0;
};

int Count(const std::string& text, const std::string& what) {
  int count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

void ExpectMarks(const Marker& marker, const std::variant<HttpRequest, RpcError>& result, std::size_t marks) {
  const auto* error = std::get_if<RpcError>(&result);
  ASSERT_EQ(error, nullptr) << error->message;
  const auto& request = std::get<HttpRequest>(result);
  const std::string wire = RenderTarget("", request) + "\n" + request.body.text();
  std::map<std::string, int> wanted;  // a bool's mark is that of others of its name
  for (const auto& [field, mark] : marker.marks())
    EXPECT_GE(Count(wire, mark), ++wanted[mark]) << field << " sent no " << mark << "\n" << wire;
  EXPECT_EQ(marker.marks().size(), marks);
}

TEST(Drift, EveryFieldOfCreateSessionIsOnTheWire) {
  v1::CreateSessionRequest message;
  Marker marker;
  marker.Fill(message);
  const auto translator = CreateSessionTranslator::Make(DeclaredOptions);
  ExpectMarks(marker,
              std::get<CreateSessionTranslator>(translator).Request(message, CsrfTokenFrom::kCaller, {}), 59);
}

TEST(Drift, EveryFieldOfCreateExecutionSessionIsOnTheWire) {
  v1::CreateExecutionSessionRequest message;
  Marker marker;
  marker.Fill(message);
  const auto translator = CreateExecutionSessionTranslator::Make(DeclaredOptions);
  ExpectMarks(marker, std::get<CreateExecutionSessionTranslator>(translator).Request(message, ""), 139);
}

}  // namespace
}  // namespace session_gateway::testing
