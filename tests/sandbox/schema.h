// What a body may hold, as data: one row per documented member.
//
// Thread rule: immutable after construction. Never here: how a body is read.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace session_gateway::sandbox {

enum class ValueKind {
  kString,
  kBool,
  kInt32,
  kInt64,
  kUint32,
  kEnum,    // an integer; its meaning is not judged
  kDouble,  // always with a fraction or an exponent
  kDate,
  kGuid,
  kObject,
  kStringList,
  kObjectList,
  kTypedPairs,  // [["SOAM_...", "text"], ...]
  kStringMap,   // any names, strings
};

struct MemberRow {
  std::string_view object;  // the type that has the member
  std::string_view name;
  ValueKind kind;
  std::string_view child = {};  // type of an object, or of each in a list
};

class Schema {
 public:
  // The first row's object is the body.
  Schema(std::span<const MemberRow> rows, std::vector<std::string> extras);

  std::string_view root() const { return root_; }
  // Null: the object has no such member.
  const MemberRow* Find(std::string_view object, std::string_view name) const;
  bool IsExtra(std::string_view name) const;
  std::vector<std::string_view> MembersOf(std::string_view object) const;  // in the rows' order

 private:
  std::span<const MemberRow> rows_;
  std::string_view root_;
  std::map<std::string_view, std::map<std::string_view, const MemberRow*>> members_;
  std::vector<std::string> extras_;
};

std::span<const MemberRow> SymphonySessionRows();
std::span<const MemberRow> QlikExecutionSessionRows();

}  // namespace session_gateway::sandbox
