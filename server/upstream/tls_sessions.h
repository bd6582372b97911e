// The TLS sessions of one endpoint that can be resumed, so that a new connection need not begin with
// certificates and keys.
//
// A session of TLS 1.3 is used once, since whoever watches could tell two uses of a ticket to be of one
// client. None outlives the context under which it was made, nor the peer's certificate. Bound: kSessionsMax,
// the oldest goes first. Thread rule: loop thread only. Never here: the wire.
#pragma once

#include <deque>
#include <memory>

#include "server/upstream/tls_client.h"

namespace session_gateway {

class TlsChannel;

class TlsSessions {
 public:
  static constexpr std::size_t kSessionsMax = 32;

  // A session for a new connection under `context`, or null.
  Owned<SSL_SESSION> Take(const std::shared_ptr<const TlsContext>& context);
  // A session that a connection under `context` was given.
  void Keep(const std::shared_ptr<const TlsContext>& context, Owned<SSL_SESSION> session);
  void Clear() { sessions_.clear(); }

  std::size_t size() const { return sessions_.size(); }

 private:
  std::shared_ptr<const TlsContext> context_;  // of all that are kept
  std::deque<Owned<SSL_SESSION>> sessions_;    // the newest last
};

// Takes over what the peer of `channel` has given, while the client's context is still the channel's.
void KeepSessions(TlsChannel& channel, const TlsClient& client, TlsSessions& sessions);

}  // namespace session_gateway
