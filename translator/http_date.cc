#include "translator/http_date.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace session_gateway {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// `0` stands for a digit, `A` for a letter of a name.
constexpr std::string_view kForm = "AAA, 00 AAA 0000 00:00:00 GMT";

bool HasForm(std::string_view text) {
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char form) {
    if (form == '0') return c >= '0' && c <= '9';
    return form == 'A' || c == form;
  });
}

int Number(std::string_view digits) {
  int value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

std::optional<std::int64_t> ParseHttpDate(std::string_view text) {
  if (!HasForm(text)) return std::nullopt;
  const bool names_day = std::find(kDays.begin(), kDays.end(), text.substr(0, 3)) != kDays.end();
  const auto* const month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const std::chrono::year_month_day date{
      std::chrono::year(Number(text.substr(12, 4))),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(Number(text.substr(5, 2))))};
  const int hour = Number(text.substr(17, 2));
  const int minute = Number(text.substr(20, 2));
  const int second = Number(text.substr(23, 2));  // 60 is a leap second
  if (!names_day || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::chrono::seconds time = std::chrono::sys_days(date).time_since_epoch() +
                                    std::chrono::hours(hour) + std::chrono::minutes(minute) +
                                    std::chrono::seconds(second);
  return time.count();
}

}  // namespace session_gateway
