// One TLS handshake with a server, by OpenSSL itself: what gRPC's own client does not let a test choose or
// see.
//
// Thread rule: free function. Never here: HTTP/2.
#pragma once

#include <string>

#include "tests/pki/pki.h"

namespace session_gateway {

struct ProbeOptions {
  std::string host = "127.0.0.1";
  int version = 0;                                // the only one offered, TLS1_3_VERSION; 0: any
  std::string alpn = "h2";                        // empty: none is offered
  const pki::Certificate* certificate = nullptr;  // the client's
};

struct ProbeResult {
  bool accepted = false;  // the handshake ended well and the server sent something
  std::string version;    // `TLSv1.3`
  std::string alpn;       // as chosen
  std::string serial;     // of the server's certificate, as pki::Certificate has it
  std::string error;      // OpenSSL's reason, which names the server's alert
};

// Checks no name and no chain: the server is the one that is tested.
ProbeResult ProbeTls(int port, const ProbeOptions& options);

}  // namespace session_gateway
