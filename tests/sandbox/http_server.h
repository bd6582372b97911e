// The sandbox's HTTP engine: receives whole requests, hands them to one handler exactly as they were sent,
// and delivers the answer in one piece, or in one of the broken ways that tests ask for. The only place that
// names cpp-httplib.
//
// Thread rule: Start and Stop from one thread, the rest from any; the handler runs on many threads at once.
// Never here: what a request means, or whether it is allowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sandbox/tls.h"

namespace session_gateway::sandbox {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct ReceivedRequest {
  std::string method;
  std::string target;   // raw
  std::string version;  // `HTTP/1.1`
  Headers headers;      // in order, names as they were sent
  std::string body;
  std::uint64_t earlier_on_connection =
      0;  // requests of the same connection before this one that were no control
};

// How the connection goes on after the answer.
enum class Ending { kKeepAlive, kClose, kReset };

inline constexpr std::size_t kWholeAnswer = std::numeric_limits<std::size_t>::max();

struct Delivery {
  std::optional<std::string> raw;  // sent in place of the rendered answer
  std::size_t pause_after = 0;     // so many bytes leave, then the pause
  std::chrono::milliseconds pause{0};
  std::size_t end_after = kWholeAnswer;  // bytes beyond these never leave
  Ending ending = Ending::kKeepAlive;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  Headers headers = {};
  Delivery delivery = {};
  bool control = false;  // the request was about the sandbox itself
};

struct TlsCounts {
  std::uint64_t handshakes = 0;  // that went well, resumed ones among them
  std::uint64_t resumed = 0;
  std::uint64_t failed = 0;
  std::vector<std::string> problems = {};       // of the last failed ones, oldest first
  std::vector<SandboxTlsSerials> serials = {};  // of the last whole ones, each pair once in a row
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const ReceivedRequest&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Port 0 takes a free one. False: the address cannot be had.
  [[nodiscard]] bool Start(const std::string& host, int port);
  void Stop();
  int port() const;

  // Connections that come later speak TLS by this; null: plain.
  void SetTls(TlsContext tls);
  TlsCounts tls_counts() const;
  void ForgetTlsCounts();

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace session_gateway::sandbox
