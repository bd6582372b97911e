#include "tests/steps/upstream_steps.h"

#include <dlfcn.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <map>
#include <mutex>
#include <optional>

namespace session_gateway {
namespace {

using enum StepCall;

constexpr std::string_view kCreate = "POST /";
constexpr std::string_view kNoCreate = "GET /";

// What is known of one socket.
struct Socket {
  bool creates = false;  // the request that is being written creates
  int epoll = -1;
  epoll_event interest = {};
};

class Steps {
 public:
  void Watch(pthread_t thread) {
    thread_ = thread;
    watched_ = true;
  }
  bool IsLoop() const { return watched_ && pthread_equal(thread_, pthread_self()) != 0; }

  void Begin(const StepFault* fault, int number) {
    const std::lock_guard lock(mutex_);
    noting_ = true;
    fault_ = fault == nullptr ? std::nullopt : std::optional(*fault);
    left_ = number;
    report_ = {};
  }

  StepReport End() {
    const std::lock_guard lock(mutex_);
    noting_ = false;
    return std::move(report_);
  }

  std::size_t open() const {
    const std::lock_guard lock(mutex_);
    return sockets_.size();
  }

  // What this step meets; null: nothing.
  std::optional<StepFault> Meet(StepCall call) {
    const std::lock_guard lock(mutex_);
    if (!noting_) return std::nullopt;
    report_.all.push_back(call);
    if (!fault_ || std::find(fault_->calls.begin(), fault_->calls.end(), call) == fault_->calls.end()) {
      return std::nullopt;
    }
    if (--left_ != 0) return std::nullopt;
    report_.met = true;
    report_.step = std::string(StepCallName(call)) + ", step " + std::to_string(report_.all.size());
    return fault_;
  }

  bool Knows(int fd) const {
    const std::lock_guard lock(mutex_);
    return sockets_.contains(fd);
  }
  void Opened(int fd) {
    const std::lock_guard lock(mutex_);
    sockets_[fd] = {};
  }
  void Closed(int fd) {
    const std::lock_guard lock(mutex_);
    sockets_.erase(fd);
  }

  void Interested(int fd, int epoll, const epoll_event& interest) {
    const std::lock_guard lock(mutex_);
    sockets_[fd].epoll = epoll;
    sockets_[fd].interest = interest;
  }
  // An edge that was reported once is not reported again, but a system that says EAGAIN, or does less than it
  // was asked for, owes another one.
  void OweEdge(int fd);

  void WritesText(int fd, std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (text.starts_with(kCreate)) sockets_[fd].creates = true;
    if (text.starts_with(kNoCreate)) sockets_[fd].creates = false;
  }
  void Taken(int fd, ssize_t bytes) {
    const std::lock_guard lock(mutex_);
    const bool creates = in_tls_write_ ? tls_creates_ : sockets_[fd].creates;
    if (bytes > 0 && creates) report_.create_bytes += static_cast<std::size_t>(bytes);
  }

  // Text that is encrypted while this lasts. One connection at a time.
  void BeginTlsWrite(std::string_view text) {
    const std::lock_guard lock(mutex_);
    in_tls_write_ = true;
    if (text.starts_with(kCreate)) tls_creates_ = true;
    if (text.starts_with(kNoCreate)) tls_creates_ = false;
  }
  void EndTlsWrite() {
    const std::lock_guard lock(mutex_);
    in_tls_write_ = false;
  }

