// The failures that were ordered for the next requests of one upstream, first come, first met.
//
// Thread rule: not synchronised; its owner holds a lock. Never here: how a failure is delivered.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tests/sandbox/sandbox.h"

namespace session_gateway::sandbox {

std::string_view FaultKindName(SandboxFaultKind kind);

// Reads one fault's JSON; the text says what is wrong with it.
std::variant<SandboxFault, std::string> ParseFault(std::string_view json);

class FaultQueue {
 public:
  // False: full, or a value out of its bounds.
  bool Add(SandboxFault fault);
  void Clear() { faults_.clear(); }
  // Takes one hit of the first fault that wants this method and path.
  std::optional<SandboxFault> Take(std::string_view method, std::string_view path);

 private:
  std::deque<SandboxFault> faults_;  // bounded by kFaultsMax
};

}  // namespace session_gateway::sandbox
