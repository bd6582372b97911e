#include "server/upstream/cookies.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

// A date of before is how servers take a cookie away: 1970, 1601 and their like.
constexpr int kYearMin = 2000;

std::string_view Trim(std::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
  return {trimmed.data(), trimmed.size()};
}

bool Is(std::string_view text, absl::string_view word) {
  return absl::EqualsIgnoreCase(absl::string_view(text.data(), text.size()), word);
}

// Splits at the first `separator`; the second part is empty where there is none.
std::pair<std::string_view, std::string_view> SplitOnce(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

bool IsPastAge(std::string_view text) {
  if (text.starts_with('-')) return true;
  long long seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() && end == text.data() + text.size() && seconds == 0;
}

bool IsPastDate(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_of("0123456789", at);
    if (begin == std::string_view::npos) return false;
    const std::size_t end = std::min(text.find_first_not_of("0123456789", begin), text.size());
    int year = 0;
    if (end - begin == 4) std::from_chars(text.data() + begin, text.data() + end, year);
    if (end - begin == 4) return year < kYearMin;
    at = end;
  }
  return false;
}

// Max-Age counts before Expires (RFC 6265).
bool IsExpired(std::string_view attributes) {
  std::optional<bool> by_age;
  bool by_date = false;
  while (!attributes.empty()) {
    const auto [attribute, rest] = SplitOnce(attributes, ';');
    const auto [name, value] = SplitOnce(attribute, '=');
    if (Is(Trim(name), "max-age")) by_age = IsPastAge(Trim(value));
    if (Is(Trim(name), "expires")) by_date = IsPastDate(value);
    attributes = rest;
  }
  return by_age.value_or(by_date);
}

std::optional<SetCookie> ReadSetCookie(std::string_view header) {
  const auto [pair, attributes] = SplitOnce(header, ';');
  if (pair.find('=') == std::string_view::npos) return std::nullopt;
  const auto [raw_name, raw_value] = SplitOnce(pair, '=');
  const std::string_view name = Trim(raw_name);
  const std::string_view value = Trim(raw_value);
  if (name.empty() || name.size() + value.size() > kCookieBytesMax) return std::nullopt;
  if (HasControlCharacter(name) || HasControlCharacter(value)) return std::nullopt;
  return SetCookie{{std::string(name), Secret(std::string(value))}, value.empty() || IsExpired(attributes)};
}

}  // namespace

std::vector<SetCookie> ReadSetCookies(const HttpReply& reply) {
  std::vector<SetCookie> cookies;
  for (const HttpHeader& header : reply.headers) {
    if (header.name != "set-cookie") continue;
    std::optional<SetCookie> read = ReadSetCookie(header.value);
    if (!read) continue;
    const auto same = std::find_if(cookies.begin(), cookies.end(), [&read](const SetCookie& known) {
      return known.cookie.name == read->cookie.name;
    });
    if (same != cookies.end()) {
      *same = *std::move(read);
    } else if (cookies.size() < kCookiesMax) {
      cookies.push_back(*std::move(read));
    }
  }
  return cookies;
}

std::string CookieHeader(const std::vector<Cookie>& cookies) {
  std::string header;
  for (const Cookie& cookie : cookies) {
    if (!header.empty()) header += "; ";
    header += cookie.name;
    header += '=';
    header += cookie.value.Reveal();
  }
  return header;
}

std::vector<std::string> CookieValues(std::string_view header) {
  std::vector<std::string> values;
  while (!header.empty() && values.size() < kCookiesMax) {
    const auto [pair, rest] = SplitOnce(header, ';');
    const auto [name, value] = SplitOnce(pair, '=');
    values.emplace_back(Trim(value.empty() ? name : value));
    header = rest;
  }
  return values;
}

}  // namespace session_gateway
