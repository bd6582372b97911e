// HTTP bytes to the second engine's reader: whatever comes, in whatever pieces, it says what the first one
// says, and no more passes its gate than may.
//
// Input: eight bytes (choices, then the sizes of the pieces in turn, 0 for all that is left), then the bytes
// of the wire, as of answer_to_result.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/invariant.h"
#include "tests/server/answer_readers.h"

namespace session_gateway::fuzzing {
namespace {

constexpr std::size_t kHeadBytes = 8;
// Some seeds have a body over its limit of megabytes; the small limits show the same sooner.
constexpr std::size_t kInputBytesMax = 256 * 1024;
constexpr std::uint8_t kSmallLimits = 2;
constexpr int kEndShift = 2;  // two bits

WireBytes Decode(std::string_view data) {
  WireBytes wire;
  const int end = (static_cast<std::uint8_t>(data[0]) >> kEndShift) & 3;
  wire.end = static_cast<WireEnd>(std::min(end, static_cast<int>(WireEnd::kNone)));
  const std::string_view sizes = data.substr(1, kHeadBytes - 1);
  std::string_view rest = data.substr(kHeadBytes);
  for (std::size_t i = 0; !rest.empty(); ++i) {
    const std::size_t size = static_cast<std::uint8_t>(sizes[i % sizes.size()]);
    wire.pieces.emplace_back(rest.substr(0, size == 0 ? rest.size() : size));
    rest.remove_prefix(wire.pieces.back().size());
  }
  return wire;
}

void Fuzz(std::string_view data) {
  EngineLimits limits;
  if ((static_cast<std::uint8_t>(data[0]) & kSmallLimits) != 0) {
    limits.answer_header_bytes = 256;
    limits.answer_body_bytes = 128;
    limits.informational_answers = 1;
  }
  const WireBytes wire = Decode(data);
  const std::string difference = Disagreement(limits, wire);
  Require(difference.empty(), "both readers say the same", difference);
}

}  // namespace
}  // namespace session_gateway::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzzing = session_gateway::fuzzing;
  if (size < fuzzing::kHeadBytes || size > fuzzing::kInputBytesMax) return 0;
  fuzzing::Fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
