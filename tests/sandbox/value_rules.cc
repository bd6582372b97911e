#include "tests/sandbox/value_rules.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace session_gateway::sandbox {
namespace {

// The documented example carries this text where base64 belongs.
constexpr std::string_view kDocumentedBytes = "Base64 encoded string";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// `pattern` has 9 for a digit, x for a hexadecimal one; everything else stands for itself.
bool Matches(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool fits = pattern[i] == '9'   ? IsDigit(text[i])
                      : pattern[i] == 'x' ? IsHexDigit(text[i])
                                          : text[i] == pattern[i];
    if (!fits) return false;
  }
  return true;
}

int NumberAt(std::string_view text, std::size_t begin, std::size_t size) {
  int value = 0;
  for (const char c : text.substr(begin, size)) value = value * 10 + (c - '0');
  return value;
}

int DaysOfMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

template <typename Integer>
bool IsPrinted(std::string_view text, Integer min, Integer max) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  return value >= min && value <= max && std::to_string(value) == text;
}

int Base64Digit(char c) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t digit = kAlphabet.find(c);
  return digit == std::string_view::npos ? -1 : static_cast<int>(digit);
}

}  // namespace

bool IsDate(std::string_view text) {
  if (!Matches(text, "9999-99-99T99:99:99.999Z")) return false;
  const int year = NumberAt(text, 0, 4);
  const int month = NumberAt(text, 5, 2);
  const int day = NumberAt(text, 8, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > DaysOfMonth(year, month)) return false;
  return NumberAt(text, 11, 2) < 24 && NumberAt(text, 14, 2) < 60 && NumberAt(text, 17, 2) < 60;
}

bool IsGuid(std::string_view text) {
  return text.empty() || Matches(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

bool IsZeroGuid(std::string_view text) { return text == "00000000-0000-0000-0000-000000000000"; }

bool IsCanonicalBase64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::string_view digits = text.substr(0, text.size() - padding);
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return Base64Digit(c) >= 0; })) return false;
  if (padding == 0) return true;
  const int unused = padding == 2 ? 0x0f : 0x03;
  return (Base64Digit(digits.back()) & unused) == 0;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (!IsCanonicalBase64(text)) return std::nullopt;
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = (bits << 6) | static_cast<unsigned>(Base64Digit(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> count) & 0xff);
  }
  return bytes;
}

bool IsSignedDecimal(std::string_view text, std::int64_t min, std::int64_t max) {
  return IsPrinted<std::int64_t>(text, min, max);
}

bool IsUnsignedDecimal(std::string_view text, std::uint64_t max) {
  return IsPrinted<std::uint64_t>(text, 0, max);
}

bool IsSoamTypeName(std::string_view text) {
  constexpr std::string_view kPrefix = "SOAM_";
  if (!text.starts_with(kPrefix) || text.size() == kPrefix.size()) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_'; });
}

std::string CheckTypedValue(std::string_view type, std::string_view value) {
  if (type == "SOAM_UINT32") {
    const bool fits = IsUnsignedDecimal(value, std::numeric_limits<std::uint32_t>::max());
    return fits ? "" : "SOAM_UINT32 wants decimal digits, 0 to 4294967295";
  }
  if (type == "SOAM_INT64") {
    constexpr auto kLimits = std::numeric_limits<std::int64_t>();
    const bool fits = IsSignedDecimal(value, kLimits.min(), kLimits.max());
    return fits ? "" : "SOAM_INT64 wants decimal digits in the range of a signed 64-bit integer";
  }
  if (type == "SOAM_UINT64") {
    const bool fits = IsUnsignedDecimal(value, std::numeric_limits<std::uint64_t>::max());
    return fits ? "" : "SOAM_UINT64 wants decimal digits in the range of an unsigned 64-bit integer";
  }
  if (type == "SOAM_BYTES") {
    const bool fits = value == kDocumentedBytes || IsCanonicalBase64(value);
    return fits ? "" : "SOAM_BYTES wants padded standard base64";
  }
  return "";
}

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace session_gateway::sandbox
