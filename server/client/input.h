// What the program reads beside its flags: the body, certificates, and the caller's own secrets, which come
// from files or the environment.
//
// Thread rule: one thread. Never here: printing what was read; a problem names the file alone.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "server/client/flags.h"
#include "server/secret.h"

namespace session_gateway {

struct InputProblem {
  std::string text;
};

// A whole file, or standard input for `-`.
std::variant<std::string, InputProblem> ReadInput(const std::string& path);

// Ready for the request and its metadata.
struct Credentials {
  std::optional<Secret> csrf_token;
  std::optional<Secret> authorization;  // `Basic …`
  std::optional<Secret> cookie;
};
std::variant<Credentials, InputProblem> ReadCredentials(const CredentialFlags& flags);

}  // namespace session_gateway
