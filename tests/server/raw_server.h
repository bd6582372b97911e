// A TCP server on a free loopback port that does to each connection what a test's script says, byte by byte:
// what no HTTP library would send. Each connection has a thread of its own.
//
// Thread rule: scripts run in the server's threads; everything else belongs to the test's thread.
#pragma once

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace session_gateway {

class RawConnection {
 public:
  RawConnection(int fd, int index) : fd_(fd), index_(index) {}
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  int index() const { return index_; }  // 0 for the first that was accepted

  // False when the peer is gone.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // The next request with its body, or empty when the peer has ended.
  std::string ReadRequest() {
    for (;;) {
      const std::size_t head = input_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t end = head + 4 + BodyLength(input_.substr(0, head));
        while (input_.size() < end) {
          if (!ReadMore()) return {};
        }
        std::string request = input_.substr(0, end);
        input_.erase(0, end);
        return request;
      }
      if (!ReadMore()) return {};
    }
  }

  // At most `bytes`, for a peer that must not be read from too fast.
  bool ReadMore(std::size_t bytes = 64 * 1024) {
    std::string piece(bytes, '\0');
    const ssize_t n = ::recv(fd_, piece.data(), piece.size(), 0);
    if (n <= 0) return false;
    input_.append(piece, 0, static_cast<std::size_t>(n));
    return true;
  }

  std::size_t buffered() const { return input_.size(); }

  // What was read and not yet taken.
  std::string TakeBuffered() { return std::exchange(input_, {}); }

  // Returns once the peer has ended or reset the connection; what it still sends is dropped.
  void WaitForEnd() {
    while (ReadMore()) input_.clear();
  }

  void EndSending() {
    ::shutdown(fd_, SHUT_WR);
    ended_sending_ = true;
  }

  // Returns once the peer's system has taken all that was sent, the end of the stream included.
  void WaitUntilDelivered() {
    for (;;) {
      int unacknowledged = 0;
      ::ioctl(fd_, SIOCOUTQ, &unacknowledged);
      tcp_info info = {};
      socklen_t size = sizeof(info);
      ::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size);
      if (info.tcpi_state == TCP_CLOSE) return;  // reset: nothing is taken any more
      if (unacknowledged == 0 && (!ended_sending_ || info.tcpi_state != TCP_FIN_WAIT1)) return;
      std::this_thread::yield();
    }
  }

  // The connection ends with a reset when the script returns.
  void ResetAtEnd() {
    const linger at_once = {1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }

 private:
  static std::size_t BodyLength(const std::string& head) {
    constexpr std::string_view kName = "\r\ncontent-length: ";
    const std::size_t at = head.find(kName);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + kName.size()));
  }

  const int fd_;
  const int index_;
  bool ended_sending_ = false;
  std::string input_;
};

// A free loopback port that is taken and refuses connections, until a RawServer listens on it.
class RawPort {
 public:
  RawPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    socklen_t size = sizeof(address);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    number_ = ntohs(address.sin_port);
  }
  ~RawPort() {
    if (fd_ >= 0) ::close(fd_);
  }
  RawPort(RawPort&& other) noexcept : fd_(std::exchange(other.fd_, -1)), number_(other.number_) {}
  RawPort& operator=(RawPort&&) = delete;

  int fd() const { return fd_; }
  std::uint16_t number() const { return number_; }

 private:
  int fd_;
  std::uint16_t number_ = 0;
};

class RawServer {
 public:
  using Script = std::function<void(RawConnection&)>;

  explicit RawServer(Script script, RawPort port = RawPort())
      : script_(std::move(script)), port_(std::move(port)) {
    ::listen(port_.fd(), 256);
    acceptor_ = std::thread([this] { Accept(); });
  }

  ~RawServer() {
    ::shutdown(port_.fd(), SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_.number(); }
  int accepted() const { return accepted_; }
  int ended() const { return ended_; }  // scripts that have returned

 private:
  void Accept() {
    for (;;) {
      const int fd = ::accept4(port_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int index = accepted_++;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd, index] { Serve(fd, index); });
    }
  }

  void Serve(int fd, int index) {
    {
      RawConnection connection(fd, index);
      script_(connection);
    }
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
    ++ended_;
  }

  const Script script_;
  const RawPort port_;
  std::atomic<int> accepted_ = 0;
  std::atomic<int> ended_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;  // grown by the acceptor alone, until it was joined
  std::thread acceptor_;
};

}  // namespace session_gateway
