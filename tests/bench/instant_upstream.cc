#include "tests/bench/instant_upstream.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cstdlib>

namespace session_gateway {
namespace {

constexpr int kEventsMax = 128;

void Watch(int epoll, int fd) {
  epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// The bytes of the whole request that `input` begins with; 0: it is not whole.
std::size_t WholeRequest(std::string_view input) {
  constexpr std::string_view kLength = "\r\ncontent-length: ";
  const std::size_t head_end = input.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  const std::string_view head = input.substr(0, head_end + 2);
  const std::size_t length = head.find(kLength);
  const std::size_t body = length == std::string_view::npos
                               ? 0
                               : std::strtoull(head.data() + length + kLength.size(), nullptr, 10);
  const std::size_t size = head_end + 4 + body;
  return size <= input.size() ? size : 0;
}

}  // namespace

InstantUpstream::InstantUpstream(int status, const std::string& body)
    : answer_("HTTP/1.1 " + std::to_string(status) +
              " Made\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  ::listen(port_.fd(), 1024);
  Watch(epoll_, port_.fd());
  Watch(epoll_, stop_);
  thread_ = std::thread([this] { Serve(); });
}

InstantUpstream::~InstantUpstream() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  for (const auto& [fd, input] : inputs_) ::close(fd);
  ::close(stop_);
  ::close(epoll_);
}

void InstantUpstream::Serve() {
  std::array<epoll_event, kEventsMax> events = {};
  for (;;) {
    const int count = ::epoll_wait(epoll_, events.data(), kEventsMax, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == stop_) return;
      if (fd == port_.fd()) {
        Accept();
      } else {
        Read(fd);
      }
    }
  }
}

void InstantUpstream::Accept() {
  const int fd = ::accept4(port_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  inputs_[fd];
  Watch(epoll_, fd);
}

void InstantUpstream::Read(int fd) {
  std::array<char, 64 * 1024> piece;
  std::string& input = inputs_[fd];
  const ssize_t size = ::recv(fd, piece.data(), piece.size(), MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size > 0) input.append(piece.data(), static_cast<std::size_t>(size));
  if (size > 0 && AnswerAll(fd, input)) return;
  inputs_.erase(fd);
  ::close(fd);
}

bool InstantUpstream::AnswerAll(int fd, std::string& input) const {
  for (std::size_t size = WholeRequest(input); size > 0; size = WholeRequest(input)) {
    input.erase(0, size);
    std::string_view rest = answer_;
    while (!rest.empty()) {
      const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  return true;
}

}  // namespace session_gateway
