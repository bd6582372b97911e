#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "server/config.h"
#include "server/config_keys.h"
#include "server/config_reader.h"
#include "server/config_texts.h"

namespace session_gateway {
namespace {

std::string Describe(int error) { return std::generic_category().message(error); }

// The text of a file, or what is wrong with it.
struct FileText {
  std::string text;
  std::string problem;
};

FileText ReadConfigFile(const std::string& path) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  if (file == nullptr) return {{}, "cannot be opened: " + Describe(errno)};
  std::string text(kConfigBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return {{}, "cannot be read: " + Describe(errno)};
  if (text.size() > kConfigBytesMax) {
    return {{}, "must not be larger than " + std::to_string(kConfigBytesMax / 1024) + "KiB"};
  }
  return {std::move(text), {}};
}

// Makes the name of a file complete. Returns why it cannot be used.
std::optional<std::string> ResolveFile(const std::filesystem::path& folder, const Environment& environment,
                                       std::string& name) {
  const bool is_credential = name.starts_with(kCredentialsPrefix);
  if (is_credential) {
    const auto credentials = environment(std::string(kCredentialsVariable));
    if (!credentials) {
      return "needs the variable CREDENTIALS_DIRECTORY, which systemd sets for a unit with LoadCredential";
    }
    name = credentials->Reveal() + "/" + name.substr(kCredentialsPrefix.size());
  }
  // Shown without the name, which may be a secret in the wrong place.
  const bool is_relative = name.front() != '/';
  if (is_relative) name = (folder / name).string();
  const std::string where = is_relative ? ", looked for from the folder of the configuration file" : "";
  if (access(name.c_str(), R_OK) != 0) return "the file cannot be read: " + Describe(errno) + where;
  std::error_code error;
  if (std::filesystem::is_directory(name, error)) return "must be a file, not a folder";
  return std::nullopt;
}

// One key that names what is outside of the configuration.
std::optional<std::string> ResolveName(const ConfigKey& key, const std::filesystem::path& folder,
                                       const Environment& environment, Config& config) {
  if (key.kind != KeyKind::kFile && key.kind != KeyKind::kVariable) return std::nullopt;
  std::string& name = *std::get<std::string*>(key.slot(config));
  if (name.empty()) return std::nullopt;
  if (key.kind == KeyKind::kFile) return ResolveFile(folder, environment, name);
  if (!environment(name)) return "the environment has no variable of this name, or an empty one";
  return std::nullopt;
}

}  // namespace

std::variant<Config, ConfigErrors> LoadConfig(const std::string& path, const Environment& environment) {
  const FileText file = ReadConfigFile(path);
  if (!file.problem.empty()) return ConfigErrors{{path, 0, file.problem}};
  auto [config, report] = ReadConfigText(file.text, path);
  std::error_code error;  // without a working folder, names stay relative to it
  const std::filesystem::path folder = std::filesystem::absolute(path, error).parent_path();
  for (const ConfigKey& key : ConfigKeys()) {
    if (!IsConfigured(config, key) || report.Failed(key.path)) continue;
    if (auto problem = ResolveName(key, folder, environment, config)) report.FailKey(key.path, *problem);
  }
  if (!report.empty()) return report.TakeErrors();
  return std::move(config);
}

}  // namespace session_gateway
