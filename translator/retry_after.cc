#include "translator/retry_after.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "translator/http_date.h"

namespace session_gateway {
namespace {

// A longer advice is a fault.
constexpr std::int64_t kRetryAfterSecondsMax = 86400;

// From the date of the answer to the date that it names: no clock has to agree with another.
std::optional<std::int64_t> SecondsBetween(const HttpReply& reply, const std::string& later) {
  const std::string* const date = reply.FindHeader("date");
  const auto begin = date == nullptr ? std::nullopt : ParseHttpDate(*date);
  const auto end = ParseHttpDate(later);
  if (!begin || !end) return std::nullopt;
  return std::max<std::int64_t>(*end - *begin, 0);
}

}  // namespace

std::optional<std::int64_t> RetryAfter(const HttpReply& reply) {
  const std::string* const header = reply.FindHeader("retry-after");
  if (header == nullptr) return std::nullopt;
  std::int64_t seconds = 0;
  if (!absl::SimpleAtoi(*header, &seconds)) {
    const auto between = SecondsBetween(reply, *header);
    if (!between) return std::nullopt;
    seconds = *between;
  }
  if (seconds < 0 || seconds > kRetryAfterSecondsMax) return std::nullopt;
  return seconds;
}

}  // namespace session_gateway
