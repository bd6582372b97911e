// What must hold for every input of a fuzzer, and the parts of it that several of them share.
//
// A broken invariant is an exception: it ends a fuzzer with its text, and a replayed input fails its test by
// name. Thread rule: pure functions. Never here: catching it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "translator/rpc_error.h"

namespace session_gateway::fuzzing {

// The contract's numbers, written down again: a bound of the code that slips is not to slip here, too.
inline constexpr std::int64_t kDaySeconds = 86400;
inline constexpr int kDepthMax = 64;
inline constexpr std::size_t kShownTextBytesMax = 256;
inline constexpr std::size_t kShownViolationsMax = 16;

class BrokenInvariant : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

void Require(bool holds, std::string_view what);
void Require(bool holds, std::string_view what, std::string_view detail);

// The bounds and agreements of an error, whatever it is: the size of the trailers, valid texts, details that
// say what the error says, UNAVAILABLE only for what was not sent.
void RequireSoundError(const RpcError& error);

// The form of an error for a message that breaks rules.
void RequireViolations(const RpcError& error);

// Secrets that stand for credentials of the gateway: plain, with bytes that are encoded in a query, and
// quoted as a cookie's value may be.
const std::vector<std::string>& Canaries();

// Whether `text` holds one of them, raw or percent-encoded, in either case.
bool ShowsSecret(std::string_view text, const std::vector<std::string>& secrets);

bool IsPercentEncodedText(std::string_view text);  // unreserved bytes and %XX alone
std::string PercentDecode(std::string_view text);

}  // namespace session_gateway::fuzzing
