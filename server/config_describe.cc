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

bool IsConfigured(const Config& config, std::string_view path) {
  if (path.starts_with("symphony.")) return config.symphony.has_value();
  if (path.starts_with("qlik.")) return config.qlik.has_value();
  return true;
}

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
  const bool free_text = key.kind == KeyKind::kText || key.kind == KeyKind::kAddress;
  out.append(" ").append(free_text ? Quoted(value) : value).append("\n");
}

}  // namespace

std::string DescribeConfig(const Config& config) {
  Config copy = config;
  std::string out;
  std::string open;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.kind == KeyKind::kUnavailable || !IsConfigured(copy, key.path)) continue;
    const std::size_t depth = OpenSections(key.path, open, out);
    const std::string_view name = key.path.substr(key.path.rfind('.') + 1);
    out.append(Indent(depth)).append(name).append(":");
    AppendValue(key, depth, copy, out);
  }
  return out;
}

}  // namespace session_gateway
