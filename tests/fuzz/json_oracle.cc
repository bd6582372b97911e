#include "tests/fuzz/json_oracle.h"

#include <algorithm>
#include <set>
#include <vector>

namespace session_gateway::fuzzing {
namespace {

using nlohmann::json;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kDigits = "0123456789";
constexpr std::size_t kExponentDigitsMax = 2;
constexpr std::size_t kDigitsMax = 200;

// The value of four hexadecimal digits at the front, or -1.
int Hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  const std::string digits(text.substr(0, 4));
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return -1;
  return static_cast<int>(std::stoul(digits, nullptr, 16));
}

bool IsHigh(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLow(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Copies one escape from the front of `rest`; a surrogate without its other half becomes a letter.
void CopyEscape(std::string_view& rest, Tamed& out) {
  const int unit = rest.substr(0, 2) == "\\u" ? Hex4(rest.substr(2)) : -1;
  if (!IsHigh(unit) && !IsLow(unit)) {
    const std::size_t size = std::min<std::size_t>(2, rest.size());
    out.text += rest.substr(0, size);
    rest.remove_prefix(size);
    return;
  }
  const std::string_view next = rest.substr(6);
  if (IsHigh(unit) && next.substr(0, 2) == "\\u" && IsLow(Hex4(next.substr(2)))) {
    out.text += rest.substr(0, 12);
    rest.remove_prefix(12);
    return;
  }
  out.text += "\\u0041";
  out.has_lone_surrogate = true;
  rest.remove_prefix(6);
}

void CopyString(std::string_view& rest, Tamed& out) {
  out.text += '"';
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\') {
      CopyEscape(rest, out);
    } else {
      out.text += rest.front();
      rest.remove_prefix(1);
    }
  }
  if (rest.empty()) return;
  out.text += '"';
  rest.remove_prefix(1);
}

// A run of digits, shortened where it is long: behind an exponent, or so many that a double may overflow.
void CopyDigits(std::string_view& rest, Tamed& out) {
  const std::size_t size = std::min(rest.find_first_not_of(kDigits), rest.size());
  const std::size_t sign = out.text.find_last_not_of("+-");
  const bool exponent = sign != std::string::npos && (out.text[sign] == 'e' || out.text[sign] == 'E');
  const std::size_t kept = std::min(size, exponent ? kExponentDigitsMax : kDigitsMax);
  out.text += rest.substr(0, kept);
  rest.remove_prefix(size);
}

int DepthOf(const json& value) {
  if (!value.is_structured()) return 0;
  int below = 0;
  for (const json& child : value) below = std::max(below, DepthOf(child));
  return below + 1;
}

}  // namespace

Tamed Tame(std::string_view text) {
  Tamed out;
  out.has_mark = text.substr(0, kByteOrderMark.size()) == kByteOrderMark;
  out.has_nul = text.find('\0') != std::string_view::npos;
  for (std::string_view rest = text; !rest.empty();) {
    if (rest.front() == '"') {
      CopyString(rest, out);
    } else if (kDigits.find(rest.front()) != std::string_view::npos) {
      CopyDigits(rest, out);
    } else {
      out.text += rest.front();
      rest.remove_prefix(1);
    }
  }
  out.changed = out.text != text;
  return out;
}

Opinion Ask(const std::string& tamed) {
  Opinion opinion;
  std::vector<std::set<std::string>> names;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second)
      opinion.has_duplicate = true;
    return true;
  };
  try {
    opinion.document = json::parse(tamed, watch);
    opinion.depth = DepthOf(*opinion.document);
  } catch (const json::exception&) {
    opinion.document.reset();
  }
  return opinion;
}

}  // namespace session_gateway::fuzzing
