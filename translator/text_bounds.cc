#include "translator/text_bounds.h"

#include <algorithm>

#include "translator/ascii.h"
#include "translator/http_message.h"
#include "translator/utf8.h"

namespace session_gateway {
namespace {

constexpr std::string_view kMask = "***";
// More than this of a text is never looked at: what is shown is far shorter.
constexpr std::size_t kScrubbedBytesMax = 4096;
// Shorter values would hide half of every text and protect nothing.
constexpr std::size_t kSecretBytesMin = 4;

// A name behind which a credential stands, and what ends it. A header's value has spaces and semicolons in
// it.
struct Announcer {
  std::string_view name;  // in lower case
  std::string_view ends;
};
constexpr std::string_view kValueEnds = "&;,\"'<> \t\r\n";
constexpr std::string_view kLineEnds = "\r\n";
constexpr Announcer kAnnouncers[] = {{"authorization", kLineEnds},
                                     {"cookie", kLineEnds},
                                     {"csrftoken", kValueEnds},
                                     {"csrf_token", kValueEnds},
                                     {"csrf-token", kValueEnds},
                                     {"xrfkey", kValueEnds},
                                     {"platform.rest.token", kValueEnds},
                                     {"platform.rest.certificate", kValueEnds},
                                     {"password", kValueEnds},
                                     {"basic ", kValueEnds},
                                     {"bearer ", kValueEnds}};

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// As an HTML form spells a percent-encoded text: `+` for a space.
std::string FormEncoded(std::string text) {
  for (std::size_t at = text.find("%20"); at != std::string::npos; at = text.find("%20", at)) {
    text.replace(at, 3, "+");
  }
  return text;
}

// The quotes of a cookie's value belong to it, and yet not everybody who speaks of it repeats them.
std::string_view Unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// Each secret as a text may have it, in lower case; the longest first, for one may hold another.
std::vector<std::string> FormsOf(const std::vector<std::string>& secrets) {
  std::vector<std::string> forms;
  for (const std::string& given : secrets) {
    const std::string_view secret = Unquoted(given);
    if (secret.size() < kSecretBytesMin) continue;
    forms.push_back(LowerCase(secret));
    forms.push_back(LowerCase(PercentEncode(secret)));
    forms.push_back(FormEncoded(forms.back()));
  }
  std::stable_sort(forms.begin(), forms.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return forms;
}

// Without regard to case, for `%2F` and `%2f` are the same.
void MaskSecrets(const std::vector<std::string>& forms, std::string& text) {
  std::string lower = LowerCase(text);
  for (const std::string& form : forms) {
    for (std::size_t at = lower.find(form); at != std::string::npos;
         at = lower.find(form, at + kMask.size())) {
      lower.replace(at, form.size(), kMask);
      text.replace(at, form.size(), kMask);
    }
  }
}

// `csrftoken=abc&…`, `"csrftoken":"abc"`, `Authorization: Basic abc`: what stands behind the name is hidden.
// A sentence on passwords or cookies is none of these.
void MaskAnnounced(const Announcer& announcer, std::string& text) {
  constexpr std::string_view kLeads = "=:\"' ";
  std::string lower = LowerCase(text);
  for (std::size_t at = lower.find(announcer.name); at != std::string::npos;
       at = lower.find(announcer.name, at)) {
    const std::size_t name_end = at + announcer.name.size();
    const std::size_t begin = std::min(text.find_first_not_of(kLeads, name_end), text.size());
    const std::size_t end = std::min(text.find_first_of(announcer.ends, begin), text.size());
    const std::string_view lead = std::string_view(text).substr(name_end, begin - name_end);
    const bool scheme = announcer.name.back() == ' ';
    const bool announces = scheme || lead.find_first_of(":=") != std::string_view::npos;
    at = name_end;
    if (!announces || end == begin) continue;
    text.replace(begin, end - begin, kMask);
    lower.replace(begin, end - begin, kMask);
    at = begin + kMask.size();
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
    const std::size_t length = Utf8SequenceLength(text);
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
  const std::vector<std::string> forms = FormsOf(secrets);
  MaskSecrets(forms, masked);
  // The bound may have cut a secret, whose beginning is no longer known as one.
  if (text.size() > kScrubbedBytesMax && !forms.empty())
    masked.resize(masked.size() - std::min(masked.size(), forms.front().size()));
  for (const Announcer& announcer : kAnnouncers) MaskAnnounced(announcer, masked);

  std::string out;
  for (std::string_view rest = masked; !rest.empty();) {
    const std::size_t length = Utf8SequenceLength(rest);
    if (length == 0) {
      out += '?';
    } else if (IsControl(rest.front())) {
      out += ' ';
    } else {
      out.append(rest.substr(0, length));
    }
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  // With a control character where it has a space, or a broken one where it has a `?`, a secret is one only
  // now.
  MaskSecrets(forms, out);
  const std::size_t first = out.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  out.erase(out.find_last_not_of(' ') + 1);
  return std::string(CutUtf8(std::string_view(out).substr(first), max));
}

}  // namespace session_gateway
