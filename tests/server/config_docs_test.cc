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
  EXPECT_EQ(blocks, 9);
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

// Without its marks of a comment, the example of a section that stands at no default.
std::string Uncommented(const std::string& text, const std::string& first, const std::string& end) {
  const std::size_t begin = text.find(first);
  std::istringstream lines(text.substr(begin, text.find(end, begin) - begin));
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t mark = line.find("# ");
    section += (mark == std::string::npos ? line : line.erase(mark, 2)) + "\n";
  }
  return section;
}

TEST(ConfigDocsTest, TheSectionsThatTheExampleLeavesOutAreValid) {
  const std::string text = ReadTreeFile("deploy/session-gateway.yaml");
  const std::string listen = Uncommented(text, "  # tls:\n  #   cert_file: server.pem", "\n\n");
  const std::string account = Uncommented(text, "    # mode: service_account", "    # Or each caller");
  const std::string symphony = Uncommented(text, "  # tls:\n  #   ca_file: symphony", "\n\n");
  const std::string qlik = Uncommented(text, "  # tls:\n  #   ca_file: root", "\n\n");
  const std::string jwt = Uncommented(text, "    # mode: jwt", "  # Not set");
  ExpectParses("listen:\n" + listen + "symphony:\n  endpoints: ['https://s:1']\n  auth:\n" + account +
                   symphony +
                   "qlik:\n  endpoints: ['https://q:1']\n  auth: {user_directory: d, user_id: u}\n" + qlik,
               "deploy/session-gateway.yaml");
  ExpectParses("qlik:\n  endpoints: ['https://q:1']\n  auth:\n" + jwt, "deploy/session-gateway.yaml");
  const std::string redis = Uncommented(text, "  # redis:", "\n\n");
  ExpectParses("creates:\n" + redis + "symphony:\n  endpoints: ['https://s:1']\n",
               "deploy/session-gateway.yaml");
  // And with its own marks taken away, but for the variables that stand for files.
  std::string all;
  std::istringstream lines(redis);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t mark = line.find("# ");
    const bool is_key = mark != std::string::npos && line.find("_env:") == std::string::npos &&
                        line.find_first_of(": ", mark + 2) == line.find(": ", mark + 2);
    all += (is_key ? line.erase(mark, 2) : line) + "\n";
  }
  EXPECT_NE(all.find("\n    lease: 15s\n"), std::string::npos) << all;
  ExpectParses("creates:\n" + all + "symphony:\n  endpoints: ['https://s:1']\n",
               "deploy/session-gateway.yaml");
}

TEST(ConfigDocsTest, TheExampleOfTheDeploymentNamesEveryKeyOfTheLedger) {
  const std::string text = ReadTreeFile("deploy/session-gateway.yaml");
  const std::size_t begin = text.find("\ncreates:\n");
  ASSERT_NE(begin, std::string::npos);
  const std::string section = text.substr(begin, text.find("\n\n", begin) - begin);
  for (const ConfigKey& key : ConfigKeys()) {
    if (!key.path.starts_with("creates.")) continue;
    const std::string name(key.path.substr(key.path.rfind('.') + 1));
    EXPECT_NE(section.find(" " + name + ": "), std::string::npos) << key.path;
  }
  EXPECT_NE(text.find("# tag_from_request_id: off\n"), std::string::npos);
}

TEST(ConfigDocsTest, TheConfigurationInTheManifestIsValid) {
  const std::string text = ReadTreeFile("deploy/kubernetes.yaml");
  const std::string mark = "  session-gateway.yaml: |\n";
  const std::size_t begin = text.find(mark);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t end = text.find("\n---", begin);
  ASSERT_NE(end, std::string::npos);
  ExpectParses(text.substr(begin + mark.size(), end + 1 - begin - mark.size()), "deploy/kubernetes.yaml");
}

TEST(ConfigDocsTest, TheConfigurationInTheImagesCommentIsValid) {
  const std::string text = ReadTreeFile("deploy/Dockerfile");
  const std::size_t begin = text.find("#   listen:");
  ASSERT_NE(begin, std::string::npos);
  ExpectParses(
      text.substr(begin + 4, text.find('\n', begin) - begin - 4) + "\nsymphony: {endpoints: ['http://s:1']}",
      "deploy/Dockerfile");
}

}  // namespace
}  // namespace session_gateway
