// The caller's `additional_json` on its way out: each pointer is resolved against the message and its plan
// before anything is written, and refused with its name when it does not point at a free place.
//
// The writer asks for what stands below an object while it writes that object:
//   {"/parent/x": "1"}  with `parent` unset  ->  "parent":{"x":1}
//
// Thread rule: belongs to one call. Never here: changing a text; it is spliced as it is.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "translator/field_plan.h"
#include "translator/violations.h"

namespace session_gateway {

class AdditionalMembers {
 public:
  // Checks all entries of the message's additional_json; what is wrong goes to `violations`. `path` is that
  // of the message.
  AdditionalMembers(const MessagePlan& plan, const google::protobuf::Message& message, const PathStep* path,
                    Violations& violations);

  bool empty() const { return by_object_.empty(); }

  // Whether something stands in the object at that pointer or deeper.
  bool ReachesInto(const std::string& pointer) const;

  struct Member {
    std::string key;   // `"name":`
    std::string text;  // JSON
  };
  // The members of the object at that pointer, in byte order of their own pointers.
  const std::vector<Member>* In(const std::string& pointer) const;

 private:
  std::map<std::string, std::vector<Member>, std::less<>> by_object_;  // by the object's pointer
};

// The tokens of a pointer, unescaped; nothing when it is not RFC 6901 or names the whole document.
std::optional<std::vector<std::string>> SplitPointer(std::string_view pointer);

// `name` as one RFC 6901 token.
void AppendPointerToken(std::string_view name, std::string& pointer);

}  // namespace session_gateway
