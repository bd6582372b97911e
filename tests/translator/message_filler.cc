#include "tests/translator/message_filler.h"

#include <google/protobuf/timestamp.pb.h>

#include <cmath>
#include <cstring>
#include <ctime>
#include <limits>

#include "absl/strings/escaping.h"
#include "sessiongateway/v1/rest_options.pb.h"
#include "sessiongateway/v1/symphony.pb.h"

namespace session_gateway::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;
namespace v1 = sessiongateway::v1;

std::size_t Below(std::size_t bound, Random& random) { return random() % bound; }

std::string RandomText(Random& random) {
  static const char* const kPieces[] = {"a",
                                        "Z",
                                        "0",
                                        "/",
                                        "~",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\x01",
                                        "\x7f",
                                        " ",
                                        "%",
                                        "+",
                                        "\xc3\xa9",
                                        "\xe2\x80\xa8",
                                        "\xf0\x9f\x98\x80",
                                        "\xef\xbf\xbd",
                                        "null"};
  std::string text;
  for (std::size_t i = Below(8, random); i > 0; --i) text += kPieces[Below(std::size(kPieces), random)];
  if (Below(20, random) == 0) text += std::string(1, '\0');
  return text;
}

std::string RandomGuid(Random& random) {
  if (Below(4, random) == 0) return "";
  std::string guid = "00000000-0000-0000-0000-000000000000";
  for (char& c : guid) {
    if (c != '-') c = "0123456789abcdefABCDEF"[Below(22, random)];
  }
  return guid;
}

template <typename T>
T RandomInteger(Random& random) {
  const T edges[] = {0, 1, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(),
                     static_cast<T>(std::numeric_limits<T>::max() - 1)};
  return Below(3, random) == 0 ? edges[Below(5, random)] : static_cast<T>(random());
}

double RandomDouble(Random& random) {
  double value = 0;
  do {
    const std::uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
    if (Below(3, random) == 0) value = static_cast<double>(static_cast<std::int32_t>(bits)) / 8;
  } while (!std::isfinite(value));
  return value;
}

void FillDate(Timestamp& date, Random& random) {
  do {
    date.set_seconds(static_cast<std::int64_t>(Below(315537897600, random)) - 62135596800);
    date.set_nanos(static_cast<std::int32_t>(Below(1000, random)) * 1'000'000);
  } while (date.seconds() == -6847804800);
}

void FillPair(v1::TypedValue& value, Random& random) {
  switch (Below(6, random)) {
    case 0:
      return value.set_string_chars(RandomText(random));
    case 1:
      return value.set_uint32(RandomInteger<std::uint32_t>(random));
    case 2:
      return value.set_int64(RandomInteger<std::int64_t>(random));
    case 3:
      return value.set_uint64(RandomInteger<std::uint64_t>(random));
    case 4:
      return value.set_bytes(RandomText(random) + std::string(Below(3, random), '\xff'));
    default:
      value.mutable_other()->set_type("SOAM_TYPE_" + std::to_string(Below(10, random)));
      value.mutable_other()->set_value(RandomText(random));
  }
}

const v1::RestField& OptionsOfField(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::rest);
}

void FillScalar(const FieldDescriptor& field, Message& message, Random& random) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, Below(2, random) == 0);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, RandomInteger<std::int32_t>(random));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field, RandomInteger<std::int64_t>(random));
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&message, &field, RandomInteger<std::uint32_t>(random));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, RandomDouble(random));
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.SetEnumValue(&message, &field, RandomInteger<std::int32_t>(random));
    case FieldDescriptor::CPPTYPE_STRING: {
      const bool guid = OptionsOfField(field).encoding() == v1::REST_ENCODING_GUID;
      return reflection.SetString(&message, &field, guid ? RandomGuid(random) : RandomText(random));
    }
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  std::abort();  // no body has such a field
}

