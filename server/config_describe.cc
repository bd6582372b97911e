#include <string>
#include <string_view>

#include "server/config.h"
#include "server/config_assign.h"
#include "server/config_keys.h"

namespace session_gateway {
namespace {

// A double-quoted YAML scalar. The values of a Config hold no control characters.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted += '"';
}

std::string EndpointText(const Endpoint& endpoint) { return endpoint.Origin() + endpoint.prefix; }

std::string Indent(std::size_t depth) { return std::string(2 * depth, ' '); }

// Opens the sections of `path` that `open` does not have open yet, and returns the depth of the key itself.
std::size_t OpenSections(std::string_view path, std::string& open, std::string& out) {
  std::size_t depth = 0;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', begin)) {
    const std::string section(path.substr(0, dot + 1));
    if (!open.starts_with(section)) {
      out.append(Indent(depth)).append(path.substr(begin, dot - begin)).append(":\n");
      open = section;
    }
    begin = dot + 1;
    ++depth;
  }
  open = path.substr(0, begin);
  return depth;
}

void AppendValue(const ConfigKey& key, std::size_t depth, Config& config, std::string& out) {
  if (key.kind == KeyKind::kEndpoints) {
    out += '\n';
    for (const Endpoint& endpoint : *std::get<std::vector<Endpoint>*>(key.slot(config))) {
      out.append(Indent(depth + 1)).append("- ").append(Quoted(EndpointText(endpoint))).append("\n");
    }
    return;
  }
  const std::string value = FormatScalar(key, config);
  // Quotes keep a version a text, and a user's id of digits as well.
  const bool quoted =
      IsText(key.kind) || key.kind == KeyKind::kAddress || value.find('.') != std::string::npos;
  out.append(" ").append(quoted ? Quoted(value) : value).append("\n");
}

// A key that this configuration would be refused with, or a text that is not set, is no part of it.
bool IsShown(const ConfigKey& key, const Config& config) {
  if (!IsConfigured(config, key) || !HasEffect(config, key)) return false;
  return !IsText(key.kind) || !FormatScalar(key, config).empty();
}

}  // namespace

std::string DescribeConfig(const Config& config) {
  Config copy = config;
  std::string out;
  std::string open;
  for (const ConfigKey& key : ConfigKeys()) {
    if (!IsShown(key, copy)) continue;
    const std::size_t depth = OpenSections(key.path, open, out);
    const std::string_view name = key.path.substr(key.path.rfind('.') + 1);
    out.append(Indent(depth)).append(name).append(":");
    AppendValue(key, depth, copy, out);
  }
  return out;
}

}  // namespace session_gateway
