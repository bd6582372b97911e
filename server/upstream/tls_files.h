// From the settings of an upstream's TLS to a TlsClient that follows its files.
//
// Thread rule: before the loop runs. Never here: what the files mean.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "server/config.h"
#include "server/credential_files.h"
#include "server/upstream/tls_client.h"

namespace session_gateway {

// Reads the files that `config` names, puts them in force and watches them. `set` names them in reports;
// `read_variable` reads the environment, as SecretFromEnvironment does. Returns what is wrong, if anything.
// The client outlives `files`.
[[nodiscard]] std::optional<std::string> FollowTlsFiles(
    const std::string& set, const TlsClientConfig& config,
    const std::function<std::optional<Secret>(const std::string& name)>& read_variable,
    CredentialFiles& files, TlsClient& client);

}  // namespace session_gateway
