#include "server/config_reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/config_advice.h"
#include "server/config_assign.h"
#include "server/config_keys.h"
#include "server/config_rules.h"
#include "server/yaml_reader.h"

namespace session_gateway {
namespace {

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
  explicit ConfigReader(std::string_view file_name) : reading_{{}, ConfigReport(file_name)} {}

  ConfigReading Read(std::string_view yaml_text) {
    const YamlDocument document = ReadYaml(yaml_text);
    for (const YamlProblem& problem : document.problems) report_.Fail(problem.line, problem.message);
    if (document.readable) ReadRoot(document.root);
    return std::move(reading_);
  }

 private:
  void ReadRoot(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::kRefused) return;
    if (root.kind == YamlNode::Kind::kNull) {
      report_.Fail(1, "the configuration is empty; at least one of symphony and qlik must be configured");
      return;
    }
    if (root.kind != YamlNode::Kind::kMap) {
      report_.Fail(root.line, std::string("must be keys and values, not ").append(KindName(root.kind)));
      return;
    }
    ReadSection(root, "");
    CheckRules(config_, report_);
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
        report_.Complain(node.line, shown, AdviseUnknownKey(path, node.key));
        continue;
      }
      if (const int first = report_.Add(child, node.line); first != 0) {
        report_.Complain(node.line, child, "is here twice; the first is on line " + std::to_string(first));
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
      report_.FailKey(node.line, path,
                      std::string("must be a section with keys below it, not ").append(KindName(node.kind)));
    } else if (node.kind == YamlNode::Kind::kRefused) {
      report_.MarkFailed(path);
    }
  }

  void ReadKey(const YamlNode& node, const ConfigKey& key) {
    if (node.kind == YamlNode::Kind::kRefused) {
      report_.MarkFailed(key.path);
    } else if (node.kind == YamlNode::Kind::kNull) {
      report_.FailKey(node.line, key.path,
                      DescribeDefault(key).starts_with('`') ? "has no value; remove the key for its default"
                                                            : "has no value");
    } else if (key.kind == KeyKind::kEndpoints) {
      ReadEndpoints(node, key);
    } else if (node.kind != YamlNode::Kind::kText) {
      report_.FailKey(node.line, key.path,
                      std::string("must be a single value, not ").append(KindName(node.kind)));
    } else if (auto rule = AssignScalar(key, node.text, config_)) {
      report_.FailKey(node.line, key.path, *rule);
    }
  }

  void ReadEndpoints(const YamlNode& node, const ConfigKey& key) {
    if (node.kind != YamlNode::Kind::kList) {
      report_.FailKey(node.line, key.path,
                      std::string("must be a list, each endpoint on a line after a hyphen, not ")
                          .append(KindName(node.kind)));
      return;
    }
    const auto count = static_cast<std::int64_t>(node.children.size());
    if (count < key.min || count > key.max) {
      report_.FailKey(
          node.line, key.path,
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
      const bool is_text = element.kind == YamlNode::Kind::kText;
      auto parsed = is_text ? ParseEndpoint(element.text)
                            : std::string("must be a text of the form scheme://host:port[/prefix]");
      if (const auto* rule = std::get_if<std::string>(&parsed)) {
        report_.MarkFailed(key.path);
        if (element.kind != YamlNode::Kind::kRefused) report_.Complain(element.line, path(i), *rule);
        continue;
      }
      const auto& endpoint = std::get<Endpoint>(parsed);
      const auto twin = std::find(endpoints.begin(), endpoints.end(), endpoint);
      if (twin != endpoints.end()) {
        const auto place = places[static_cast<std::size_t>(twin - endpoints.begin())];
        report_.Complain(element.line, path(i), "is the same endpoint as " + path(place));
        continue;
      }
      endpoints.push_back(endpoint);
      places.push_back(i);
    }
  }

  ConfigReading reading_;
  Config& config_ = reading_.config;
  ConfigReport& report_ = reading_.report;
};

}  // namespace

ConfigReading ReadConfigText(std::string_view yaml_text, std::string_view file_name) {
  return ConfigReader(file_name).Read(yaml_text);
}

}  // namespace session_gateway
