// docs/configuration.md and deploy/session-gateway.yaml against the table of keys.

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>

#include "server/config.h"
#include "server/config_assign.h"
#include "server/config_keys.h"
#include "server/yaml_reader.h"

namespace session_gateway {
namespace {

std::string ReadTreeFile(const std::string& name) {
  std::ifstream file(std::string(SESSION_GATEWAY_SOURCE_DIR) + "/" + name);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string DocRow(const ConfigKey& key) {
  std::string row = "| `" + std::string(key.path) + "` | ";
  row += DescribeType(key) + " | " + DescribeDefault(key) + " | " + DescribeRange(key) + " | ";
  row += std::string(key.doc) + " | ";
  row += key.example.empty() ? "none" : "`" + std::string(key.example) + "`";
  return row + " |\n";
}

void ExpectParses(const std::string& text, const std::string& what) {
  const auto parsed = ParseConfig(text, what);
  if (const auto* errors = std::get_if<ConfigErrors>(&parsed)) {
    for (const ConfigError& error : *errors) ADD_FAILURE() << error.ToString();
  }
}

TEST(ConfigDocsTest, ThePageHasTheRowOfEveryKeyAndNoOther) {
  const std::string page = ReadTreeFile("docs/configuration.md");
  std::set<std::string> rows;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string row = DocRow(key);
    EXPECT_NE(page.find("\n" + row), std::string::npos) << "docs/configuration.md misses:\n" << row;
    rows.insert(row);
  }
  std::istringstream lines(page);
  bool in_keys = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| Key |")) in_keys = true;
    if (line.empty()) in_keys = false;
    if (!in_keys || !line.starts_with("| `")) continue;
    EXPECT_TRUE(rows.contains(line + "\n")) << "no such key in the table:\n" << line;
  }
}

TEST(ConfigDocsTest, ThePagesYamlIsValid) {
  const std::string page = ReadTreeFile("docs/configuration.md");
  int blocks = 0;
  for (std::size_t at = page.find("```yaml\n"); at != std::string::npos; at = page.find("```yaml\n", at)) {
    at += 8;
    const std::size_t end = page.find("```", at);
    ASSERT_NE(end, std::string::npos);
    ExpectParses(page.substr(at, end - at), "docs/configuration.md");
    at = end;
    ++blocks;
  }
  EXPECT_EQ(blocks, 2);
}

TEST(ConfigDocsTest, EveryExampleOfTheTableIsAccepted) {
  for (const ConfigKey& key : ConfigKeys()) {
    const YamlDocument document = ReadYaml("key: " + std::string(key.example));
    ASSERT_TRUE(document.readable && document.root.children.size() == 1) << key.path;
    const YamlNode& value = document.root.children.front();
    Config config;
    config.symphony.emplace();
    config.qlik.emplace();
    if (key.kind == KeyKind::kEndpoints) {
      ASSERT_EQ(value.children.size(), 1u) << key.path;
      EXPECT_TRUE(std::holds_alternative<Endpoint>(ParseEndpoint(value.children.front().text))) << key.path;
      continue;
    }
    EXPECT_EQ(AssignScalar(key, value.text, config), std::nullopt) << key.path;
    // An example that is the default would show nothing.
    EXPECT_NE("`" + FormatScalar(key, config) + "`", DescribeDefault(key)) << key.path;
  }
}

TEST(ConfigDocsTest, TheExampleOfTheDeploymentIsValid) {
  ExpectParses(ReadTreeFile("deploy/session-gateway.yaml"), "deploy/session-gateway.yaml");
}

}  // namespace
}  // namespace session_gateway
