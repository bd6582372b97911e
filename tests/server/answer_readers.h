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

// How what the two say differs, as text; empty: they agree. The parser finds some broken chunks a few bytes
// later than the other (behind a chunk's data, and where a line leaves a quote open), so where it waits or
// was cut it is asked again with more bytes.
std::string Disagreement(const EngineLimits& limits, const WireBytes& wire);

}  // namespace session_gateway
