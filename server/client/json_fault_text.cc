#include "server/client/json_fault_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace session_gateway {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpace = " \t\r\n";

// Where the text stops to be JSON. The library that finds the tokens keeps no position, so another one is
// asked.
class FaultFinder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::size_t offset = std::string_view::npos;  // of the byte, or of the string that begins there
  bool behind_the_end = false;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(); }
  bool start_array(std::size_t) override { return Open(); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(string_t&) override { return true; }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::json::exception&) override {
    const bool whole_string = token.size() > 1 && token.front() == '"' && token.back() == '"';
    const std::size_t length =
        whole_string ? token.size() : 1;  // the position counts from 1, behind the byte
    offset = position < length ? 0 : position - length;
    behind_the_end = closed_;
    return false;
  }

 private:
  bool Open() {
    ++depth_;
    return true;
  }
  bool Close() {
    closed_ = --depth_ == 0;
    return true;
  }

  int depth_ = 0;
  bool closed_ = false;
};

std::string Position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = lines == 0 ? 0 : before.rfind('\n') + 1;
  return "line " + std::to_string(lines + 1) + ", column " + std::to_string(offset - line_begin + 1);
}

// The last character before `offset` that is no space.
char LastBefore(std::string_view text, std::size_t offset) {
  const std::size_t at = text.substr(0, offset).find_last_not_of(kSpace);
  return at == text.npos ? '\0' : text[at];
}

std::string_view Mistake(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "the text ends too early; a bracket or a quote is not closed";
  const char found = text[offset];
  const char before = LastBefore(text, offset);
  const bool begins_value = found == '"' || found == '{' || found == '[' || (found >= '0' && found <= '9');
  const bool ended_value = before == '"' || before == '}' || before == ']' ||
                           (before >= '0' && before <= '9') || before == 'e' || before == 'l';
  if (found == '/' || found == '#' || before == '/') return "JSON has no comments; remove it";
  if ((found == '}' || found == ']') && before == ',') {
    return "a comma stands before the closing bracket; remove it";
  }
  if (found == '\'') return "JSON has double quotes only";
  if (found == '\n' || found == '\r') return "a line ends inside a string; write \\n";
  if (found == '}' || found == ']') return "this bracket closes what the other kind opened, or nothing";
  if (begins_value && ended_value) return "a comma or a colon is missing before it";
  const std::string_view rest = text.substr(offset > 0 ? offset - 1 : 0, 8);
  for (const std::string_view word : {"True", "False", "None", "NaN", "Infinit", "undefine"}) {
    if (rest.find(word.substr(0, 2)) != rest.npos)
      return "a value must be null, true, false, a number or in quotes";
  }
  return "it is not JSON from there on";
}

}  // namespace

std::string ExplainJsonFault(JsonFault fault, std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return "is UTF-16; save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)";
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.find_first_not_of(kSpace) == text.npos) return "is empty; the smallest body is {}";
  const std::string what(JsonFaultText(fault));
  if (fault != JsonFault::kSyntax && fault != JsonFault::kNotObject) return what;
  FaultFinder finder;
  nlohmann::json::sax_parse(text, &finder);
  if (finder.offset == text.npos) return what;
  const std::string_view mistake = finder.behind_the_end && finder.offset < text.size()
                                       ? "something stands behind the end of the document"
                                       : Mistake(text, finder.offset);
  return "is not JSON: " + Position(text, finder.offset) + ": " + std::string(mistake);
}

}  // namespace session_gateway
