#include "server/rpc/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "server/log.h"

namespace session_gateway {
namespace {

constexpr int kAcceptsPerTurn = 16;  // then others on the loop have their turn
constexpr Duration kRetry = std::chrono::milliseconds(50);
constexpr Duration kReportInterval = std::chrono::seconds(10);

// Else the error is that of one connection, which ended before it was accepted.
bool IsOutOfResources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Acceptor::Acceptor(Loop& loop, const Clock& clock, Log& log, ListeningSockets sockets,
                   std::size_t connections_max, Take take)
    : clock_(clock), log_(log), take_(std::move(take)), count_(connections_max) {
  for (Descriptor& socket : sockets.sockets) listeners_.emplace_back(loop, std::move(socket));
}

void Acceptor::Start() {
  for (Listener& listener : listeners_) Wait(listener);
}

void Acceptor::Close() {
  for (Listener& listener : listeners_) {
    boost::system::error_code ignored;
    listener.socket.close(ignored);
    listener.retry.cancel();
  }
}

void Acceptor::Wait(Listener& listener) {
  listener.socket.async_wait(Socket::wait_read, [this, &listener](const boost::system::error_code& error) {
    if (!error) AcceptSome(listener);
  });
}

void Acceptor::WaitLater(Listener& listener) {
  listener.retry.expires_at(clock_.Now() + kRetry);
  listener.retry.async_wait([this, &listener](const boost::system::error_code& error) {
    if (!error) Wait(listener);
  });
}

void Acceptor::AcceptSome(Listener& listener) {
  // It may have been closed in the same turn of the loop.
  if (!listener.socket.is_open()) return;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    Descriptor connection(
        accept4(listener.socket.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.get() >= 0) {
      Admit(std::move(connection));
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) break;
    if (IsOutOfResources(error)) {
      ReportRefusal(std::generic_category().message(error));
      return WaitLater(listener);
    }
  }
  Wait(listener);
}

void Acceptor::Admit(Descriptor connection) {
  if (!count_.Add(connection.get())) return ReportRefusal("the bound on connections is reached");
  take_(connection.Release());
}

void Acceptor::ReportRefusal(std::string_view reason) {
  ++refused_;
  const TimePoint now = clock_.Now();
  if (now < next_report_) return;
  log_.Event(LogLevel::kWarning, "connections_refused",
             {{"reason", reason},
              {"open", static_cast<std::int64_t>(count_.counted())},
              {"refused", std::exchange(refused_, 0)}});
  next_report_ = now + kReportInterval;
}

}  // namespace session_gateway
