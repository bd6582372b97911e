// The sandbox's side of TLS: what a server shows and asks for, and the bytes of one connection, plain or
// encrypted.
//
// Thread rule: a context is shared by connections on many threads; a channel has one thread, but for
// ShutDown. Never here: HTTP, or how certificates are made.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "tests/sandbox/options.h"

struct ssl_ctx_st;
struct ssl_st;

namespace session_gateway::sandbox {

struct TlsRules {
  SandboxTlsIdentity identity;
  std::string client_ca_pem;  // empty: no client certificate is asked for
  SandboxTlsVersion min_version = SandboxTlsVersion::k12;
  SandboxTlsVersion max_version = SandboxTlsVersion::k13;
  bool resumption = true;
};

struct TlsFree {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* connection) const;
};
using TlsContext = std::shared_ptr<ssl_ctx_st>;

// The text says what is wrong with the rules.
std::variant<TlsContext, std::string> MakeTlsContext(const TlsRules& rules);

class Channel {
 public:
  // Plain without a context. The socket stays the caller's.
  Channel(int socket, TlsContext context);

  struct Handshake {
    bool resumed = false;
    SandboxTlsSerials serials = {};
    std::string problem;  // empty: it went well
  };
  // At once for a plain one. After a failed one only DrainAndEnd is left to do.
  Handshake Accept();
  bool is_tls() const { return context_ != nullptr; }

  // False: nothing came in this time.
  bool WaitForBytes(int milliseconds) const;
  // False: the peer's end came in this time.
  bool WaitForEnd(int milliseconds) const;
  // 0: the end, or an error.
  std::size_t Receive(char* out, std::size_t size);
  bool SendAll(std::string_view bytes);
  // A close with unread input becomes a reset, which can destroy the answer on its way.
  void DrainAndEnd();
  // The end of the socket then resets the connection.
  void PrepareReset();
  void ShutDown();

 private:
  bool Poll(short events, int milliseconds) const;

  const int socket_;
  const TlsContext context_;  // lives as long as the connection that is made of it
  std::unique_ptr<ssl_st, TlsFree> tls_;
};

}  // namespace session_gateway::sandbox
