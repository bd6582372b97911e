// The upstream of a case: does to each request what the case says of it, with TLS or without, and remembers
// all that came.
//
// Thread rule: made, asked and ended by one thread. Never here: the gateway, judging.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "server/upstream/tls_client.h"
#include "tests/exchange/case_file.h"
#include "tests/exchange/wire.h"
#include "tests/server/raw_server.h"

namespace session_gateway {

// Where the TLS of a case fails, and how.
enum class TlsFault {
  kNone,
  kSilent,   // the peer says nothing at all
  kPlain,    // it does not speak TLS
  kClosed,   // it ends the connection after the greeting
  kAlert,    // it sends an alert in the place of its part of the handshake
  kRefusal,  // it refuses the client's certificate, or its lack, once the request is there
};

struct TlsScript {
  TlsFault fault = TlsFault::kNone;
  int alert = 0;  // of kAlert and kRefusal
  TlsServerOptions options = {};
  TlsMaterial material = {};  // the gateway's
};
// Of the setting `tls`; or what is wrong with it.
std::variant<TlsScript, std::string> MakeTlsScript(const std::string& setting);

class ScriptedUpstream {
 public:
  // The case outlives it. `tls` is null for an upstream without TLS.
  ScriptedUpstream(const CaseFile& file, const TlsScript* tls);

  std::uint16_t port() const { return server_.port(); }
  int connections() const { return server_.accepted(); }

  // Once the gateway has ended: every whole request that came.
  std::vector<std::string> TakeRequests();
  // Whether a part of a request came that never became a whole one. Ask after TakeRequests.
  bool saw_part() const { return saw_part_; }

 private:
  // What is done to one request.
  struct Turn {
    std::vector<std::string> answers;
    bool closes = false;
    bool resets = false;
  };
  static std::vector<Turn> TurnsOf(const CaseFile& file);

  void Serve(RawConnection& raw);
  void Converse(PeerWire& wire);
  // Of the request that has come; nullptr when the case says nothing of it.
  const Turn* Note(const std::string& request);
  void FailHandshake(RawConnection& raw) const;

  const std::vector<Turn> turns_;
  const std::size_t reads_;  // bytes of each connection, or 0: whole requests
  const TlsScript* const tls_;
  const std::unique_ptr<TlsServer> tls_server_;
  std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::size_t begun_ = 0;              // turns; guarded by mutex_
  std::atomic<bool> saw_part_ = false;
  std::atomic<bool> is_over_ = false;  // the case has its result
  RawServer server_;
};

}  // namespace session_gateway
