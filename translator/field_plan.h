// The compiled form of the field options: what the codec needs to know of each field, worked out once at
// start.
//
// Compile refuses, with the field's full name, an option that is missing, illegal or contradictory: a name
// used twice in one message (also when it differs only in case), an encoding that does not fit the type, a
// scalar without presence, a map that is not string to string, a number in a list, a message that contains
// itself.
//
// Thread rule: immutable after Compile; shared freely. Never here: verbs, paths, conditions, defaults.
#pragma once

#include <google/protobuf/descriptor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sessiongateway/v1/rest_options.pb.h"

namespace session_gateway {

// How one value is written and read: the encoding, with PLAIN spread out by type.
enum class FieldForm {
  kBool,
  kString,
  kInt32,
  kInt64,
  kUint32,
  kUint64,
  kDouble,
  kEnum,
  kMessage,
  kStringMap,
  kDate,
  kGuid,
  kIdText,
  kTypedPair
};

struct MessagePlan;

// The alternatives of a typed pair.
struct TypedPairPlan {
  struct Alternative {
    const google::protobuf::FieldDescriptor* field;
    FieldForm form;         // kString, kUint32, kInt64 or kUint64; kString of a `bytes` field is base64
    std::string type_name;  // `SOAM_UINT32`
  };
  const google::protobuf::OneofDescriptor* value = nullptr;
  std::vector<Alternative> alternatives;
  const google::protobuf::FieldDescriptor* other = nullptr;  // the pair of any type
  const google::protobuf::FieldDescriptor* other_type = nullptr;
  const google::protobuf::FieldDescriptor* other_value = nullptr;
};

struct FieldPlan {
  const google::protobuf::FieldDescriptor* field = nullptr;
  FieldForm form = FieldForm::kString;
  bool repeated = false;                 // a list; a map is none
  std::string name;                      // the JSON member's name
  std::string key;                       // `"name":`, ready to be appended
  const MessagePlan* message = nullptr;  // kMessage
  TypedPairPlan pair;                    // kTypedPair
};

// The reader keeps one bit for each field of an object.
inline constexpr std::size_t kFieldsMax = 64;

struct MessagePlan {
  std::vector<FieldPlan> fields;                                       // in order of declaration
  const google::protobuf::FieldDescriptor* additional_json = nullptr;  // only in the outermost message

  // The field of that JSON name, or nullptr. `hint` is where the search starts, for members tend to come in
  // order.
  const FieldPlan* Find(std::string_view name, std::size_t hint) const;
  // A known name that equals `name` but for its case (ASCII), or nullptr.
  const FieldPlan* FindIgnoringCase(std::string_view name) const;
};

// The option of a field; tests hand in others to show that each one matters.
using OptionsOf = std::function<sessiongateway::v1::RestField(const google::protobuf::FieldDescriptor&)>;
sessiongateway::v1::RestField DeclaredOptions(const google::protobuf::FieldDescriptor& field);

// All plans that belong to one body, the outermost first.
class BodyPlan {
 public:
  // The plans for `body` and the messages below it, or what is wrong: `field: rule`.
  static std::variant<BodyPlan, std::string> Compile(const google::protobuf::Descriptor& body,
                                                     const OptionsOf& options_of);

  const MessagePlan& root() const { return *plans_.front(); }

 private:
  friend class PlanCompiler;
  std::vector<std::unique_ptr<MessagePlan>> plans_;
};

}  // namespace session_gateway
