// The file of the configuration, and the files and variables that it names.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/config.h"
#include "tests/server/config_testing.h"

namespace session_gateway {
namespace {

using std::string_literals::operator""s;

std::optional<Secret> EmptyEnvironment(const std::string&) { return std::nullopt; }

// A folder that is gone at the end of the test.
class ConfigFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "config_test_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& text) const { return WriteFile("gateway.yaml", text); }
  std::string WriteFile(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static std::string OnlyError(const std::string& path) {
    const auto loaded = LoadConfig(path, EmptyEnvironment);
    const auto* errors = std::get_if<ConfigErrors>(&loaded);
    return errors != nullptr && errors->size() == 1 ? errors->front().ToString() : "not one error";
  }

  std::string folder_;
};

TEST_F(ConfigFileTest, AFileIsReadAndNamedInErrors) {
  EXPECT_TRUE(std::holds_alternative<Config>(LoadConfig(Write(kSymphony), EmptyEnvironment)));
  const std::string path = Write("\nlisten:\n");
  EXPECT_EQ(OnlyError(path), path + ":1: at least one of symphony and qlik must be configured");
}

TEST_F(ConfigFileTest, AFileThatCannotBeReadIsAnError) {
  EXPECT_EQ(OnlyError(folder_ + "/none"), folder_ + "/none: cannot be opened: No such file or directory");
  EXPECT_EQ(OnlyError(folder_), folder_ + ": cannot be read: Is a directory");
}

TEST_F(ConfigFileTest, AFileHasABoundedSize) {
  std::string text = kSymphony;
  text += std::string(kConfigBytesMax - text.size(), '#');
  EXPECT_TRUE(std::holds_alternative<Config>(LoadConfig(Write(text), EmptyEnvironment)));
  const std::string path = Write(text + "#");
  EXPECT_EQ(OnlyError(path), path + ": must not be larger than 256KiB");
}

constexpr char kSecure[] = R"(symphony:
  endpoints: ["https://s:1"]
  auth:
    mode: service_account
    user: u
    password_file: ${CREDENTIALS_DIRECTORY}/password
  tls:
    ca_file: ca.pem
    pfx_file: client.pfx
    password_env: PFX_PASSWORD
)";

Environment MapEnvironment(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<Secret> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return Secret(found->second);
  };
}

TEST_F(ConfigFileTest, FileNamesBecomeComplete) {
  std::filesystem::create_directory(folder_ + "/credentials");
  const std::string password = WriteFile("credentials/password", "hunter2");
  const std::string ca = WriteFile("ca.pem", "");
  const std::string pfx = WriteFile("client.pfx", "");
  const auto loaded = LoadConfig(
      Write(kSecure),
      MapEnvironment({{"CREDENTIALS_DIRECTORY", folder_ + "/credentials"}, {"PFX_PASSWORD", "hunter2"}}));
  const auto* config = std::get_if<Config>(&loaded);
  ASSERT_NE(config, nullptr);
  EXPECT_EQ(config->symphony->auth.password_file, password);
  EXPECT_EQ(config->symphony->tls.ca_file, ca);
  EXPECT_EQ(config->symphony->tls.pfx_file, pfx);
  EXPECT_EQ(config->symphony->tls.password_env, "PFX_PASSWORD");
  EXPECT_EQ(DescribeConfig(*config).find("hunter2"), std::string::npos);

  // The configuration's own name may be relative to the working folder; the result is not.
  const auto relative = LoadConfig(
      std::filesystem::relative(Write(kSecure)).string(),
      MapEnvironment({{"CREDENTIALS_DIRECTORY", folder_ + "/credentials"}, {"PFX_PASSWORD", "x"}}));
  ASSERT_TRUE(std::holds_alternative<Config>(relative));
  const std::filesystem::path found = std::get<Config>(relative).symphony->tls.ca_file;
  EXPECT_TRUE(found.is_absolute());
  EXPECT_TRUE(std::filesystem::equivalent(found, ca));

  // An absolute name stays as it is.
  std::string text = kSecure;
  text.replace(text.find("ca.pem"), 6, password);
  const auto absolute = LoadConfig(
      Write(text),
      MapEnvironment({{"CREDENTIALS_DIRECTORY", folder_ + "/credentials"}, {"PFX_PASSWORD", "x"}}));
  ASSERT_TRUE(std::holds_alternative<Config>(absolute));
  EXPECT_EQ(std::get<Config>(absolute).symphony->tls.ca_file, password);
}

TEST_F(ConfigFileTest, WhatTheConfigurationNamesMustBeThere) {
  std::filesystem::create_directory(folder_ + "/ca.pem");
  const std::string path = Write(kSecure);
  const auto errors = [&path](const Environment& environment) {
    std::vector<std::string> texts;
    const auto loaded = LoadConfig(path, environment);
    if (const auto* found = std::get_if<ConfigErrors>(&loaded)) {
      for (const ConfigError& error : *found) texts.push_back(error.ToString().substr(path.size()));
    }
    return texts;
  };
  const std::string relative = ", looked for from the folder of the configuration file";
  EXPECT_EQ(
      errors(EmptyEnvironment),
      (std::vector<std::string>{
          ":6: symphony.auth.password_file: needs the variable CREDENTIALS_DIRECTORY, which systemd sets "
          "for a unit with LoadCredential",
          ":8: symphony.tls.ca_file: must be a file, not a folder",
          ":9: symphony.tls.pfx_file: the file cannot be read: No such file or directory" + relative,
          ":10: symphony.tls.password_env: the environment has no variable of this name, or an empty one"}));
  EXPECT_EQ(
      errors(MapEnvironment({{"CREDENTIALS_DIRECTORY", folder_}})),
      (std::vector<std::string>{
          ":6: symphony.auth.password_file: the file cannot be read: No such file or directory",
          ":8: symphony.tls.ca_file: must be a file, not a folder",
          ":9: symphony.tls.pfx_file: the file cannot be read: No such file or directory" + relative,
          ":10: symphony.tls.password_env: the environment has no variable of this name, or an empty one"}));
}

TEST_F(ConfigFileTest, NoErrorRepeatsAFilesName) {
  std::string text = kSecure;
  text.replace(text.find("client.pfx"), 10, "hunter2");
  text.replace(text.find("PFX_PASSWORD"), 12, "hunter2");
  const auto loaded = LoadConfig(Write(text), EmptyEnvironment);
  ASSERT_TRUE(std::holds_alternative<ConfigErrors>(loaded));
  EXPECT_EQ(std::get<ConfigErrors>(loaded).size(), 4u);
  for (const ConfigError& error : std::get<ConfigErrors>(loaded)) {
    EXPECT_EQ(error.ToString().find("hunter2"), std::string::npos) << error.ToString();
  }
}

TEST_F(ConfigFileTest, ProblemsOfTheTextAndOfTheFilesComeTogether) {
  const std::string path = Write("call_timeout: x\n"s + kSecure);
  const auto loaded =
      LoadConfig(path, MapEnvironment({{"CREDENTIALS_DIRECTORY", folder_}, {"PFX_PASSWORD", "x"}}));
  ASSERT_TRUE(std::holds_alternative<ConfigErrors>(loaded));
  EXPECT_EQ(std::get<ConfigErrors>(loaded).size(), 4u);
}

}  // namespace
}  // namespace session_gateway
