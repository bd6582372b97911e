#include "tests/exchange/wire.h"

namespace session_gateway {

PeerWire::PeerWire(RawConnection& raw, const TlsServer* tls) : raw_(raw) {
  if (tls != nullptr) peer_.emplace(raw, *tls);
}

bool PeerWire::SendAtOnce(const std::vector<std::string>& pieces) {
  std::string bytes;
  for (const std::string& piece : pieces) {
    if (peer_) {
      peer_->Encrypt(piece);
      bytes += peer_->TakeOutput();
    } else {
      bytes += piece;
    }
  }
  return raw_.Send(bytes);
}

void PeerWire::EndSending() {
  if (peer_) {
    peer_->EncryptGoodbye();
    peer_->Flush();
  }
  raw_.EndSending();
}

}  // namespace session_gateway
