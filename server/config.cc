#include "server/config.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "server/config_advice.h"
#include "server/config_assign.h"
#include "server/config_keys.h"
#include "server/yaml_reader.h"

namespace session_gateway {
namespace {

constexpr char kListenerRule[] =
    "is open to the network without TLS; write listen.plaintext: mesh if a mesh's sidecar protects it, "
    "or listen on 127.0.0.1";

bool ListenerIsSafe(const HostPort& address, ListenPlaintext plaintext) {
  return plaintext == ListenPlaintext::kMesh || IsLoopback(address.host);
}

// A key of the file as an error shows it: bounded, on one line.
std::string Shown(std::string_view name) {
  constexpr std::size_t kShownBytesMax = 64;
  if (name.empty()) return "\"\"";
  std::string shown;
  for (const char c : name.substr(0, kShownBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte >= 0x7f ? '?' : c;
  }
  if (name.size() > kShownBytesMax) shown += "...";
  return shown;
}

std::string_view KindName(YamlNode::Kind kind) {
  if (kind == YamlNode::Kind::kList) return "a list";
  if (kind == YamlNode::Kind::kMap) return "a section";
  return "a single value";
}

// Reads one tree into one Config and collects what is wrong with it.
class ConfigReader {
 public:
  explicit ConfigReader(std::string_view file_name) : file_name_(file_name) {}

  std::variant<Config, ConfigErrors> Read(std::string_view yaml_text) {
    const YamlDocument document = ReadYaml(yaml_text);
    for (const YamlProblem& problem : document.problems) Fail(problem.line, problem.message);
    if (document.readable) ReadRoot(document.root);
    if (errors_.empty()) return std::move(config_);
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const ConfigError& a, const ConfigError& b) { return a.line < b.line; });
    return std::move(errors_);
  }

 private:
  void Fail(int line, std::string message) { errors_.push_back({file_name_, line, std::move(message)}); }
  void Complain(int line, std::string_view path, std::string_view rule) {
    Fail(line, std::string(path).append(": ").append(rule));
  }
  // The key has no usable value, so the rules that span keys leave it out.
  void FailKey(int line, std::string_view path, std::string_view rule) {
    failed_.push_back(std::string(path));
    Complain(line, path, rule);
  }

  void ReadRoot(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::kRefused) return;
    if (root.kind == YamlNode::Kind::kNull) {
      Fail(1, "the configuration is empty; at least one of symphony and qlik must be configured");
      return;
    }
    if (root.kind != YamlNode::Kind::kMap) {
      Fail(root.line, std::string("must be keys and values, not ").append(KindName(root.kind)));
      return;
    }
    ReadSection(root, "");
    CheckWhole();
  }

  void ReadSection(const YamlNode& section, const std::string& path) {
    for (const YamlNode& node : section.children) {
      const std::string child = path.empty() ? node.key : path + "." + node.key;
      // A dot inside a key would make it look like a path.
      const bool dotted = node.key.find('.') != std::string::npos;
      const bool is_section = !dotted && IsConfigSection(child);
      const ConfigKey* key = dotted ? nullptr : FindConfigKey(child);
      if (!is_section && key == nullptr) {
        const std::string shown = path.empty() ? Shown(node.key) : path + "." + Shown(node.key);
        Complain(node.line, shown, AdviseUnknownKey(path, node.key));
        continue;
      }
      const auto [first, is_new] = lines_.emplace(child, node.line);
      if (!is_new) {
        Complain(node.line, child, "is here twice; the first is on line " + std::to_string(first->second));
      } else if (is_section) {
        EnterSection(node, child);
      } else {
        ReadKey(node, *key);
      }
    }
  }

  void EnterSection(const YamlNode& node, const std::string& path) {
    if (path == "symphony") config_.symphony.emplace();
    if (path == "qlik") config_.qlik.emplace();
    if (node.kind == YamlNode::Kind::kMap) {
      ReadSection(node, path);
    } else if (node.kind == YamlNode::Kind::kList || node.kind == YamlNode::Kind::kText) {
      FailKey(node.line, path,
              std::string("must be a section with keys below it, not ").append(KindName(node.kind)));
    } else if (node.kind == YamlNode::Kind::kRefused) {
      failed_.push_back(path);
    }
  }

  void ReadKey(const YamlNode& node, const ConfigKey& key) {
    if (node.kind == YamlNode::Kind::kRefused) {
      failed_.push_back(std::string(key.path));
    } else if (key.kind == KeyKind::kUnavailable) {
      FailKey(node.line, key.path, *AssignScalar(key, "", config_));
    } else if (node.kind == YamlNode::Kind::kNull) {
      FailKey(node.line, key.path,
              key.required ? "has no value" : "has no value; remove the key for its default");
    } else if (key.kind == KeyKind::kEndpoints) {
      ReadEndpoints(node, key);
    } else if (node.kind != YamlNode::Kind::kText) {
      FailKey(node.line, key.path, std::string("must be a single value, not ").append(KindName(node.kind)));
    } else if (auto rule = AssignScalar(key, node.text, config_)) {
      FailKey(node.line, key.path, *rule);
    }
  }

