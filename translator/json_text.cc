#include "translator/json_text.h"

#include <charconv>

namespace session_gateway {
namespace {

bool NeedsEscape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

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
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!NeedsEscape(text[i])) continue;
    out.append(text, plain, i - plain);
    AppendEscaped(text[i], out);
    plain = i + 1;
  }
  out.append(text, plain);
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
