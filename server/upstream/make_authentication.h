// From the configuration to an upstream's Authentication, with the secrets that it names.
//
// A new secret in a file (loaded_secret.h) takes effect with the next call, and ends the lockout that the old
// one earned. Thread rule: before the loop runs. Never here: a secret in a problem.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "server/config.h"
#include "server/credential_files.h"
#include "server/random.h"
#include "server/upstream/credentials.h"

namespace session_gateway {

// What an authentication needs of the program; all of it outlives the authentication.
struct AuthenticationParts {
  Loop& loop;
  const Clock& clock;
  Random& random;
  CredentialFiles& files;
  Environment read_variable;  // SecretFromEnvironment
};

// The authentication, or what is wrong, for the person who starts the program.
using MadeAuthentication = std::variant<std::unique_ptr<Authentication>, std::string>;

MadeAuthentication MakeSymphonyAuthentication(const SymphonyAuthConfig& config,
                                              const AuthenticationParts& parts);
MadeAuthentication MakeQlikAuthentication(const QlikAuthConfig& config, const AuthenticationParts& parts);

}  // namespace session_gateway
