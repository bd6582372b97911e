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

// How what the two say differs, as text; empty: they agree. Of a chunk whose line leaves a quote open the
// parser may still wait for more, or say that it was cut, where the other has found it malformed.
std::string Disagreement(const EngineLimits& limits, const WireBytes& wire);

}  // namespace session_gateway
