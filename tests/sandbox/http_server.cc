#include "tests/sandbox/http_server.h"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>

namespace session_gateway::sandbox {
namespace {

constexpr std::size_t kThreadsMax = 1024;  // connections served at once; further ones wait
constexpr int kBacklog = 1024;
constexpr std::size_t kBodyMax = 16 << 20;
constexpr int kIdleMilliseconds = 120'000;
constexpr time_t kReadSeconds = 30;
constexpr time_t kWriteSeconds = 10;
constexpr std::size_t kTlsProblemsMax = 64;
constexpr std::size_t kTlsSerialsMax = 64;

// A thread per connection, made when there is no idle one: the packaged pool has a fixed size, and a
// keep-alive connection holds its thread, so that a small pool stalls and a large one is paid for at each
// start.
class ConnectionThreads : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> job) override {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (idle_ < jobs_.size() && threads_.size() < kThreadsMax) {
      threads_.emplace_back([this] { Work(); });
    } else {
      ready_.notify_one();
    }
  }

  void shutdown() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    ready_.notify_all();
    // Only the accepting thread adds threads, and it is the one that runs this.
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      ready_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      --idle_;
      if (jobs_.empty()) return;
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;  // accepted sockets: bounded by the process's open files
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ending_ = false;
};

// Header lines in their order: the library sorts them.
Headers ParseHeaders(std::string_view head) {
  Headers headers;
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos) {
    const std::size_t begin = line + 2;
    line = head.find("\r\n", begin);
    if (line == std::string_view::npos || line == begin) break;
    const std::string_view text = head.substr(begin, line - begin);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = text.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    headers.emplace_back(text.substr(0, colon), value);
  }
  return headers;
}

// One client's connection: feeds the library from a buffer, keeps what it read and holds what it writes.
class Connection : public httplib::Stream {
 public:
  Connection(socket_t socket, TlsContext tls) : socket_(socket), channel_(socket, std::move(tls)) {}

  int number = 0;
  std::uint64_t requests = 0;
  Headers headers;  // of the running request
  std::optional<Delivery> delivery;

  bool is_tls() const { return channel_.is_tls(); }
  Channel::Handshake Accept() { return channel_.Accept(); }
  void DrainAndEnd() { channel_.DrainAndEnd(); }

  void BeginRequest() {
    head_.clear();
    head_done_ = false;
    output_.clear();
    delivery.reset();
  }

  void EndHead() {
    head_done_ = true;
    headers = ParseHeaders(head_);
  }

  // False: idle for too long, or stopped.
  bool WaitForRequest() {
    if (position_ < input_size_) return true;
    return channel_.WaitForBytes(kIdleMilliseconds) && Fill();
  }

  // False: the connection is over.
  bool Deliver() {
    if (!delivery) {  // the library itself refused bytes that are not a request
      channel_.SendAll(output_);
      channel_.DrainAndEnd();
      return false;
    }
    const std::string& bytes = delivery->raw ? *delivery->raw : output_;
    const std::size_t end = std::min(delivery->end_after, bytes.size());
    const std::size_t first = delivery->pause.count() > 0 ? std::min(delivery->pause_after, end) : end;
    const std::string_view text(bytes);
    if (!channel_.SendAll(text.substr(0, first))) return false;
    // Ends early when the client leaves or the server stops.
    if (delivery->pause.count() > 0) channel_.WaitForEnd(static_cast<int>(delivery->pause.count()));
    if (!channel_.SendAll(text.substr(first, end - first))) return false;
    if (delivery->ending == Ending::kClose) channel_.DrainAndEnd();
    if (delivery->ending == Ending::kReset) channel_.PrepareReset();
    return delivery->ending == Ending::kKeepAlive;
  }

  void ShutDown() { channel_.ShutDown(); }

  bool is_readable() const override { return position_ < input_size_; }
  bool is_writable() const override { return true; }
  socket_t socket() const override { return socket_; }

