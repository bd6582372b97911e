// What the sandbox makes for TLS at its start: authority, certificates of the servers and one of a client,
// and the files of them that a caller asks for.
//
// Thread rule: free function. Throws std::exception when something cannot be made or written. Never here: a
// connection.
#pragma once

#include <optional>

#include "tests/sandbox/options.h"
#include "tests/sandbox/tls.h"

namespace session_gateway::sandbox {

struct TlsSetup {
  SandboxTlsMaterial material;
  TlsRules symphony;
  TlsRules qlik;
  TlsRules qlik_proxy;
};

TlsSetup MakeTlsSetup(const SandboxTls& options);

}  // namespace session_gateway::sandbox
