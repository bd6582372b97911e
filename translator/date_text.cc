#include "translator/date_text.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace session_gateway {
namespace {

constexpr std::int64_t kMinSeconds = -62135596800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kMaxSeconds = 253402300799;  // 9999-12-31T23:59:59Z
constexpr std::int64_t kSecondsPerDay = 86400;
constexpr int kFractionDigitsMax = 9;

constexpr std::string_view kDateForm = "\"0000-00-00T00:00:00.000Z\"";

// The digits of `value`, ending before `end`, over the zeros that are there.
void PutDigits(std::int64_t value, char* end) {
  for (; value > 0; value /= 10) *--end = static_cast<char>('0' + value % 10);
}

// Takes fixed pieces from the front of a text; after the first mismatch everything fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `width` digits with a value from `min` to `max`.
  bool TakeNumber(int width, int min, int max, int& value) {
    if (rest_.size() < static_cast<std::size_t>(width)) return false;
    value = 0;
    for (int i = 0; i < width; ++i) {
      const char c = rest_[static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(static_cast<std::size_t>(width));
    return value >= min && value <= max;
  }

  // 1 to 9 digits of a fraction, as nanoseconds.
  bool TakeFraction(std::int32_t& nanos) {
    nanos = 0;
    int digits = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (++digits > kFractionDigitsMax) return false;
      nanos = nanos * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    for (int i = digits; i < kFractionDigitsMax; ++i) nanos *= 10;
    return digits > 0;
  }

  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// What stands behind the time: seconds to subtract to reach UTC.
std::optional<std::int64_t> TakeZone(Scanner& scanner) {
  if (scanner.empty() || scanner.Take('Z')) return 0;
  const bool ahead = scanner.Take('+');
  if (!ahead && !scanner.Take('-')) return std::nullopt;
  int hours = 0;
  int minutes = 0;
  if (!scanner.TakeNumber(2, 0, 23, hours) || !scanner.Take(':') || !scanner.TakeNumber(2, 0, 59, minutes)) {
    return std::nullopt;
  }
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return ahead ? seconds : -seconds;
}

}  // namespace

bool IsValidInstant(Instant instant) {
  return instant.seconds >= kMinSeconds && instant.seconds <= kMaxSeconds && instant.nanos >= 0 &&
         instant.nanos <= 999'999'999;
}

void AppendJsonDate(Instant instant, std::string& out) {
  using std::chrono::days;
  const std::chrono::sys_days day =
      std::chrono::floor<days>(std::chrono::sys_seconds(std::chrono::seconds(instant.seconds)));
  const std::chrono::year_month_day date(day);
  const std::int64_t second = instant.seconds - day.time_since_epoch().count() * kSecondsPerDay;
  std::array<char, kDateForm.size()> text;
  std::copy(kDateForm.begin(), kDateForm.end(), text.begin());
  char* const begin = text.data() + 1;
  PutDigits(static_cast<int>(date.year()), begin + 4);
  PutDigits(static_cast<unsigned>(date.month()), begin + 7);
  PutDigits(static_cast<unsigned>(date.day()), begin + 10);
  PutDigits(second / 3600, begin + 13);
  PutDigits(second / 60 % 60, begin + 16);
  PutDigits(second % 60, begin + 19);
  PutDigits(instant.nanos / 1'000'000, begin + 23);
  out.append(text.data(), text.size());
}

std::optional<Instant> ParseDate(std::string_view text) {
  Scanner scanner(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool matched =
      scanner.TakeNumber(4, 1, 9999, year) && scanner.Take('-') && scanner.TakeNumber(2, 1, 12, month) &&
      scanner.Take('-') && scanner.TakeNumber(2, 1, 31, day) && scanner.Take('T') &&
      scanner.TakeNumber(2, 0, 23, hour) && scanner.Take(':') && scanner.TakeNumber(2, 0, 59, minute) &&
      scanner.Take(':') && scanner.TakeNumber(2, 0, 59, second);
  if (!matched) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;

  Instant instant;
  if (scanner.Take('.') && !scanner.TakeFraction(instant.nanos)) return std::nullopt;
  const std::optional<std::int64_t> offset = TakeZone(scanner);
  if (!offset || !scanner.empty()) return std::nullopt;
  instant.seconds = std::chrono::sys_days(date).time_since_epoch().count() * kSecondsPerDay + hour * 3600 +
                    minute * 60 + second - *offset;
  if (!IsValidInstant(instant)) return std::nullopt;
  return instant;
}

}  // namespace session_gateway
