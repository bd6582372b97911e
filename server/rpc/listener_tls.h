// TLS of the gRPC listener: what it shows its callers and which of their certificates it accepts. Each
// handshake takes the newest contents that were good; connections that are there already go on.
//
// TLS 1.2 and 1.3. Callers must show a certificate when a client CA file is named. Thread rule: Replace on
// the thread that owns the credential files, all else on the server's owner's thread; gRPC's threads read
// under the same mutex. Never here: reading files, which name a caller has.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/secret.h"

namespace grpc {
class ServerCredentials;
}

namespace session_gateway {

class ListenerTls {
 public:
  // Named in what is wrong with their contents.
  struct Files {
    std::string certificate;  // PEM: the certificate first, then what stands between it and its root
    std::string key;          // PEM, not encrypted
    std::string client_ca;    // PEM; empty: callers are not asked for a certificate
  };

  explicit ListenerTls(Files files);
  ~ListenerTls();
  ListenerTls(const ListenerTls&) = delete;
  ListenerTls& operator=(const ListenerTls&) = delete;

  // In the order of Files, as Replace takes the contents.
  std::vector<std::string> Paths() const;
  // Nothing when each later handshake takes the contents; else the file and why it cannot be used, and the
  // contents before stay in force.
  [[nodiscard]] std::optional<std::string> Replace(const std::vector<Secret>& contents);

  // True from the first good Replace on.
  bool HasContents() const;

  // For one listener, whose connections are begun on one thread. `this` outlives the server. A server cannot
  // be started on it before the first good Replace.
  std::shared_ptr<grpc::ServerCredentials> Credentials();

 private:
  class State;
  const Files files_;
  const std::unique_ptr<State> state_;
};

}  // namespace session_gateway
