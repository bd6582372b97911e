#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

namespace session_gateway {
namespace {

bool IsWordChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where the comment or literal that begins at `at` ends, or `at` when none does.
std::size_t EndOfBlank(std::string_view text, std::size_t at) {
  const auto after = [&](std::string_view end, std::size_t from) {
    const std::size_t found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) return after("*/", at + 2);
  const bool in_word = at > 0 && IsWordChar(text[at - 1]);
  if (rest.starts_with("R\"") && !in_word) {
    const std::size_t open = text.find('(', at);
    return after(")" + std::string(text.substr(at + 2, open - at - 2)) + "\"", open);
  }
  // A quote within a word separates digits.
  if (rest.front() != '"' && (rest.front() != '\'' || in_word)) return at;
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == rest.front()) {
      return i + 1;
    }
  }
  return text.size();
}

std::vector<std::string> FindIncludes(const std::string& text) {
  static const std::regex kInclude(R"(^#include [<"]([^>"]+)[>"])");
  std::vector<std::string> includes;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) includes.push_back(match[1]);
  }
  return includes;
}

enum class Scope { kNamespace, kType, kFunction, kOther };

Scope ScopeOf(const std::string& head, bool in_function) {
  if (in_function) return Scope::kOther;
  static const std::regex kNamespace(R"(^\s*(inline )?namespace\b|^\s*extern\s*$)");
  static const std::regex kType(R"(\b(class|struct|union|enum)\b)");
  static const std::regex kInitializer(R"((=|\breturn)\s*$)");
  if (std::regex_search(head, kNamespace)) return Scope::kNamespace;
  if (std::regex_search(head, kInitializer)) return Scope::kOther;
  if (head.find(')') != std::string::npos) return Scope::kFunction;
  return std::regex_search(head, kType) ? Scope::kType : Scope::kOther;
}

// Walks the code by its braces. `on_statement(text, scopes)` gets each text that ends with `;`;
// `on_function(first line, last line)` each function body with its head.
template <typename OnStatement, typename OnFunction>
void Walk(std::string_view code, OnStatement on_statement, OnFunction on_function) {
  struct Open {
    Scope scope;
    int head_line;
  };
  std::vector<Open> open;
  std::string head;  // since the last brace or semicolon
  int line = 1;
  int head_line = 1;
  bool in_directive = false;
  const auto in_function = [&open] {
    return std::any_of(open.begin(), open.end(), [](const Open& o) { return o.scope == Scope::kFunction; });
  };
  for (const char c : code) {
    if (c == '\n') {
      ++line;
      in_directive = false;
    }
    if (c == '#' && head.find_first_not_of(" \n") == std::string::npos) in_directive = true;
    if (in_directive) continue;
    if (head.find_first_not_of(" \n") == std::string::npos) head_line = line;
    if (c == '{') {
      open.push_back({ScopeOf(head, in_function()), head_line});
      head.clear();
    } else if (c == '}' && !open.empty()) {
      if (open.back().scope == Scope::kFunction) on_function(open.back().head_line, line);
      open.pop_back();
      head.clear();
    } else if (c == ';') {
      const bool at_namespace =
          std::all_of(open.begin(), open.end(), [](const Open& o) { return o.scope == Scope::kNamespace; });
      on_statement(head, at_namespace, in_function());
      head.clear();
    } else {
      head += c;
    }
  }
}

bool IsMutableGlobal(const std::string& statement, bool at_namespace, bool in_function) {
  static const std::regex kNoVariable(
      R"(^\s*(using|typedef|namespace|class|struct|union|enum|template|friend|static_assert|extern|return)\b|\()");
  static const std::regex kConstant(R"(\b(const|constexpr|constinit const)\b)");
  static const std::regex kVariable(R"(^\s*[A-Za-z_][\w:<>,\s*&]*[\s*&>]\w+(\[\w*\])*\s*(=[\s\S]*)?$)");
  static const std::regex kLocalStatic(R"(^\s*(static|thread_local)\s)");
  if (std::regex_search(statement, kConstant)) return false;
  if (in_function) return std::regex_search(statement, kLocalStatic);
  return at_namespace && !std::regex_search(statement, kNoVariable) &&
         std::regex_search(statement, kVariable);
}

}  // namespace

int SourceFile::lines() const { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

std::string BlankCommentsAndLiterals(std::string_view text) {
  std::string code(text);
  for (std::size_t i = 0; i < code.size(); ++i) {
    const std::size_t end = EndOfBlank(text, i);
    if (end == i) continue;
    std::replace_if(
        code.begin() + static_cast<std::ptrdiff_t>(i), code.begin() + static_cast<std::ptrdiff_t>(end),
        [](char c) { return c != '\n'; }, ' ');
    i = end - 1;
  }
  return code;
}

std::vector<SourceFile> ReadSources(const std::filesystem::path& root,
                                    const std::vector<std::string>& folders) {
  std::vector<SourceFile> files;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      SourceFile file;
      file.path = entry.path().lexically_relative(root);
      file.text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      file.code = BlankCommentsAndLiterals(file.text);
      file.includes = FindIncludes(file.text);
      files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<FunctionSpan> FindFunctions(std::string_view code) {
  std::vector<FunctionSpan> functions;
  Walk(
      code, [](const std::string&, bool, bool) {},
      [&](int first, int last) {
        functions.push_back({first, last - first + 1});
      });
  return functions;
}

std::vector<std::string> FindMutableGlobals(std::string_view code) {
  std::vector<std::string> found;
  Walk(
      code,
      [&](const std::string& statement, bool at_namespace, bool in_function) {
        if (IsMutableGlobal(statement, at_namespace, in_function)) found.push_back(statement);
      },
      [](int, int) {});
  return found;
}

}  // namespace session_gateway