 private:
  std::atomic<pthread_t> thread_ = {};
  std::atomic<bool> watched_ = false;
  mutable std::mutex mutex_;
  // All below is guarded by mutex_.
  std::map<int, Socket> sockets_;
  bool noting_ = false;
  std::optional<StepFault> fault_;
  int left_ = 0;
  StepReport report_;
  bool in_tls_write_ = false;
  bool tls_creates_ = false;
};

// A call of the C library has no argument for it.
Steps& TheSteps() {
  static Steps* const steps = new Steps;
  return *steps;
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

void Steps::OweEdge(int fd) {
  static auto* const real = Real<int(int, int, int, epoll_event*)>("epoll_ctl");
  const std::lock_guard lock(mutex_);
  Socket& socket = sockets_[fd];
  if (socket.epoll >= 0) real(socket.epoll, EPOLL_CTL_MOD, fd, &socket.interest);
}

// The steps that a call of either direction has in common. `real` moves at most so many bytes.
template <typename Move>
ssize_t Transfer(StepCall call, int fd, Move real) {
  constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  Steps& steps = TheSteps();
  if (!steps.Knows(fd)) return real(kAll);
  const std::optional<StepFault> fault = steps.Meet(call);
  if (!fault) return real(kAll);
  if (fault->effect == StepEffect::kShort) {
    const ssize_t moved = real(1);
    steps.OweEdge(fd);
    return moved;
  }
  if (fault->effect == StepEffect::kEnd) return 0;
  if (fault->value == EAGAIN) steps.OweEdge(fd);
  // A connection that is lost in one direction is lost in both.
  const bool is_lost = fault->value == ECONNRESET || fault->value == EPIPE || fault->value == ETIMEDOUT;
  if (is_lost) ::shutdown(fd, SHUT_RDWR);
  errno = fault->value;
  return -1;
}

// A message of at most so many bytes, which are all of it or one.
class ShortMessage {
 public:
  ShortMessage(const msghdr& whole, std::size_t bytes) : message_(whole) {
    if (bytes != 1) return;
    const auto first = std::find_if(whole.msg_iov, whole.msg_iov + whole.msg_iovlen,
                                    [](const iovec& part) { return part.iov_len > 0; });
    if (first == whole.msg_iov + whole.msg_iovlen) return;
    part_ = {first->iov_base, 1};
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
  }
  msghdr* get() { return &message_; }

 private:
  msghdr message_;
  iovec part_ = {};
};

}  // namespace

std::string_view StepCallName(StepCall call) {
  constexpr std::array<std::string_view, 10> kNames = {"getaddrinfo", "socket", "connect",   "getsockopt",
                                                       "setsockopt",  "ioctl",  "epoll_ctl", "send",
                                                       "recv",        "close"};
  return kNames.at(static_cast<std::size_t>(call));
}

const std::vector<StepFault>& StepFaults() {
  using enum StepEffect;
  static const std::vector<StepFault> kFaults = {
      {"ECONNRESET", kError, ECONNRESET, {kConnect, kSend, kRecv}},
      {"EPIPE", kError, EPIPE, {kSend}},
      {"ETIMEDOUT", kError, ETIMEDOUT, {kConnect, kSend, kRecv}},
      {"ENOBUFS", kError, ENOBUFS, {kSocket, kConnect, kSetsockopt, kIoctl, kSend, kRecv}},
      {"ENOMEM", kError, ENOMEM, {kSocket, kConnect, kGetsockopt, kSetsockopt, kEpollCtl, kSend, kRecv}},
      {"EMFILE", kError, EMFILE, {kSocket}},
      {"ENOSPC", kError, ENOSPC, {kEpollCtl}},
      {"ECONNREFUSED", kError, ECONNREFUSED, {kConnect}},
      {"EADDRNOTAVAIL", kError, EADDRNOTAVAIL, {kConnect}},
      {"EAGAIN once", kError, EAGAIN, {kConnect, kSend, kRecv}},
      {"EINTR", kError, EINTR, {kConnect, kIoctl, kSend, kRecv, kClose}},
      {"EIO", kError, EIO, {kIoctl, kClose}},
      {"ECONNREFUSED told later", kSocketError, ECONNREFUSED, {kGetsockopt}},
      {"ETIMEDOUT told later", kSocketError, ETIMEDOUT, {kGetsockopt}},
      {"a short write", kShort, 0, {kSend}},
      {"a short read", kShort, 0, {kRecv}},
      {"the end of the stream", kEnd, 0, {kRecv}},
      {"EAI_AGAIN", kError, EAI_AGAIN, {kGetaddrinfo}},
      {"EAI_FAIL", kError, EAI_FAIL, {kGetaddrinfo}},
      {"EAI_NONAME", kError, EAI_NONAME, {kGetaddrinfo}},
      {"EAI_MEMORY", kError, EAI_MEMORY, {kGetaddrinfo}},
  };
  return kFaults;
}

void WatchSteps(pthread_t loop_thread) { TheSteps().Watch(loop_thread); }
void BeginSteps() { TheSteps().Begin(nullptr, 0); }
void BeginSteps(const StepFault& fault, int number) { TheSteps().Begin(&fault, number); }
StepReport EndSteps() { return TheSteps().End(); }
std::size_t OpenUpstreamSockets() { return TheSteps().open(); }

}  // namespace session_gateway

// The calls themselves.
extern "C" {

using session_gateway::Real;
using session_gateway::ShortMessage;
using session_gateway::StepEffect;
using session_gateway::TheSteps;
using session_gateway::Transfer;
using enum session_gateway::StepCall;

int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  static auto* const real = Real<int(const char*, const char*, const addrinfo*, addrinfo**)>("getaddrinfo");
  // On a thread of the resolver's; nobody else in the program looks names up.
  const bool is_name = hints == nullptr || (hints->ai_flags & AI_NUMERICHOST) == 0;
  if (is_name) {
    if (const auto fault = TheSteps().Meet(kGetaddrinfo)) return fault->value;
  }
  return real(host, service, hints, found);
}

int socket(int domain, int type, int protocol) noexcept {
  static auto* const real = Real<int(int, int, int)>("socket");
  constexpr int kFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  const bool is_step = TheSteps().IsLoop() && (type & ~kFlags) == SOCK_STREAM && domain != AF_UNIX;
  if (!is_step) return real(domain, type, protocol);
  if (const auto fault = TheSteps().Meet(kSocket)) {
    errno = fault->value;
    return -1;
  }
  const int fd = real(domain, type, protocol);
  if (fd >= 0) TheSteps().Opened(fd);
  return fd;
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  static auto* const real = Real<int(int, const sockaddr*, socklen_t)>("connect");
  if (TheSteps().Knows(fd)) {
    if (const auto fault = TheSteps().Meet(kConnect)) {
      errno = fault->value;
      return -1;
    }
  }
  return real(fd, address, size);
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* size) noexcept {
  static auto* const real = Real<int(int, int, int, void*, socklen_t*)>("getsockopt");
  if (level == SOL_SOCKET && name == SO_ERROR && TheSteps().Knows(fd)) {
    if (const auto fault = TheSteps().Meet(kGetsockopt)) {
      if (fault->effect == StepEffect::kSocketError) {
        *static_cast<int*>(value) = fault->value;
        return 0;
      }
      errno = fault->value;
      return -1;
    }
  }
  return real(fd, level, name, value, size);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) noexcept {
  static auto* const real = Real<int(int, int, int, const void*, socklen_t)>("setsockopt");
  if (TheSteps().Knows(fd)) {
    if (const auto fault = TheSteps().Meet(kSetsockopt)) {
      errno = fault->value;
      return -1;
    }
  }
  return real(fd, level, name, value, size);
}

int ioctl(int fd, unsigned long request, ...) noexcept {
  static auto* const real = Real<int(int, unsigned long, ...)>("ioctl");
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (TheSteps().Knows(fd)) {
    if (const auto fault = TheSteps().Meet(kIoctl)) {
      errno = fault->value;
      return -1;
    }
  }
  return real(fd, request, argument);
}

int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  static auto* const real = Real<int(int, int, int, epoll_event*)>("epoll_ctl");
  if (!TheSteps().Knows(fd)) return real(epoll, operation, fd, event);
  // The system has no other operation of them fail: only this one needs memory.
  const auto fault = operation == EPOLL_CTL_ADD ? TheSteps().Meet(kEpollCtl) : std::nullopt;
  if (fault) {
    errno = fault->value;
    return -1;
  }
  if (operation != EPOLL_CTL_DEL) TheSteps().Interested(fd, epoll, *event);
  return real(epoll, operation, fd, event);
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static auto* const real = Real<ssize_t(int, const void*, size_t, int)>("send");
  return Transfer(kSend, fd, [&](std::size_t most) {
    const ssize_t taken = real(fd, bytes, std::min(size, most), flags);
    if (TheSteps().Knows(fd)) {
      TheSteps().WritesText(fd, {static_cast<const char*>(bytes), size});
      TheSteps().Taken(fd, taken);
    }
    return taken;
  });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const real = Real<ssize_t(int, const msghdr*, int)>("sendmsg");
  return Transfer(kSend, fd, [&](std::size_t most) {
    const ssize_t taken = real(fd, ShortMessage(*message, most).get(), flags);
    if (TheSteps().Knows(fd) && message->msg_iovlen > 0) {
      const iovec& part = message->msg_iov[0];
      TheSteps().WritesText(fd, {static_cast<const char*>(part.iov_base), part.iov_len});
      TheSteps().Taken(fd, taken);
    }
    return taken;
  });
}

