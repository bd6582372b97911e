// A secret that the configuration names by its file or its variable, read and judged.
//
// One in a file is read now and again whenever it changes; one that cannot be used is refused, and the old
// one stays. Thread rule: before the loop runs. Never here: the environment itself (it is handed in), the
// contents in a problem.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/config.h"
#include "server/credential_files.h"
#include "server/gateway_secret.h"

namespace session_gateway {

struct SecretPlace {
  std::string section;  // of the configuration
  std::string file;     // or
  std::string variable;
};

// What is wrong with a secret, without the secret.
using SecretJudge = std::optional<std::string> (*)(std::string_view secret);
std::optional<std::string> JudgePassword(std::string_view password);

using LoadedSecret = std::variant<std::shared_ptr<GatewaySecret>, std::string>;
LoadedSecret LoadSecret(const SecretPlace& place, SecretJudge judge, CredentialFiles& files,
                        const Environment& read_variable);

}  // namespace session_gateway