  ssize_t read(char* out, std::size_t size) override {
    if (position_ == input_size_ && !(channel_.WaitForBytes(kReadSeconds * 1000) && Fill())) return -1;
    const std::size_t taken = std::min(size, input_size_ - position_);
    std::copy_n(input_.data() + position_, taken, out);
    if (!head_done_) head_.append(out, taken);
    position_ += taken;
    return static_cast<ssize_t>(taken);
  }

  ssize_t write(const char* data, std::size_t size) override {
    output_.append(data, size);
    return static_cast<ssize_t>(size);
  }

  // The library copies this into the request, which is how the handler finds its connection.
  void get_remote_ip_and_port(std::string&, int& port) const override { port = number; }
  void get_local_ip_and_port(std::string&, int&) const override {}

 private:
  bool Fill() {
    position_ = 0;
    input_size_ = channel_.Receive(input_.data(), input_.size());
    return input_size_ > 0;
  }

  const socket_t socket_;
  Channel channel_;
  std::array<char, 16384> input_;
  std::size_t input_size_ = 0;
  std::size_t position_ = 0;
  std::string head_;
  bool head_done_ = false;
  std::string output_;
};

}  // namespace

class HttpServer::Engine : public httplib::Server {
 public:
  explicit Engine(HttpServer::Handler handler) : handler_(std::move(handler)) {
    const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
      Serve(request, response);
    };
    // Not `.`, which leaves line breaks out.
    constexpr char kEveryPath[] = "[\\s\\S]*";
    Get(kEveryPath, serve);
    Post(kEveryPath, serve);
    Put(kEveryPath, serve);
    Patch(kEveryPath, serve);
    Delete(kEveryPath, serve);
    Options(kEveryPath, serve);
    set_tcp_nodelay(true);
    set_payload_max_length(kBodyMax);
    set_read_timeout(kReadSeconds);
    set_write_timeout(kWriteSeconds);
    set_keep_alive_max_count(1'000'000);
    set_keep_alive_timeout(kIdleMilliseconds / 1000);
    // Without SO_REUSEPORT, with which a second server would take half of the connections in silence.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
  }

  bool Start(const std::string& host, int port) {
    port_ = port == 0 ? bind_to_any_port(host) : (bind_to_port(host, port) ? port : -1);
    if (port_ <= 0) return false;
    // The library's own backlog of 5 drops connections that arrive together; a repeated listen only widens
    // it.
    ::listen(svr_sock_, kBacklog);
    // Shared: the one who waits may leave before the one who tells has returned.
    const auto accepting = std::make_shared<std::promise<void>>();
    new_task_queue = [accepting] {
      auto* threads = new ConnectionThreads;  // the library owns it
      accepting->set_value();
      return threads;
    };
    listener_ = std::thread([this] { listen_after_bind(); });
    accepting->get_future().wait();
    return true;
  }

  void Stop() {
    if (!listener_.joinable()) return;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const auto& [number, connection] : connections_) connection->ShutDown();
    }
    // Wakes the accepting thread, which then closes the socket itself.
    ::shutdown(svr_sock_, SHUT_RDWR);
    listener_.join();
  }

  int port() const { return port_; }

  void SetTls(TlsContext tls) {
    std::lock_guard lock(mutex_);
    tls_ = std::move(tls);
  }

  TlsCounts tls_counts() const {
    std::lock_guard lock(mutex_);
    return tls_counts_;
  }

  void ForgetTlsCounts() {
    std::lock_guard lock(mutex_);
    tls_counts_ = {};
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    Connection connection(socket, CurrentTls());
    if (Enter(connection)) {
      bool open = Secure(connection);
      while (open && connection.WaitForRequest()) {
        connection.BeginRequest();
        bool closed = false;
        const bool read =
            process_request(connection, false, closed, [&connection](httplib::Request& request) {
              connection.EndHead();
              Simplify(request);
            });
        open = connection.Deliver() && read && !closed;
      }
      std::lock_guard lock(mutex_);
      connections_.erase(connection.number);
    }
    ::close(socket);
    return true;
  }

  TlsContext CurrentTls() {
    std::lock_guard lock(mutex_);
    return tls_;
  }

  // False: the handshake failed.
  bool Secure(Connection& connection) {
    if (!connection.is_tls()) return true;
    const Channel::Handshake handshake = connection.Accept();
    Count(handshake);
    if (handshake.problem.empty()) return true;
    // The alert must arrive, also where the client has sent its request already.
    connection.DrainAndEnd();
    return false;
  }

  void Count(const Channel::Handshake& handshake) {
    std::lock_guard lock(mutex_);
    if (handshake.problem.empty()) {
      ++tls_counts_.handshakes;
      if (handshake.resumed) {
        ++tls_counts_.resumed;
        return;
      }
      std::vector<SandboxTlsSerials>& serials = tls_counts_.serials;
      if (serials.empty() || serials.back() != handshake.serials) serials.push_back(handshake.serials);
      if (serials.size() > kTlsSerialsMax) serials.erase(serials.begin());
      return;
    }
    std::vector<std::string>& problems = tls_counts_.problems;
    ++tls_counts_.failed;
    problems.push_back(handshake.problem);
    if (problems.size() > kTlsProblemsMax) problems.erase(problems.begin());
  }

  // The library must neither decode, nor encode, nor wait, nor cut: the handler judges the headers as they
  // were sent.
  static void Simplify(httplib::Request& request) {
    for (const char* name : {"Accept-Encoding", "Content-Encoding", "Expect", "Range"}) {
      request.headers.erase(name);
    }
    request.ranges.clear();
    // It would read a body without a length up to the end of the connection.
    if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
      request.headers.emplace("Content-Length", "0");
    }
    // Forms and parts would not be kept as they were sent.
    request.headers.erase("Content-Type");
  }

  bool Enter(Connection& connection) {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    connection.number = ++last_number_;
    connections_.emplace(connection.number, &connection);
    return true;
  }

  void Serve(const httplib::Request& request, httplib::Response& response) {
    Connection& connection = Find(request.remote_port);
    ReceivedRequest received{.method = request.method,
                             .target = request.target,
                             .version = request.version,
                             .headers = connection.headers,
                             .body = request.body,
                             .earlier_on_connection = connection.requests};
    HttpAnswer answer = handler_(received);
    if (!answer.control) ++connection.requests;
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.set_header(name, value);
    if (!answer.body.empty()) response.set_content(answer.body, answer.content_type);
    connection.delivery = std::move(answer.delivery);
  }

  Connection& Find(int number) {
    std::lock_guard lock(mutex_);
    return *connections_.at(number);
  }

  const HttpServer::Handler handler_;
  std::thread listener_;
  int port_ = -1;
  mutable std::mutex mutex_;
  TlsContext tls_;  // of the next connections; null: plain
  TlsCounts tls_counts_;
  std::map<int, Connection*> connections_;  // bounded by kThreadsMax
  int last_number_ = 0;
  bool stopping_ = false;
};

HttpServer::HttpServer(Handler handler) : engine_(std::make_unique<Engine>(std::move(handler))) {}
HttpServer::~HttpServer() { Stop(); }
bool HttpServer::Start(const std::string& host, int port) { return engine_->Start(host, port); }
void HttpServer::Stop() { engine_->Stop(); }
int HttpServer::port() const { return engine_->port(); }
void HttpServer::SetTls(TlsContext tls) { engine_->SetTls(std::move(tls)); }
TlsCounts HttpServer::tls_counts() const { return engine_->tls_counts(); }
void HttpServer::ForgetTlsCounts() { engine_->ForgetTlsCounts(); }

}  // namespace session_gateway::sandbox
