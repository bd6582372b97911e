// The source tree as the tidy test sees it: each file's text, its code without comments and literals, what it
// includes, and where its functions and variables stand. A reading by braces and words, not a parser: enough
// for code that clang-format has brought into form.
//
// Thread rule: values. Never here: rules.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace session_gateway {

struct SourceFile {
  std::string path;  // from the root, `server/main.cc`
  std::string text;
  std::string code;  // the text with each comment and literal blanked, lines kept
  std::vector<std::string> includes;

  bool IsBelow(std::string_view folder) const { return path.starts_with(folder); }
  bool IsHeader() const { return path.ends_with(".h"); }
  int lines() const;
};

// All .h and .cc files below the folders.
std::vector<SourceFile> ReadSources(const std::filesystem::path& root,
                                    const std::vector<std::string>& folders);

std::string BlankCommentsAndLiterals(std::string_view text);

struct FunctionSpan {
  int first_line = 0;  // of its head
  int lines = 0;
};
std::vector<FunctionSpan> FindFunctions(std::string_view code);

// Statements that define a variable which the program can change and which outlives a call: at namespace
// scope, or `static` in a function.
std::vector<std::string> FindMutableGlobals(std::string_view code);

}  // namespace session_gateway
