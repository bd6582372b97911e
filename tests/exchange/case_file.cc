#include "tests/exchange/case_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

namespace session_gateway {
namespace {

constexpr std::string_view kMarker = "--- ";
const std::string kDataDirectory = std::string(SESSION_GATEWAY_SOURCE_DIR) + "/tests/data/";

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::string Join(const std::vector<std::string>& lines, std::size_t begin, std::string_view separator) {
  std::string text;
  for (std::size_t i = begin; i < lines.size(); ++i) {
    if (i > begin) text += separator;
    text += lines[i];
  }
  return text;
}

bool IsSectionName(const std::string& name) {
  static const std::set<std::string> kNames = {"request", "sent",     "answer", "close",
                                               "reset",   "response", "error"};
  return kNames.contains(name);
}

bool IsSettingName(const std::string& name) {
  static const std::set<std::string> kNames = {"rpc",
                                               "upstream",
                                               "prefix",
                                               "deadline_ms",
                                               "user_id",
                                               "answer_body_bytes",
                                               "user_directory",
                                               "answer_header_bytes",
                                               "symphony_auth",
                                               "qlik_auth",
                                               "user_from",
                                               "security_context",
                                               "connections",
                                               "error_body_wait_ms",
                                               "host",
                                               "logon_timeout_ms",
                                               "reads",
                                               "renew_min_age_ms",
                                               "tls"};
  return kNames.contains(name);
}

// What a mark stands for, or nothing when it is plain text in angle brackets.
std::optional<std::string> Expand(std::string_view mark) {
  if (mark == "CRLF") return "\r\n";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  if (mark.size() == 2 || (mark.size() > 3 && mark[2] == ' ')) {
    const std::size_t high = kHex.find(mark[0]);
    const std::size_t low = kHex.find(mark[1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    const std::size_t times = mark.size() == 2 ? 1 : std::stoul(std::string(mark.substr(3)));
    return std::string(times, static_cast<char>(high * 16 + low));
  }
  if (mark.starts_with("repeat ")) {
    const std::size_t what = mark.find(' ', 7);
    if (what == std::string_view::npos) return std::nullopt;
    const auto times = std::stoul(std::string(mark.substr(7, what - 7)));
    std::string repeated;
    for (std::size_t i = 0; i < times; ++i) repeated += mark.substr(what + 1);
    return repeated;
  }
  for (const std::string_view kind : {"file ", "compact "}) {
    if (!mark.starts_with(kind)) continue;
    std::string content = ReadWholeFile(kDataDirectory + std::string(mark.substr(kind.size())));
    if (content.ends_with('\n')) content.pop_back();
    return kind == "file " ? content : CompactJson(content);
  }
  return std::nullopt;
}

}  // namespace

const CaseSection* CaseFile::Find(std::string_view name) const {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [name](const CaseSection& section) { return section.name == name; });
  return found == sections.end() ? nullptr : &*found;
}

std::variant<CaseFile, std::string> ParseCase(std::string_view text) {
  CaseFile file;
  std::vector<std::string> lines = Lines(text);
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::size_t i = 0;
  for (; i < lines.size() && lines[i].starts_with('#'); ++i) file.story += lines[i] + '\n';
  for (; i < lines.size() && !lines[i].starts_with(kMarker); ++i) {
    if (lines[i].empty()) continue;
    const std::size_t colon = lines[i].find(": ");
    const std::string name = lines[i].substr(0, colon);
    if (colon == std::string::npos || !IsSettingName(name)) return "unknown setting: " + lines[i];
    file.settings[name] = lines[i].substr(colon + 2);
  }
  while (i < lines.size()) {
    CaseSection section;
    section.name = lines[i].substr(kMarker.size());
    if (!IsSectionName(section.name)) return "unknown section: " + section.name;
    const std::size_t begin = ++i;
    while (i < lines.size() && !lines[i].starts_with(kMarker)) ++i;
    section.text = Join(
        {lines.begin() + static_cast<std::ptrdiff_t>(begin), lines.begin() + static_cast<std::ptrdiff_t>(i)},
        0, "\n");
    file.sections.push_back(std::move(section));
  }
  if (file.story.empty()) return "the story is missing";
  return file;
}

std::string RenderCase(const CaseFile& file) {
  std::string text = file.story;
  for (const auto& [name, value] : file.settings) text += name + ": " + value + '\n';
  for (const CaseSection& section : file.sections) {
    text += std::string(kMarker) + section.name + '\n';
    if (!section.text.empty()) text += section.text + '\n';
  }
  return text;
}

CaseMessage SplitText(std::string_view text) {
  CaseMessage message;
  const std::vector<std::string> lines = Lines(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) {
      message.head_ends = true;
      message.body = ExpandMarks(Join(lines, i + 1, "\n"));
      break;
    }
    message.head.push_back(ExpandMarks(lines[i]));
  }
  for (std::string& line : message.head)
    line = ReplaceAll(std::move(line), "<length>", std::to_string(message.body.size()));
  return message;
}

CaseMessage SplitBytes(std::string_view bytes) {
  CaseMessage message;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find("\r\n");
    if (end == 0) {
      message.head_ends = true;
      message.body = bytes.substr(2);
      break;
    }
    message.head.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 2);
  }
  return message;
}

std::string CaseMessage::Bytes() const {
  std::string bytes;
  for (const std::string& line : head) bytes += line + "\r\n";
  if (head_ends) bytes += "\r\n" + body;
  return bytes;
}

std::string CaseMessage::Text() const {
  std::string text = Join(head, 0, "\n");
  if (head_ends) text += "\n\n" + body;
  return text;
}

std::string ExpandMarks(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t begin = text.find('<');
    const std::size_t end = text.find('>', begin);
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) break;
    if (end == std::string_view::npos) return out.append(text.substr(begin));
    const std::string_view mark = text.substr(begin + 1, end - begin - 1);
    if (const auto expanded = Expand(mark)) {
      out += *expanded;
      text.remove_prefix(end + 1);
      if (mark == "CRLF" && text.starts_with('\n')) text.remove_prefix(1);
    } else {
      out += '<';
      text.remove_prefix(begin + 1);
    }
  }
  return out;
}

std::string CompactJson(std::string_view json) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      out += c;
      out += json[++i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) continue;
    out += c;
  }
  return out;
}

std::string ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string ReplaceAll(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace session_gateway
