// One connection of a scripted upstream, the same with TLS and without.
//
// Thread rule: belongs to its script. Never here: what is said over it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/server/tls_peer.h"

namespace session_gateway {

class PeerWire {
 public:
  // `tls` is null for a connection without TLS.
  PeerWire(RawConnection& raw, const TlsServer* tls);
  PeerWire(const PeerWire&) = delete;
  PeerWire& operator=(const PeerWire&) = delete;

  bool Handshake() { return !peer_ || peer_->Handshake(); }
  // The next request with its body, or empty when the peer has ended.
  std::string ReadRequest() { return peer_ ? peer_->ReadRequest() : raw_.ReadRequest(); }
  // Waits for more bytes of a request; false when there are none.
  bool ReadMore() { return peer_ ? peer_->ReadMore() : raw_.ReadMore(); }
  // Takes what was read and is no part of a request that was taken.
  std::string TakeBuffered() { return peer_ ? peer_->TakeBuffered() : raw_.TakeBuffered(); }
  // What came of a request that was not read as a whole one.
  std::size_t buffered() const { return peer_ ? peer_->buffered() : raw_.buffered(); }

  bool Send(std::string_view text) { return SendAtOnce({std::string(text)}); }
  // All in one call of the system; with TLS each piece is a record of its own.
  bool SendAtOnce(const std::vector<std::string>& pieces);
  // In good order: with TLS after its goodbye.
  void EndSending();

  RawConnection& raw() { return raw_; }
  TlsPeer* peer() { return peer_ ? &*peer_ : nullptr; }

 private:
  RawConnection& raw_;
  std::optional<TlsPeer> peer_;
};

}  // namespace session_gateway
