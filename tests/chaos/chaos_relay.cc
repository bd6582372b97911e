#include "tests/chaos/chaos_relay.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace session_gateway {
namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;
constexpr std::chrono::milliseconds kDeliveryCheck{1};
// A peer that never answers our end is not waited for longer.
constexpr std::chrono::milliseconds kEndingMax{5000};

void SendAtOnce(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

ChaosRelay::ChaosRelay(int gateway_fd, int epoll, std::uint64_t id, const ChaosConnection& connection,
                       const ChaosOptions& options)
    : epoll_(epoll),
      id_(id),
      connection_(connection),
      flows_{ChaosFlow(connection.plan.request, options), ChaosFlow(connection.plan.answer, options)} {
  sockets_[kGateway].fd = gateway_fd;
  SendAtOnce(gateway_fd);
  switch (connection_.plan.accept) {
    case ChaosAccept::kForward:
      Connect();
      break;
    case ChaosAccept::kReset:
      Reset();
      return;
    case ChaosAccept::kClose:
      BeginEnding(std::chrono::steady_clock::now());
      break;
    case ChaosAccept::kIgnore:
      over_ = {Over::kStalled, Over::kStalled};
      break;
    case ChaosAccept::kSwallow:
      over_ = {Over::kDropped, Over::kDropped};
      break;
  }
  for (const Side side : {kGateway, kUpstream}) UpdateInterest(side);
}

ChaosRelay::~ChaosRelay() { Reset(); }

void ChaosRelay::Connect() {
  Socket& upstream = sockets_[kUpstream];
  upstream.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (upstream.fd < 0) return Reset();
  SendAtOnce(upstream.fd);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(connection_.plan.upstream_port));
  if (::connect(upstream.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return;
  if (errno != EINPROGRESS) return Reset();
  upstream.connecting = true;
}

bool ChaosRelay::WantsRead(Side side) const {
  const Socket& socket = sockets_[side];
  if (socket.fd < 0 || socket.connecting || socket.eof || socket.gone) return false;
  if (state_ == State::kEnding || over_[side] == Over::kDropped) return true;
  return over_[side] == Over::kNo && flows_[side].room() > 0;
}

void ChaosRelay::OnEvents(Side side, std::uint32_t events, TimePoint now) {
  Socket& socket = sockets_[side];
  if (socket.fd < 0) return;
  if (socket.connecting) {
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Reset();
    if ((events & EPOLLOUT) == 0) return;
    socket.connecting = false;
  }
  if ((events & EPOLLOUT) != 0) socket.blocked = false;
  if (WantsRead(side)) {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) Read(side, now);
  } else if ((events & EPOLLHUP) != 0 && (events & EPOLLERR) == 0 && socket.eof) {
    socket.silent = true;  // both directions have ended, and the system will not stop to say so
  } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    socket.gone = true;  // what it still holds is lost with it
  } else if ((events & EPOLLRDHUP) != 0) {
    socket.eof = true;
  }
}

void ChaosRelay::Read(Side side, TimePoint now) {
  std::array<char, kPieceBytes> bytes;
  Socket& socket = sockets_[side];
  while (WantsRead(side)) {
    const bool dropped = state_ == State::kEnding || over_[side] == Over::kDropped;
    const std::size_t room = dropped ? bytes.size() : std::min(bytes.size(), flows_[side].room());
    const ssize_t n = ::recv(socket.fd, bytes.data(), room, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
      socket.gone = true;
    } else if (n == 0) {
      socket.eof = true;
    } else if (dropped) {
      flows_[side].Drop({bytes.data(), static_cast<std::size_t>(n)});
    } else {
      flows_[side].Put({bytes.data(), static_cast<std::size_t>(n)}, now);
    }
  }
}

void ChaosRelay::Advance(TimePoint now) {
  if (state_ == State::kEnding && check_at_ && now >= *check_at_) Finish();
  if (state_ == State::kRelaying) check_at_.reset();
  for (const Side from : {kGateway, kUpstream}) {
    if (state_ == State::kRelaying) Pump(from, now);
  }
  const Socket& gateway = sockets_[kGateway];
  const Socket& upstream = sockets_[kUpstream];
  const auto has_left = [](const Socket& socket) { return socket.fd < 0 || socket.eof || socket.gone; };
  if (state_ == State::kEnding && has_left(gateway) && has_left(upstream)) Finish();
  if (state_ == State::kRelaying) {
    const auto is_done = [this](Side side) { return over_[side] != Over::kNo || flows_[side].empty(); };
    if (gateway.gone && over_[kGateway] != Over::kNo) Reset();
    // Nobody is left who could wait for a flow that stands still.
    if (gateway.eof && over_[kUpstream] == Over::kStalled) Reset();
    if (gateway.eof && over_[kGateway] == Over::kStalled) Reset();
    if (gateway.eof && over_[kGateway] == Over::kDropped) Shut(kUpstream);
    if (has_left(gateway) && has_left(upstream) && is_done(kGateway) && is_done(kUpstream)) Finish();
  }
  for (const Side side : {kGateway, kUpstream}) UpdateInterest(side);
}

