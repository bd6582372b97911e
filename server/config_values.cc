#include "server/config_values.h"

#include <array>
#include <charconv>
#include <utility>

namespace session_gateway {
namespace {

constexpr std::size_t kDurationDigitsMax = 9;
constexpr std::size_t kCountDigitsMax = 18;
constexpr std::size_t kSizeDigitsMax = 12;

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Longest names first, so that `ms` is not taken for minutes.
constexpr std::array<Unit, 4> kDurationUnits = {{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 2> kSizeUnits = {{{"KiB", 1024}, {"MiB", 1024 * 1024}}};

std::optional<std::int64_t> ParseDigits(std::string_view text, std::size_t digits_max) {
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

template <std::size_t N>
std::string Format(std::int64_t value, const std::array<Unit, N>& units, std::string_view base_name) {
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    if (value != 0 && value % unit->factor == 0) {
      return std::to_string(value / unit->factor).append(unit->name);
    }
  }
  return std::to_string(value).append(base_name);
}

// `number` in milliseconds, when it is a whole number of them.
std::optional<std::chrono::milliseconds> Scale(std::string_view number, std::int64_t factor) {
  const std::size_t point = number.find('.');
  const auto whole = ParseDigits(number.substr(0, point), kDurationDigitsMax);
  if (!whole) return std::nullopt;
  std::int64_t total = *whole * factor;
  if (point == std::string_view::npos) return std::chrono::milliseconds(total);

  const std::string_view digits = number.substr(point + 1);
  const auto fraction = ParseDigits(digits, kDurationDigitsMax);
  if (!fraction) return std::nullopt;
  std::int64_t denominator = 1;
  for (std::size_t i = 0; i < digits.size(); ++i) denominator *= 10;
  if (*fraction * factor % denominator != 0) return std::nullopt;
  total += *fraction * factor / denominator;
  return std::chrono::milliseconds(total);
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDurationText(std::string_view text) {
  for (const Unit& unit : kDurationUnits) {
    if (!text.ends_with(unit.name)) continue;
    return Scale(text.substr(0, text.size() - unit.name.size()), unit.factor);
  }
  return std::nullopt;
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  return Format(duration.count(), kDurationUnits, "ms");
}

std::optional<std::int64_t> ParseCountText(std::string_view text) {
  return ParseDigits(text, kCountDigitsMax);
}

std::optional<std::int64_t> ParseSizeText(std::string_view text) {
  for (const Unit& unit : kSizeUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto count = ParseDigits(text.substr(0, text.size() - unit.name.size()), kSizeDigitsMax);
    if (!count) return std::nullopt;
    return *count * unit.factor;
  }
  return ParseDigits(text, kSizeDigitsMax);
}

std::string FormatSize(std::int64_t bytes) { return Format(bytes, kSizeUnits, ""); }

}  // namespace session_gateway