  void ReadEndpoints(const YamlNode& node, const ConfigKey& key) {
    if (node.kind != YamlNode::Kind::kList) {
      FailKey(node.line, key.path,
              std::string("must be a list, each endpoint on a line after a hyphen, not ")
                  .append(KindName(node.kind)));
      return;
    }
    const auto count = static_cast<std::int64_t>(node.children.size());
    if (count < key.min || count > key.max) {
      FailKey(node.line, key.path,
              "must have " + std::to_string(key.min) + " to " + std::to_string(key.max) + " elements");
      return;
    }
    std::vector<Endpoint>& endpoints = *std::get<std::vector<Endpoint>*>(key.slot(config_));
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const YamlNode& element = node.children[i];
      const auto path = [&key](std::size_t place) {
        return std::string(key.path) + "[" + std::to_string(place) + "]";
      };
      if (element.kind == YamlNode::Kind::kRefused) continue;
      if (element.kind != YamlNode::Kind::kText) {
        FailKey(element.line, path(i), "must be a text of the form scheme://host:port[/prefix]");
        continue;
      }
      auto parsed = ParseUpstreamEndpoint(element.text);
      if (const auto* rule = std::get_if<std::string>(&parsed)) {
        FailKey(element.line, path(i), *rule);
        continue;
      }
      const auto& endpoint = std::get<Endpoint>(parsed);
      const auto twin = std::find(endpoints.begin(), endpoints.end(), endpoint);
      if (twin != endpoints.end()) {
        const auto place = places[static_cast<std::size_t>(twin - endpoints.begin())];
        FailKey(element.line, path(i), "is the same endpoint as " + path(place));
        continue;
      }
      endpoints.push_back(endpoint);
      places.push_back(i);
    }
  }

  bool Failed(std::string_view path) const {
    return std::find(failed_.begin(), failed_.end(), path) != failed_.end();
  }

  // The line of a key, or else that of the innermost section around it that the file has.
  int LineOf(std::string path) const {
    while (true) {
      const auto found = lines_.find(path);
      if (found != lines_.end()) return found->second;
      const std::size_t dot = path.rfind('.');
      if (dot == std::string::npos) return 1;
      path.resize(dot);
    }
  }

  bool SectionFailed(std::string_view path) const {
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
      if (Failed(path.substr(0, dot))) return true;
    }
    return false;
  }

  // The rules that span keys. A key that failed by itself is not blamed a second time.
  void CheckWhole() {
    if (!lines_.contains("symphony") && !lines_.contains("qlik")) {
      Fail(1, "at least one of symphony and qlik must be configured");
    }
    for (const ConfigKey& key : ConfigKeys()) {
      const std::string_view upstream = key.path.substr(0, key.path.find('.'));
      const std::string path(key.path);
      if (!key.required || !lines_.contains(std::string(upstream)) || lines_.contains(path)) continue;
      if (!SectionFailed(path)) FailKey(LineOf(path), path, "is required");
    }
    if (!Failed("call_timeout") && !Failed("call_timeout_max") &&
        config_.timeouts.call > config_.timeouts.call_max) {
      const bool set = lines_.contains("call_timeout");
      FailKey(LineOf(set ? "call_timeout" : "call_timeout_max"), "call_timeout",
              set ? "must not exceed call_timeout_max"
                  : "its default must not exceed call_timeout_max; set both");
    }
    if (!Failed("listen.address") && !Failed("listen.plaintext") && !Failed("listen") &&
        !ListenerIsSafe(config_.listen.address, config_.listen.plaintext)) {
      FailKey(LineOf("listen.address"), "listen.address", kListenerRule);
    }
  }

  std::string file_name_;
  Config config_;
  ConfigErrors errors_;
  std::map<std::string, int> lines_;  // of each known key and section of the file
  std::vector<std::string> failed_;
};

}  // namespace

std::string ConfigError::ToString() const {
  if (line == 0) return file + ": " + message;
  return file + ":" + std::to_string(line) + ": " + message;
}

std::variant<Config, ConfigErrors> ParseConfig(std::string_view yaml_text, std::string_view file_name) {
  return ConfigReader(file_name).Read(yaml_text);
}

std::variant<Config, ConfigErrors> LoadConfig(const std::string& path) {
  const auto fail = [&path](std::string message) { return ConfigErrors{{path, 0, std::move(message)}}; };
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  if (file == nullptr) return fail("cannot be opened: " + std::generic_category().message(errno));
  std::string text(kConfigBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return fail("cannot be read: " + std::generic_category().message(errno));
  if (text.size() > kConfigBytesMax) {
    return fail("must not be larger than " + std::to_string(kConfigBytesMax / 1024) + "KiB");
  }
  return ParseConfig(text, path);
}

std::optional<std::string> OverrideListenAddress(std::string_view text, Config& config) {
  auto parsed = ParseHostPort(text, PortZero::kAllowed);
  if (auto* problem = std::get_if<std::string>(&parsed)) return std::move(*problem);
  auto& address = std::get<HostPort>(parsed);
  if (!ListenerIsSafe(address, config.listen.plaintext)) return kListenerRule;
  config.listen.address = std::move(address);
  return std::nullopt;
}

}  // namespace session_gateway