void ChaosRelay::Pump(Side from, TimePoint now) {
  if (over_[from] != Over::kNo) return;
  ChaosFlow& flow = flows_[from];
  Socket& to = sockets_[Other(from)];
  while (!to.connecting && !to.blocked) {
    const std::string_view ready = flow.Ready(now);
    if (ready.empty()) break;
    const ssize_t n = ::send(to.fd, ready.data(), ready.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      to.blocked = true;
    } else if (n < 0) {
      return Reset();
    } else {
      flow.Sent(static_cast<std::size_t>(n), now);
    }
  }
  if (flow.AtEnd()) return CarryOutEnd(from, now);
  if (!flow.empty() || to.connecting) return;
  if (sockets_[from].gone) return Reset();
  if (sockets_[from].eof) Shut(Other(from));
}

void ChaosRelay::CarryOutEnd(Side from, TimePoint now) {
  // A reset throws away what the receiver's system has had no room for yet.
  if (flows_[from].plan().end == ChaosEnd::kReset && !IsDelivered(Other(from))) {
    check_at_ = now + kDeliveryCheck;
    return;
  }
  flows_[from].End();
  switch (flows_[from].plan().end) {
    case ChaosEnd::kClose:
    case ChaosEnd::kReset:
      return End(flows_[from].plan().end, now);
    case ChaosEnd::kHalfClose:
      over_[from] = Over::kDropped;
      return Shut(Other(from));
    case ChaosEnd::kStall:
      over_[from] = Over::kStalled;
      return;
    case ChaosEnd::kDrop:
      over_[from] = Over::kDropped;
      return;
  }
}

bool ChaosRelay::IsDelivered(Side side) const {
  // On loopback, what was sent is in the receiver's hands before a reset can be.
  int unsent = 0;
  return !sockets_[side].connecting && (::ioctl(sockets_[side].fd, SIOCOUTQNSD, &unsent) != 0 || unsent == 0);
}

void ChaosRelay::End(ChaosEnd end, TimePoint now) {
  if (finished()) return;
  if (end == ChaosEnd::kReset) return Reset();
  BeginEnding(now);
  for (const Side side : {kGateway, kUpstream}) UpdateInterest(side);
}

void ChaosRelay::Shut(Side side) {
  Socket& socket = sockets_[side];
  if (socket.fd < 0 || socket.shut) return;
  socket.shut = true;
  ::shutdown(socket.fd, SHUT_WR);
}

void ChaosRelay::BeginEnding(TimePoint now) {
  if (sockets_[kUpstream].connecting) return Reset();
  state_ = State::kEnding;
  check_at_ = now + kEndingMax;
  Shut(kGateway);
  Shut(kUpstream);
}

void ChaosRelay::Reset() {
  const linger at_once = {1, 0};
  for (const Socket& socket : sockets_) {
    if (socket.fd >= 0) ::setsockopt(socket.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  Finish();
}

void ChaosRelay::Finish() {
  for (Socket& socket : sockets_) {
    if (socket.fd >= 0) ::close(socket.fd);
    socket.fd = -1;
  }
  state_ = State::kFinished;
}

void ChaosRelay::UpdateInterest(Side side) {
  Socket& socket = sockets_[side];
  if (socket.fd < 0) return;
  std::uint32_t interest = 0;
  if (socket.connecting || socket.blocked) interest |= EPOLLOUT;
  if (WantsRead(side)) interest |= EPOLLIN;
  if (over_[side] == Over::kStalled && !socket.eof) interest |= EPOLLRDHUP;
  // The system tells a reset whether it is asked for or not, again and again.
  const bool watched = !socket.gone && !socket.silent;
  epoll_event event = {};
  event.events = interest;
  event.data.u64 = 2 * id_ + side;
  if (watched && !socket.watched) ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd, &event);
  if (watched && socket.watched && interest != socket.interest) {
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket.fd, &event);
  }
  if (!watched && socket.watched) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket.fd, nullptr);
  socket.watched = watched;
  socket.interest = interest;
}

std::optional<ChaosRelay::TimePoint> ChaosRelay::NextDue() const {
  std::optional<TimePoint> next = check_at_;
  if (state_ != State::kRelaying) return next;
  for (const Side from : {kGateway, kUpstream}) {
    const Socket& to = sockets_[Other(from)];
    if (over_[from] != Over::kNo || to.blocked || to.connecting) continue;
    const std::optional<TimePoint> due = flows_[from].NextDue();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

ChaosConnection ChaosRelay::Snapshot() const {
  ChaosConnection snapshot = connection_;
  snapshot.request = flows_[kGateway].count();
  snapshot.answer = flows_[kUpstream].count();
  snapshot.open = !finished();
  return snapshot;
}

}  // namespace session_gateway
