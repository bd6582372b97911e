#include "server/upstream/tls_connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

namespace session_gateway {
namespace {

// So many records are written in one go; then others have their turn.
constexpr int kWritesATurn = 16;

}  // namespace

TlsConnection::TlsConnection(const LoopExecutor& executor, TimePoint now, const TlsClient& client,
                             std::shared_ptr<TlsSessions> sessions, std::string_view host)
    : Connection(executor, now), client_(client), sessions_(std::move(sessions)), channel_(client, host) {}

Task<void> TlsConnection::WaitFor(IoNeed need, ErrorCode& error) {
  const auto what = need == IoNeed::kWrite ? TcpSocket::wait_write : TcpSocket::wait_read;
  co_await socket.async_wait(what, boost::asio::redirect_error(kUseTask, error));
}

Task<std::optional<SendFailure>> TlsConnection::Handshake(CallContext& context) {
  if (!channel_.Begin(socket.native_handle(), sessions_->Take(channel_.context()))) {
    co_return SendFailure{FailureKind::kTls, Phase::kHandshake, false, "no TLS settings are in force"};
  }
  {
    StopGuard guard(context, [this] { Close(); });
    while (context.stopped() == StopReason::kNone) {
      const IoNeed need = channel_.Shake();
      if (need == IoNeed::kNothing) break;
      if (need == IoNeed::kFailed) {
        if (channel_.offered_session()) sessions_->Clear();
        co_return channel_.HandshakeFailure();
      }
      ErrorCode error;
      co_await WaitFor(need, error);
    }
  }
  if (context.stopped() != StopReason::kNone) co_return StoppedBeforeSending(context, Phase::kHandshake);
  KeepSessions(channel_, client_, *sessions_);
  co_return std::nullopt;
}

void TlsConnection::StartWrite(std::string_view head, std::string_view body) {
  write_ = {false, {}, 0};
  input_.Restart();
  channel_.StartWrite(head, body);
  ContinueWrite();
}

void TlsConnection::ContinueWrite() {
  ErrorCode error;
  const IoNeed need = channel_.Write(kWritesATurn, error);
  if (error) fault_ = channel_.fault();
  if (need == IoNeed::kNothing) return EndWrite(error, channel_.taken());
  socket.async_wait(need == IoNeed::kRead ? TcpSocket::wait_read : TcpSocket::wait_write,
                    [self = shared_from_this(), this](const ErrorCode& ec) {
                      if (ec) return EndWrite(ec, channel_.taken());
                      ContinueWrite();
                    });
}

Task<std::string_view> TlsConnection::Read(ErrorCode& error) {
  error = {};
  // Others have their turn, however fast the peer sends; a stop may be among them.
  co_await boost::asio::post(socket.get_executor(), kUseTask);
  for (;;) {
    std::string_view bytes;
    const IoNeed need = channel_.Read(input_.Room(), bytes, error);
    if (error) fault_ = channel_.fault();
    KeepSessions(channel_, client_, *sessions_);
    if (need == IoNeed::kNothing) {
      input_.NoteRead(bytes.size());
      co_return bytes;
    }
    co_await WaitFor(need, error);
    if (error) co_return std::string_view();
  }
}

bool TlsConnection::Quiet() {
  if (!socket.is_open() || channel_.context() != client_.context() || !channel_.Quiet()) return false;
  KeepSessions(channel_, client_, *sessions_);
  return true;
}

void TlsConnection::Close() {
  if (socket.is_open() && write_.ended && !write_.error) channel_.SayGoodbye();
  channel_.Detach();
  Connection::Close();
}

}  // namespace session_gateway
