#include "tests/sandbox/transcript.h"

#include <nlohmann/json.hpp>

namespace session_gateway::sandbox {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kIndent = 2;

// JSON text with a line for each member and element. Works on the text, so that numbers keep their digits.
std::string Indented(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  bool in_string = false;
  const auto new_line = [&] { out += '\n' + std::string(depth * kIndent, ' '); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\') out += json[++i];
      if (c == '"') in_string = false;
      continue;
    }
    const bool opens = c == '{' || c == '[';
    const bool closes = c == '}' || c == ']';
    if (closes) {
      --depth;
      if (json[i - 1] != '{' && json[i - 1] != '[') new_line();
    }
    out += c;
    if (opens) ++depth;
    if (c == ',' || (opens && json[i + 1] != '}' && json[i + 1] != ']')) new_line();
    if (c == ':') out += ' ';
    if (c == '"') in_string = true;
  }
  return out;
}

std::string Readable(const std::string& body) { return Json::accept(body) ? Indented(body) : body; }

// Absent and null are the same to whoever reads a row.
void DropNulls(Json& json) {
  if (json.is_object()) {
    for (auto member = json.begin(); member != json.end();) {
      member = member->is_null() ? json.erase(member) : std::next(member);
    }
  }
  if (json.is_structured()) {
    for (Json& part : json) DropNulls(part);
  }
}

}  // namespace

std::string Transcript(const std::vector<SandboxRequest>& requests) {
  std::string text;
  for (const SandboxRequest& request : requests) {
    text += request.method + ' ' + request.target + '\n';
    for (const auto& [name, value] : request.headers) text += name + ": " + value + '\n';
    text += '\n' + Readable(request.body) + "\n\n";
    text += request.status == 0 ? "no whole answer" : "HTTP " + std::to_string(request.status);
    if (!request.fault.empty()) text += " (fault: " + request.fault + ')';
    text += '\n' + Readable(request.answer) + "\n";
  }
  return text;
}

std::string DifferenceFromNewestRow(std::string_view document, const std::vector<std::string>& rows) {
  if (rows.empty()) return "there is no row";
  Json row = Json::parse(rows.back(), nullptr, /*allow_exceptions=*/false);
  const Json told = Json::parse(document, nullptr, /*allow_exceptions=*/false);
  if (told.is_discarded()) return "the document is not JSON";
  DropNulls(row);
  const Json difference = Json::diff(row, told);
  return difference.empty() ? std::string() : "the row becomes the document by " + difference.dump();
}

}  // namespace session_gateway::sandbox
