// The header block of one answer of HTTP/1.x as values, and whether its rules were kept: for the engine that
// does not have Beast's parser (docs/decisions/engines.md).
//
// What is taken and what is refused is the same as in http_answer.h, byte for byte; a test holds the two
// against each other. Thread rule: pure functions. Never here: limits, bodies, the meaning of a status.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "translator/http_message.h"

namespace session_gateway {

// What header lines say of the message that they belong to.
struct AnswerFraming {
  std::optional<std::uint64_t> length;
  int transfer_codings = 0;
  bool chunked = false;       // the last coding of one of them
  bool chunked_only = false;  // the last of them says that and no more
  bool says_close = false;
};

struct AnswerHead {
  int status = 0;  // 0 until the status line was read
  bool http11 = false;
  std::vector<HttpHeader> headers;  // names in lower case
  AnswerFraming framing;
};

enum class HeadState { kWhole, kIncomplete, kMalformed };

// `block` is a header block with its empty line, or the beginning of one. `head` has what was read up to the
// end or the fault.
HeadState ReadHead(std::string_view block, AnswerHead& head);

// The lines behind the last chunk with the empty line that ends them. They change `framing` alone.
HeadState ReadTrailers(std::string_view block, AnswerFraming& framing);

// What stands behind the size of a chunk up to the line's end. A quote that its line leaves open is wrong
// here; the other parser waits for its end, finds it in the wrong place or never, and says the same of it
// later.
bool IsChunkExtension(std::string_view text);

// A number as lengths are written: decimal digits only, within 64 bits.
std::optional<std::uint64_t> ReadLength(std::string_view digits);
// A number as sizes of chunks are written, at the beginning of `text`, from which it is taken.
std::optional<std::uint64_t> TakeChunkSize(std::string_view& text);

}  // namespace session_gateway
