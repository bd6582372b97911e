#include "server/upstream/tls_files.h"

#include <utility>
#include <vector>

namespace session_gateway {

std::optional<std::string> FollowTlsFiles(
    const std::string& set, const TlsClientConfig& config,
    const std::function<std::optional<Secret>(const std::string& name)>& read_variable,
    CredentialFiles& files, TlsClient& client) {
  std::optional<Secret> password;
  if (!config.password_env.empty()) {
    password = read_variable(config.password_env);
    if (!password) return set + ".password_env: the variable " + config.password_env + " is not set";
  }
  const std::vector<std::string> paths = {config.ca_file, config.cert_file, config.key_file, config.pfx_file,
                                          config.password_file};
  auto accept = [paths, password = std::move(password),
                 &client](const std::vector<Secret>& contents) -> std::optional<std::string> {
    // A path that is not set reads as empty, which a file that is empty does as well.
    const auto content = [&](std::size_t i) {
      return paths[i].empty() ? std::nullopt : std::optional<Secret>(contents[i]);
    };
    TlsMaterial material{content(0), content(1), content(2), content(3), content(4)};
    if (!material.password) material.password = password;
    return client.Replace(material);
  };
  if (auto problem = files.Add(set, paths, std::move(accept))) return set + ": " + *problem;
  return std::nullopt;
}

}  // namespace session_gateway
