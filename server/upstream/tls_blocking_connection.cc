#include "server/upstream/tls_blocking_connection.h"

#include <utility>

namespace session_gateway {
namespace {

// So many records are written in one step; then what has come is looked at.
constexpr int kWritesAStep = 16;

}  // namespace

void TlsBlockingConnection::Adopt(int descriptor) {
  BlockingConnection::Adopt(descriptor);
  has_begun_ = channel_.Begin(descriptor, sessions_->Take(channel_.context()));
}

IoNeed TlsBlockingConnection::Shake(std::optional<SendFailure>& failure) {
  if (!has_begun_) {
    failure = SendFailure{FailureKind::kTls, Phase::kHandshake, false, "no TLS settings are in force"};
    return IoNeed::kNothing;
  }
  const IoNeed need = channel_.Shake();
  if (need != IoNeed::kFailed) return need;
  failure = channel_.HandshakeFailure();
  spoilt_session_ = channel_.offered_session();
  return IoNeed::kNothing;
}

void TlsBlockingConnection::StartWrite(std::string_view head, std::string_view body) {
  write_ = {false, {}, 0};
  channel_.StartWrite(head, body);
  ContinueWrite();
}

IoNeed TlsBlockingConnection::ContinueWrite() {
  ErrorCode error;
  const IoNeed need = channel_.Write(kWritesAStep, error);
  write_.bytes = channel_.taken();
  if (error) fault_ = channel_.fault();
  if (need == IoNeed::kNothing) EndWrite(error, channel_.taken());
  return need;
}

IoNeed TlsBlockingConnection::Read(std::string_view& bytes, ErrorCode& error) {
  const IoNeed need = channel_.Read(input_, bytes, error);
  if (error) fault_ = channel_.fault();
  return need;
}

bool TlsBlockingConnection::Quiet() {
  if (channel_.context() != client_.context() || !channel_.Quiet()) return false;
  Settle();
  return true;
}

void TlsBlockingConnection::Close() {
  if (descriptor() >= 0 && write_.ended && !write_.error) channel_.SayGoodbye();
  channel_.Detach();
  BlockingConnection::Close();
}

void TlsBlockingConnection::Settle() {
  if (std::exchange(spoilt_session_, false)) sessions_->Clear();
  KeepSessions(channel_, client_, *sessions_);
}

}  // namespace session_gateway
