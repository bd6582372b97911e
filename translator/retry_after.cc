#include "translator/retry_after.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/numbers.h"
#include "translator/date_text.h"

namespace session_gateway {
namespace {

// A longer advice is a fault.
constexpr std::int64_t kRetryAfterSecondsMax = 86400;

constexpr std::string_view kDateForm = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// From the date of the answer to the date that it names: no clock has to agree with another.
std::optional<std::int64_t> SecondsBetween(const HttpReply& reply, const std::string& later) {
  const std::string* const date = reply.FindHeader("date");
  const auto begin = date == nullptr ? std::nullopt : ParseHttpDate(*date);
  const auto end = ParseHttpDate(later);
  if (!begin || !end) return std::nullopt;
  return std::max<std::int64_t>(*end - *begin, 0);
}

}  // namespace

std::optional<std::int64_t> ParseHttpDate(std::string_view text) {
  if (text.size() != kDateForm.size()) return std::nullopt;
  if (text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ') return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  const std::string number = std::to_string(month - kMonths.begin() + 101).substr(1);
  const std::string iso = std::string(text.substr(12, 4)) + "-" + number + "-" +
                          std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z";
  const std::optional<Instant> instant = ParseDate(iso);
  if (!instant) return std::nullopt;
  return instant->seconds;
}

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
