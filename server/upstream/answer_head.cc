#include "server/upstream/answer_head.h"

#include <algorithm>
#include <limits>
#include <string>

#include "translator/ascii.h"

namespace session_gateway {
namespace {

// What the lines of one folded value may come to.
constexpr std::size_t kFoldedValueMax = 4096;
constexpr std::size_t kVersionBytes = 8;  // HTTP/1.1
constexpr std::size_t kStatusBytes = 4;   // with the space behind it

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool IsTokenChar(char c) {
  constexpr std::string_view kNotInTokens = "\"(),/:;<=>?@[\\]{}";
  return c > 0x20 && c < 0x7f && kNotInTokens.find(c) == std::string_view::npos;
}

bool IsTextChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

std::string_view WithoutBlanksBehind(std::string_view text) {
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t SkipBlanks(std::string_view text, std::size_t at) {
  while (at < text.size() && IsBlank(text[at])) ++at;
  return at;
}

std::size_t SkipToken(std::string_view text, std::size_t at) {
  while (at < text.size() && IsTokenChar(text[at])) ++at;
  return at;
}

// The tokens of a list in which elements may be missing, as far as it is one.
struct TokenList {
  std::vector<std::string> tokens;
  bool is_sound = true;  // to its end
};

TokenList ReadTokens(std::string_view text) {
  TokenList list;
  bool needs_comma = false;
  for (std::size_t at = 0; at < text.size();) {
    if (IsBlank(text[at])) {
      ++at;
    } else if (text[at] == ',') {
      needs_comma = false;
      ++at;
    } else {
      const std::size_t end = SkipToken(text, at);
      list.is_sound = end > at && !needs_comma;
      if (!list.is_sound) return list;
      list.tokens.push_back(LowerCase(text.substr(at, end - at)));
      needs_comma = true;
      at = end;
    }
  }
  return list;
}

bool TakeConnection(std::string_view value, AnswerFraming& framing) {
  const TokenList list = ReadTokens(value);
  if (!list.is_sound) return false;
  if (std::find(list.tokens.begin(), list.tokens.end(), "close") != list.tokens.end()) {
    framing.says_close = true;
  }
  return true;
}

// The same number may stand there more than once.
bool TakeLength(std::string_view value, AnswerFraming& framing) {
  if (framing.chunked) return false;
  const TokenList list = ReadTokens(value);
  const auto commas = static_cast<std::size_t>(std::count(value.begin(), value.end(), ','));
  if (!list.is_sound || list.tokens.size() != commas + 1) return false;
  for (const std::string& token : list.tokens) {
    const auto length = ReadLength(token);
    if (!length || (framing.length && *framing.length != *length)) return false;
    framing.length = length;
  }
  return true;
}

bool TakeTransferCoding(std::string_view value, AnswerFraming& framing) {
  if (framing.chunked || framing.length) return false;
  ++framing.transfer_codings;
  framing.chunked_only = LowerCase(value) == "chunked";
  const std::vector<std::string> tokens = ReadTokens(value).tokens;
  const auto found = std::find(tokens.begin(), tokens.end(), "chunked");
  framing.chunked = found != tokens.end() && std::next(found) == tokens.end();
  return true;
}

bool TakeField(const std::string& name, std::string_view value, AnswerFraming& framing) {
  if (name == "connection" || name == "proxy-connection") return TakeConnection(value, framing);
  if (name == "content-length") return TakeLength(value, framing);
  if (name == "transfer-encoding") return TakeTransferCoding(value, framing);
  return true;
}

// A line ends at the first control character, which must be CR LF.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}

  bool ended() const { return at_ == text_.size(); }
  char front() const { return text_[at_]; }
  bool StartsWith(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  std::size_t left() const { return text_.size() - at_; }
  void Skip(std::size_t bytes) { at_ += bytes; }
  void SkipBlanksHere() { at_ = SkipBlanks(text_, at_); }
  std::string_view Take(std::size_t bytes) {
    const std::string_view taken = text_.substr(at_, bytes);
    at_ += bytes;
    return taken;
  }
  std::string_view TakeToken() { return Take(SkipToken(text_, at_) - at_); }

  HeadState TakeLine(std::string_view& line) {
    std::size_t end = at_;
    while (end < text_.size() && IsTextChar(text_[end])) ++end;
    if (end == text_.size()) return HeadState::kIncomplete;
    if (text_[end] != '\r') return HeadState::kMalformed;
    if (end + 1 == text_.size()) return HeadState::kIncomplete;
    if (text_[end + 1] != '\n') return HeadState::kMalformed;
    line = text_.substr(at_, end - at_);
    at_ = end + 2;
    return HeadState::kWhole;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

HeadState ReadStatusLine(LineReader& text, AnswerHead& head) {
  if (text.left() < kVersionBytes) return HeadState::kIncomplete;
  const std::string_view version = text.Take(kVersionBytes);
  if (version != "HTTP/1.0" && version != "HTTP/1.1") return HeadState::kMalformed;
  if (text.ended()) return HeadState::kIncomplete;
  if (text.front() != ' ') return HeadState::kMalformed;
  text.Skip(1);
  if (text.left() < kStatusBytes) return HeadState::kIncomplete;
  const std::string_view digits = text.Take(kStatusBytes);
  if (!std::all_of(digits.begin(), digits.end() - 1, IsDigit) || digits.back() != ' ') {
    return HeadState::kMalformed;
  }
  std::string_view reason;
  const HeadState state = text.TakeLine(reason);
  if (state != HeadState::kWhole) return state;
  head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  head.http11 = version.back() == '1';
  return HeadState::kWhole;
}

// The lines of a value that goes on behind a line's end are joined by a space.
HeadState ReadValue(LineReader& text, std::string& value) {
  bool is_folded = false;
  for (;;) {
    text.SkipBlanksHere();
    std::string_view line;
    const HeadState state = text.TakeLine(line);
    if (state != HeadState::kWhole) return state;
    if (text.ended()) return HeadState::kIncomplete;
    const std::string_view piece = WithoutBlanksBehind(line);
    if (!piece.empty()) {
      if (!value.empty()) value += ' ';
      value += piece;
    }
    const bool goes_on = IsBlank(text.front());
    is_folded = is_folded || (goes_on && !value.empty());
    if (is_folded && value.size() > kFoldedValueMax) return HeadState::kMalformed;
    if (!goes_on) return HeadState::kWhole;
    text.Skip(1);
  }
}

HeadState ReadFields(LineReader& text, AnswerFraming& framing, std::vector<HttpHeader>* headers) {
  for (;;) {
    if (text.left() < 2) return HeadState::kIncomplete;
    if (text.front() == '\r') return text.StartsWith("\r\n") ? HeadState::kWhole : HeadState::kMalformed;
    const std::string_view name = text.TakeToken();
    if (text.ended()) return HeadState::kIncomplete;
    if (name.empty() || text.front() != ':') return HeadState::kMalformed;
    text.Skip(1);
    HttpHeader header{LowerCase(name), {}};
    const HeadState state = ReadValue(text, header.value);
    if (state != HeadState::kWhole) return state;
    if (!TakeField(header.name, header.value, framing)) return HeadState::kMalformed;
    if (headers != nullptr) headers->push_back(std::move(header));
  }
}

// Behind the equals sign of an extension. Nothing where it is no value.
std::optional<std::size_t> SkipExtensionValue(std::string_view text, std::size_t at) {
  if (at == text.size()) return std::nullopt;
  if (text[at] != '"') {
    const std::size_t end = SkipToken(text, at);
    return end == at ? std::nullopt : std::optional(end);
  }
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at >= text.size() ? std::nullopt : std::optional(at + 1);
}

}  // namespace

HeadState ReadHead(std::string_view block, AnswerHead& head) {
  LineReader text(block);
  const HeadState state = ReadStatusLine(text, head);
  return state == HeadState::kWhole ? ReadFields(text, head.framing, &head.headers) : state;
}

HeadState ReadTrailers(std::string_view block, AnswerFraming& framing) {
  LineReader text(block);
  return ReadFields(text, framing, nullptr);
}

bool IsChunkExtension(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    at = SkipBlanks(text, at);
    if (at == text.size() || text[at] != ';') return false;
    at = SkipBlanks(text, at + 1);
    const std::size_t name = at;
    at = SkipToken(text, at);
    if (at == name) return false;
    const std::size_t equals = SkipBlanks(text, at);
    if (equals == text.size() || text[equals] != '=') continue;
    const auto end = SkipExtensionValue(text, SkipBlanks(text, equals + 1));
    if (!end) return false;
    at = *end;
  }
  return true;
}

std::optional<std::uint64_t> ReadLength(std::string_view digits) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  if (digits.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (!IsDigit(c) || number > (kMax - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

std::optional<std::uint64_t> TakeChunkSize(std::string_view& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t number = 0;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char lower = text[at] >= 'A' && text[at] <= 'F' ? static_cast<char>(text[at] + 32) : text[at];
    const std::size_t digit = kDigits.find(lower);
    if (digit == std::string_view::npos) break;
    if (number > std::numeric_limits<std::uint64_t>::max() / 16) return std::nullopt;
    number = number * 16 + digit;
  }
  if (at == 0) return std::nullopt;
  text.remove_prefix(at);
  return number;
}

}  // namespace session_gateway