ssize_t recv(int fd, void* bytes, size_t size, int flags) {
  static auto* const real = Real<ssize_t(int, void*, size_t, int)>("recv");
  return Transfer(kRecv, fd, [&](std::size_t most) { return real(fd, bytes, std::min(size, most), flags); });
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static auto* const real = Real<ssize_t(int, msghdr*, int)>("recvmsg");
  return Transfer(kRecv, fd, [&](std::size_t most) {
    if (most != 1) return real(fd, message, flags);
    return real(fd, ShortMessage(*message, most).get(), flags);
  });
}

int close(int fd) {
  static auto* const real = Real<int(int)>("close");
  if (!TheSteps().Knows(fd)) return real(fd);
  const auto fault = TheSteps().Meet(kClose);
  // Before the number can be given to another.
  TheSteps().Closed(fd);
  const int result = real(fd);
  if (!fault) return result;
  errno = fault->value;
  return -1;
}

// In these programs whoever is a client of TLS is the gateway.
int SSL_write_ex(SSL* ssl, const void* bytes, size_t size, size_t* written) {
  static auto* const real = Real<int(SSL*, const void*, size_t, size_t*)>("SSL_write_ex");
  if (SSL_is_server(ssl) != 0) return real(ssl, bytes, size, written);
  TheSteps().BeginTlsWrite({static_cast<const char*>(bytes), size});
  const int result = real(ssl, bytes, size, written);
  TheSteps().EndTlsWrite();
  return result;
}

}  // extern "C"
