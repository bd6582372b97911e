#include "translator/text_bounds.h"

#include "absl/strings/match.h"
#include "translator/http_message.h"

namespace session_gateway {
namespace {

constexpr std::string_view kMask = "***";
// More than this of a text is never looked at: what is shown is far shorter.
constexpr std::size_t kScrubbedBytesMax = 4096;
// Shorter values would hide half of every text and protect nothing.
constexpr std::size_t kSecretBytesMin = 4;

// Names behind which a credential stands, in lower case. The schemes come first: in `Authorization: Basic
// abc` the word behind the name is not the credential.
constexpr std::string_view kAnnouncers[] = {"basic ",
                                            "bearer ",
                                            "csrftoken",
                                            "xrfkey",
                                            "authorization",
                                            "platform.rest.token",
                                            "platform.rest.certificate",
                                            "password",
                                            "set-cookie",
                                            "cookie"};

// The length of the valid UTF-8 sequence at the front, or 0.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (first == 0xED && byte(1) > 0x9F) return 0;  // surrogate
  if (first == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (first == 0xF4 && byte(1) > 0x8F) return 0;  // above U+10FFFF
  return length;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

void MaskSecrets(const std::vector<std::string>& secrets, std::string& text) {
  for (const std::string& secret : secrets) {
    if (secret.size() < kSecretBytesMin) continue;
    ReplaceAll(text, secret, kMask);
    const std::string encoded = PercentEncode(secret);
    if (encoded != secret) ReplaceAll(text, encoded, kMask);
  }
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// `csrftoken=abc&…`, `"csrftoken":"abc"`, `Authorization: Basic abc`: what stands behind the name, up to the
// next delimiter, is hidden.
void MaskAnnounced(std::string_view announcer, std::string& text) {
  constexpr std::string_view kLeads = "=:\"' ";
  constexpr std::string_view kEnds = "&;,\"'<> \t\r\n";
  std::string lower = LowerAscii(text);
  for (std::size_t at = lower.find(announcer); at != std::string::npos; at = lower.find(announcer, at)) {
    const std::size_t name_end = at + announcer.size();
    std::size_t begin = name_end;
    while (begin < text.size() && kLeads.find(text[begin]) != std::string_view::npos) ++begin;
    const std::size_t end = std::min(text.find_first_of(kEnds, begin), text.size());
    const bool announces = announcer.back() == ' ' || begin > name_end;
    if (announces && end > begin) {
      text.replace(begin, end - begin, kMask);
      lower.replace(begin, end - begin, kMask);
      at = begin + kMask.size();
    } else {
      at = name_end;
    }
  }
}

}  // namespace

std::string_view CutUtf8(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool HasControlCharacter(std::string_view text) {
  for (char c : text) {
    if (IsControl(c)) return true;
  }
  return false;
}

std::string ScrubUpstreamText(std::string_view text, const std::vector<std::string>& secrets,
                              std::size_t max) {
  std::string masked(text.substr(0, kScrubbedBytesMax));
  MaskSecrets(secrets, masked);
  for (std::string_view announcer : kAnnouncers) MaskAnnounced(announcer, masked);

  std::string out;
  for (std::string_view rest = masked; !rest.empty();) {
    const std::size_t length = SequenceLength(rest);
    if (length == 0) {
      out += '?';
    } else if (IsControl(rest.front())) {
      out += ' ';
    } else {
      out.append(rest.substr(0, length));
    }
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  return std::string(CutUtf8(out, max));
}

}  // namespace session_gateway
