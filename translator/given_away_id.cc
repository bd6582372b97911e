#include "translator/given_away_id.h"

#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

constexpr std::size_t kIdBytesMax = 128;
constexpr std::size_t kSearchedBytesMax = 64 * 1024;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks tokens of a text that may break off, or be no JSON at all, anywhere.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void SkipSpace() {
    while (!rest_.empty() && IsSpace(rest_.front())) rest_.remove_prefix(1);
  }

  bool Take(char c) {
    SkipSpace();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // A string's text between its quotes, escapes as they stand.
  bool TakeString(std::string_view& text) {
    if (!Take('"')) return false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        text = rest_.substr(0, i);
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }

  // A string or integer that `,` or `}` follows.
  bool TakeId(std::string_view& id) {
    SkipSpace();
    if (!TakeString(id)) {
      std::size_t digits = !rest_.empty() && rest_.front() == '-' ? 1 : 0;
      while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') ++digits;
      id = rest_.substr(0, digits);
      rest_.remove_prefix(digits);
    }
    SkipSpace();
    return !rest_.empty() && (rest_.front() == ',' || rest_.front() == '}');
  }

  // Steps over one value of any kind, strings and nesting respected.
  bool SkipValue() {
    int depth = 0;
    for (SkipSpace(); !rest_.empty(); SkipSpace()) {
      const char c = rest_.front();
      if (depth == 0 && (c == ',' || c == '}')) return true;
      std::string_view ignored;
      if (c == '"') {
        if (!TakeString(ignored)) return false;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      rest_.remove_prefix(1);
    }
    return false;
  }

 private:
  std::string_view rest_;
};

bool IsShowable(std::string_view id) {
  if (id.empty() || id == "-" || id.size() > kIdBytesMax) return false;
  for (char c : id) {
    if (c <= 0x20 || c >= 0x7F || c == '\\') return false;
  }
  return true;
}

}  // namespace

std::string FindGivenAwayId(std::string_view body, std::string_view name,
                            const std::vector<std::string>& secrets) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  body = body.substr(0, kSearchedBytesMax);
  if (body.substr(0, kByteOrderMark.size()) == kByteOrderMark) body.remove_prefix(kByteOrderMark.size());
  Scanner scanner(body);
  if (!scanner.Take('{')) return {};
  std::string_view found;  // the last one of that name, as in an answer that can be read
  std::string_view key;
  while (scanner.TakeString(key) && scanner.Take(':')) {
    std::string_view value;
    if (key != name) {
      if (!scanner.SkipValue()) break;
    } else if (scanner.TakeId(value)) {
      found = IsShowable(value) ? value : std::string_view();
    } else {
      return {};
    }
    if (!scanner.Take(',')) break;
  }
  return ScrubUpstreamText(found, secrets, kIdBytesMax);
}

}  // namespace session_gateway
