// Keeps a fixed number of calls under way for a while, looks at every answer, and prints what it came to as
// JSON.
//
//   bench-load [--http] --port N --target PATH --request FILE --in-flight N --seconds S …
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <vector>

#include "tests/bench/load/connection.h"

namespace session_gateway::bench {
namespace {

constexpr auto kDrain = std::chrono::seconds(10);  // for the calls that are still under way at the end

struct Flags {
  bool http = false;
  std::uint16_t port = 0;
  std::string request_file;
  std::string reply_file;
  std::string reply_out;
  std::string ca_file;
  int in_flight = 1;
  int connections = 1;
  int idle = 0;  // connections beside those, that never carry a call
  double seconds = 2;
  double warm_up = 0.5;
  CallOptions call;
  MeterOptions meter;
};

std::string ReadFile(const std::string& name) {
  if (name.empty()) return "";
  std::ifstream in(name, std::ios::binary);
  if (!in) Fail(name + " cannot be read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// Eight digits.
std::string RandomHex() {
  std::array<char, 9> text = {};
  std::snprintf(text.data(), text.size(), "%08x", std::random_device()());
  return text.data();
}

// As many descriptors as there may be, for idle connections take one each.
void RaiseDescriptors() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void Define(CLI::App& app, Flags& flags) {
  app.add_flag("--http", flags.http, "HTTP/1.1, one call a connection; else gRPC");
  app.add_option("--port", flags.port)->required();
  app.add_option("--target", flags.call.target)->required();
  app.add_option("--method", flags.call.method)->default_val("POST");
  app.add_option("--status", flags.call.status)->default_val("200");
  app.add_option("--request", flags.request_file);
  app.add_option("--reply", flags.reply_file, "what every reply must be");
  app.add_option("--reply-out", flags.reply_out, "where the first reply goes");
  app.add_option("--ca", flags.ca_file, "turns TLS on");
  app.add_option("--in-flight", flags.in_flight);
  app.add_option("--connections", flags.connections);
  app.add_option("--idle", flags.idle);
  app.add_option("--seconds", flags.seconds);
  app.add_option("--warm-up", flags.warm_up);
  app.add_option("--calls", flags.meter.calls_max);
  app.add_option("--gateway-pid", flags.meter.gateway);
  app.add_option("--known-pid", flags.meter.known);
  app.add_flag("--unique-id", flags.call.unique_id, "a request_id of its own for each call");
}

class Loop {
 public:
  Loop(const Flags& flags, Meter& meter)
      : meter_(meter), poll_(epoll_create1(EPOLL_CLOEXEC)), options_(flags.call) {
    book_.id_prefix = RandomHex();
    if (!flags.ca_file.empty()) context_ = ClientContext(flags.ca_file, flags.http ? "http/1.1" : "h2");
    const int count = flags.http ? flags.in_flight : std::min(flags.connections, flags.in_flight);
    for (int i = 0; i < count + flags.idle; ++i) {
      const int share = i < count ? flags.in_flight / count + (i < flags.in_flight % count ? 1 : 0) : 0;
      Add(flags, share);
    }
  }
  ~Loop() { close(poll_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Run() {
    meter_.Begin(Clock::now());
    for (const auto& connection : connections_) {
      if (connection) connection->Start();
    }
    Clock::time_point end = Clock::time_point::max();
    while (alive_ > 0) {
      HandleEvents();
      const Clock::time_point now = Clock::now();
      meter_.Advance(now);
      if (!meter_.over()) continue;
      if (end == Clock::time_point::max()) end = now + kDrain;
      if (now >= end || InFlight() == 0) break;
    }
    if (!meter_.over()) meter_.End(Clock::now());  // without a connection there is nothing to wait for
    for (int i = InFlight(); i > 0; --i) meter_.Count({}, {}, "no answer");
  }

  const CallBook& book() const { return book_; }

 private:
  void Add(const Flags& flags, int share) {
    auto stream =
        std::make_unique<ByteStream>(ConnectTo(flags.port), context_.get(), ByteStream::Side::kClient);
    connections_.push_back(flags.http
                               ? MakeHttpConnection(std::move(stream), options_, meter_, book_)
                               : MakeGrpcConnection(std::move(stream), options_, share, meter_, book_));
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = connections_.size() - 1;
    epoll_ctl(poll_, EPOLL_CTL_ADD, connections_.back()->socket(), &event);
    sends_.push_back(false);
    ++alive_;
  }

  void HandleEvents() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 10);
    for (int i = 0; i < count; ++i) {
      const std::size_t at = events[static_cast<std::size_t>(i)].data.u64;
      if (connections_[at]->OnReady()) {
        Watch(at);
      } else {
        connections_[at].reset();
        --alive_;
      }
    }
  }

  void Watch(std::size_t at) {
    const bool sends = connections_[at]->wants_to_send();
    if (sends == sends_[at]) return;
    sends_[at] = sends;
    epoll_event event = {};
    event.events = sends ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = at;
    epoll_ctl(poll_, EPOLL_CTL_MOD, connections_[at]->socket(), &event);
  }

  int InFlight() const {
    int sum = 0;
    for (const auto& connection : connections_) sum += connection ? connection->in_flight() : 0;
    return sum;
  }

  Meter& meter_;
  const int poll_;
  const CallOptions& options_;
  SslContext context_;
  CallBook book_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<bool> sends_;
  int alive_ = 0;
};

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Load with every answer looked at");
  Define(app, flags);
  CLI11_PARSE(app, argc, argv);
  flags.call.request = ReadFile(flags.request_file);
  flags.call.reply = ReadFile(flags.reply_file);
  flags.call.tls = !flags.ca_file.empty();
  flags.meter.warm_up = Seconds(flags.warm_up);
  flags.meter.window = Seconds(flags.seconds);
  RaiseDescriptors();
  Meter meter(flags.meter);
  Loop loop(flags, meter);
  loop.Run();
  if (!flags.reply_out.empty()) {
    std::ofstream(flags.reply_out, std::ios::binary) << loop.book().first_reply;
  }
  std::puts(meter.Report().c_str());
  return 0;
}

}  // namespace
}  // namespace session_gateway::bench

int main(int argc, char** argv) { return session_gateway::bench::Main(argc, argv); }
