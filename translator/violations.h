// The rules that a message breaks, each with the path of the field. Collected while a message is checked and
// written; one violation is enough to send nothing.
//
// Thread rule: belongs to one call. Never here: the value itself (it may be a secret).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "translator/rpc_error.h"

namespace session_gateway {

// One step of a path, linked to the step above it; lives on the stack of the walk, so that a path costs
// nothing until it is needed.
struct PathStep {
  const PathStep* above = nullptr;
  std::string_view name;  // the field's name in the proto
  int index = -1;         // the element of a list

  // `session.common_data[3].other`
  std::string Text() const;
};

// `field["key"]`, the key escaped as in JSON and cut at 128 bytes.
std::string MapPath(const PathStep& field, std::string_view key);

class Violations {
 public:
  void Add(std::string field, std::string rule);
  bool empty() const { return count_ == 0; }

  // INVALID_ARGUMENT, INVALID_FIELD, not_sent, with the first kViolationsMax of them.
  RpcError ToError(Upstream upstream) &&;

 private:
  std::vector<FieldViolation> first_;
  std::size_t count_ = 0;
};

}  // namespace session_gateway
