// The two readers of answers, http_answer.h and the one behind answer_gate.h, on the same bytes: what each
// says of them, in a form that can be compared.
//
// Thread rule: pure functions. Never here: which bytes.
#pragma once

#include <string>
#include <vector>

#include "server/upstream/engine_limits.h"

namespace session_gateway {

enum class WireEnd { kGoodOrder, kLoss, kNone };

// What comes of an answer, in the pieces in which it comes.
struct WireBytes {
  std::vector<std::string> pieces;
  WireEnd end = WireEnd::kGoodOrder;
};

// All that the reader says in the end, as text.
std::string SaidByParser(const EngineLimits& limits, const WireBytes& wire);
std::string SaidByHttplib(const EngineLimits& limits, const WireBytes& wire);

}  // namespace session_gateway
