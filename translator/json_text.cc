#include "translator/json_text.h"

#include <charconv>
#include <cstdint>
#include <cstring>

namespace session_gateway {
namespace {

bool NeedsEscape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// Whether one of eight characters at once may need it: of a byte below `limit` the difference has its high
// bit set, where the byte's own is not. It may be wrong behind such a byte, and never before the first.
bool MayNeedEscape(const char* eight) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kEach;
  std::uint64_t word = 0;
  std::memcpy(&word, eight, sizeof(word));
  const auto below = [](std::uint64_t bytes, std::uint64_t limit) {
    return (bytes - limit * kEach) & ~bytes & kHigh;
  };
  return (below(word, 0x20) | below(word ^ ('"' * kEach), 1) | below(word ^ ('\\' * kEach), 1)) != 0;
}

// The place of the first character from `at` on that needs it, or the end.
std::size_t NextEscape(std::string_view text, std::size_t at) {
  while (at + 8 <= text.size() && !MayNeedEscape(text.data() + at)) at += 8;
  while (at < text.size() && !NeedsEscape(text[at])) ++at;
  return at;
}

void AppendEscaped(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
}

template <typename T>
void AppendNumber(T value, std::string& out) {
  char buffer[32];  // the longest shortest double has 24 characters
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  out.append(buffer, end);
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  std::size_t plain = 0;
  for (;;) {
    const std::size_t end = NextEscape(text, plain);
    out.append(text, plain, end - plain);
    if (end == text.size()) break;
    AppendEscaped(text[end], out);
    plain = end + 1;
  }
  out += '"';
}

void AppendJsonInteger(std::int64_t value, std::string& out) { AppendNumber(value, out); }
void AppendJsonInteger(std::uint64_t value, std::string& out) { AppendNumber(value, out); }

void AppendJsonDouble(double value, std::string& out) {
  const std::size_t begin = out.size();
  AppendNumber(value, out);
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

}  // namespace session_gateway
