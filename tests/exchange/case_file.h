// A case file: one whole exchange as text (tests/cases/README.md has the form). Reading it, writing it back,
// and the few escapes that its texts know.
//
// Thread rule: values. Never here: sockets, protobuf, the meaning of a section.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace session_gateway {

struct CaseSection {
  std::string name;  // `request`, `sent`, `answer`, `close`, `reset`, `response`, `error`
  std::string text;  // without the line feed before the next section
};

struct CaseFile {
  std::string story;                            // the comment at the top, as it stands
  std::map<std::string, std::string> settings;  // `name: value`
  std::vector<CaseSection> sections;

  const CaseSection* Find(std::string_view name) const;
};

// The case, or what is wrong with the text and where.
std::variant<CaseFile, std::string> ParseCase(std::string_view text);
std::string RenderCase(const CaseFile& file);

// An HTTP message: each line of the head ends with CR LF, the body follows as it stands.
struct CaseMessage {
  std::vector<std::string> head;
  bool head_ends = false;  // with an empty line
  std::string body;

  std::string Bytes() const;
  std::string Text() const;
};
CaseMessage SplitText(std::string_view text);    // of a section
CaseMessage SplitBytes(std::string_view bytes);  // of a wire

// Replaces the marks of a text:
//   <CRLF>             CR LF; the line feed that follows it in the file is dropped
//   <9F>, <9F N>       one byte, or N of them
//   <file NAME>        a file of tests/data without its last line feed
//   <repeat N TEXT>    the text N times
//   <compact NAME>     the same without the spaces and line feeds between JSON tokens
std::string ExpandMarks(std::string_view text);

// JSON text without insignificant space; everything else byte by byte.
std::string CompactJson(std::string_view json);

std::string ReadWholeFile(const std::string& path);
std::string ReplaceAll(std::string text, std::string_view what, std::string_view with);

}  // namespace session_gateway
