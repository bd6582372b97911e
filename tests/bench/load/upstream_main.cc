// Both REST APIs as fast as they can be had: each POST is read to its end and answered with one fixed body,
// at once or after a delay.
//
//   bench-upstream --symphony FILE --qlik FILE [--cert FILE --key FILE --ca FILE]   prints `port N`
//
//   GET /bench/delay/200     each answer from now on comes after so many milliseconds
//   GET /bench/last          the last POST, head and body
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <unordered_map>

#include "tests/bench/load/byte_stream.h"
#include "tests/bench/load/meter.h"
#include "tests/bench/load/request_reader.h"

namespace session_gateway::bench {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr int kWaitMs = 1000;
constexpr std::string_view kDelay = "/bench/delay/";

std::string Answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string ReadFile(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  if (!in) Fail(name + " cannot be read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Peer {
  std::unique_ptr<ByteStream> stream;
  RequestReader reader;
  Outbox outbox;
  bool sends = false;
};

class Server {
 public:
  Server(int listener, SslContext context, const std::string& symphony, const std::string& qlik)
      : poll_(epoll_create1(EPOLL_CLOEXEC)),
        listener_(listener),
        context_(std::move(context)),
        symphony_(Answer("200 OK", symphony)),
        qlik_(Answer("201 Created", qlik)) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = 0;
    epoll_ctl(poll_, EPOLL_CTL_ADD, listener_, &event);
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), WaitMs());
      for (int i = 0; i < count; ++i) {
        const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
        if (id == 0) {
          Accept();
        } else {
          OnReady(id);
        }
      }
      SendDue();
    }
  }

 private:
  struct Due {
    Clock::time_point at;
    std::uint64_t peer;
    const std::string* answer;
  };

  int WaitMs() const {
    if (due_.empty()) return kWaitMs;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_.front().at - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
  }

  void Accept() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::uint64_t id = ++last_id_;
      peers_[id].stream = std::make_unique<ByteStream>(fd, context_.get(), ByteStream::Side::kServer);
      epoll_event event = {};
      event.events = EPOLLIN;
      event.data.u64 = id;
      epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void OnReady(std::uint64_t id) {
    Peer& peer = peers_.at(id);
    std::array<char, kReceiveBytes> buffer;
    for (;;) {
      const ssize_t got = peer.stream->Receive(buffer.data(), buffer.size());
      if (got == ByteStream::kClosed) {
        peers_.erase(id);
        return;
      }
      if (got == ByteStream::kBlocked) break;
      peer.reader.Append(buffer.data(), static_cast<std::size_t>(got));
      while (std::optional<ReadRequest> request = peer.reader.Next())
        OnRequest(id, peer, std::move(*request));
    }
    Flush(id, peer);
  }

  void OnRequest(std::uint64_t id, Peer& peer, ReadRequest request) {
    const std::string_view target = TargetOf(request);
    if (target.starts_with("/bench/")) {
      const std::string answer = Control(target);
      peer.outbox.Append(answer.data(), answer.size());
      return;
    }
    const std::string& answer = target.starts_with("/qrs/") ? qlik_ : symphony_;
    if (delay_ == Clock::duration::zero()) {
      peer.outbox.Append(answer.data(), answer.size());
    } else {
      due_.push_back({Clock::now() + delay_, id, &answer});
    }
    last_ = std::move(request);
  }

  std::string Control(std::string_view target) {
    if (target == "/bench/last") return Answer("200 OK", last_.head + last_.body);
    if (!target.starts_with(kDelay)) return Answer("404 Not Found", "");
    int milliseconds = 0;
    std::from_chars(target.data() + kDelay.size(), target.data() + target.size(), milliseconds);
    delay_ = std::chrono::milliseconds(milliseconds);
    return Answer("200 OK", "");
  }

  void SendDue() {
    const Clock::time_point now = Clock::now();
    for (; !due_.empty() && due_.front().at <= now; due_.pop_front()) {
      const auto peer = peers_.find(due_.front().peer);
      if (peer == peers_.end()) continue;
      peer->second.outbox.Append(due_.front().answer->data(), due_.front().answer->size());
      Flush(peer->first, peer->second);
    }
  }

  void Flush(std::uint64_t id, Peer& peer) {
    if (!peer.outbox.Flush(*peer.stream)) {
      peers_.erase(id);
      return;
    }
    const bool sends = !peer.outbox.empty();
    if (sends == peer.sends) return;
    peer.sends = sends;
    epoll_event event = {};
    event.events = sends ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = id;
    epoll_ctl(poll_, EPOLL_CTL_MOD, peer.stream->socket(), &event);
  }

  const int poll_;
  const int listener_;
  const SslContext context_;
  const std::string symphony_;
  const std::string qlik_;
  Clock::duration delay_ = Clock::duration::zero();
  std::deque<Due> due_;
  ReadRequest last_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, Peer> peers_;
};

int Main(int argc, char** argv) {
  std::string symphony;
  std::string qlik;
  std::string cert;
  std::string key;
  std::string ca;
  CLI::App app("The upstreams of the bench");
  app.add_option("--symphony", symphony, "body of its answers")->required();
  app.add_option("--qlik", qlik, "body of its answers")->required();
  app.add_option("--cert", cert, "turns TLS on");
  app.add_option("--key", key);
  app.add_option("--ca", ca, "of callers' certificates, which are then asked for");
  CLI11_PARSE(app, argc, argv);
  std::uint16_t port = 0;
  const int listener = ListenOnLoopback(port);
  SslContext context = cert.empty() ? nullptr : ServerContext(cert, key, ca);
  Server server(listener, std::move(context), ReadFile(symphony), ReadFile(qlik));
  std::printf("port %d\n", port);
  std::fflush(stdout);
  server.Run();
}

}  // namespace
}  // namespace session_gateway::bench

int main(int argc, char** argv) { return session_gateway::bench::Main(argc, argv); }