void FillChild(Message& child, Random& random) {
  if (auto* date = dynamic_cast<Timestamp*>(&child)) return FillDate(*date, random);
  if (auto* pair = dynamic_cast<v1::TypedValue*>(&child)) return FillPair(*pair, random);
  FillAtRandom(child, random);
}

std::string DateText(const Timestamp& date) {
  const std::time_t seconds = date.seconds();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                date.nanos() / 1'000'000);
  return text;
}

nlohmann::json PairJson(const v1::TypedValue& value) {
  switch (value.value_case()) {
    case v1::TypedValue::kStringChars:
      return {"SOAM_STRING_CHARS", value.string_chars()};
    case v1::TypedValue::kUint32:
      return {"SOAM_UINT32", std::to_string(value.uint32())};
    case v1::TypedValue::kInt64:
      return {"SOAM_INT64", std::to_string(value.int64())};
    case v1::TypedValue::kUint64:
      return {"SOAM_UINT64", std::to_string(value.uint64())};
    case v1::TypedValue::kBytes:
      return {"SOAM_BYTES", absl::Base64Escape(value.bytes())};
    case v1::TypedValue::kOther:
      return {value.other().type(), value.other().value()};
    case v1::TypedValue::VALUE_NOT_SET:
      break;
  }
  return nullptr;
}

nlohmann::json ChildJson(const Message& child) {
  if (const auto* date = dynamic_cast<const Timestamp*>(&child)) return DateText(*date);
  if (const auto* pair = dynamic_cast<const v1::TypedValue*>(&child)) return PairJson(*pair);
  return ExpectedJson(child);
}

nlohmann::json ListJson(const FieldDescriptor& field, const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  nlohmann::json list = nlohmann::json::array();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.message_type() == nullptr) {
      list.push_back(reflection.GetRepeatedString(message, &field, i));
    } else {
      list.push_back(ChildJson(reflection.GetRepeatedMessage(message, &field, i)));
    }
  }
  return list;
}

nlohmann::json MapJson(const FieldDescriptor& field, const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  nlohmann::json object = nlohmann::json::object();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    object[entry.GetReflection()->GetString(entry, field.message_type()->map_key())] =
        entry.GetReflection()->GetString(entry, field.message_type()->map_value());
  }
  return object;
}

nlohmann::json ScalarJson(const FieldDescriptor& field, const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnumValue(message, &field);
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ChildJson(reflection.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
      break;
  }
  return nullptr;
}

}  // namespace

void FillAtRandom(Message& message, Random& random) {
  const auto& descriptor = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (OptionsOfField(field).name().empty() || Below(2, random) == 0) continue;
    if (field.is_map()) {
      auto& session = dynamic_cast<v1::Session&>(message);
      for (std::size_t n = Below(4, random); n > 0; --n)
        (*session.mutable_attributes())[RandomText(random)] = RandomText(random);
    } else if (field.is_repeated()) {
      for (std::size_t n = Below(4, random); n > 0; --n) {
        if (field.message_type() == nullptr) {
          reflection.AddString(&message, &field, RandomText(random));
        } else {
          FillChild(*reflection.AddMessage(&message, &field), random);
        }
      }
    } else if (field.message_type() != nullptr) {
      FillChild(*reflection.MutableMessage(&message, &field), random);
    } else {
      FillScalar(field, message, random);
    }
  }
}

nlohmann::json ExpectedJson(const Message& message) {
  const auto& descriptor = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  nlohmann::json object = nlohmann::json::object();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    const std::string& name = OptionsOfField(field).name();
    if (name.empty()) continue;
    const bool set = field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                                         : reflection.HasField(message, &field);
    if (!set) continue;
    if (field.is_map()) {
      object[name] = MapJson(field, message);
    } else if (field.is_repeated()) {
      object[name] = ListJson(field, message);
    } else {
      object[name] = ScalarJson(field, message);
    }
  }
  return object;
}

}  // namespace session_gateway::testing
