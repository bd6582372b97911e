// A client for the sandbox's tests that shows what really comes over the socket, broken answers included.
//
// Thread rule: one thread per client. Never here: a rule of HTTP beyond finding the end of an answer.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tests/sandbox/sandbox.h"

namespace session_gateway {

inline constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;
inline constexpr SandboxUpstream kQlik = SandboxUpstream::kQlik;

struct RawRequest {
  std::string method = "POST";
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body = {};
  bool add_length = true;

  void Set(const std::string& name, const std::string& value) {
    Drop(name);
    headers.emplace_back(name, value);
  }
  void Drop(const std::string& name) {
    std::erase_if(headers, [&name](const auto& header) { return header.first == name; });
  }
  std::string Render() const {
    std::string text = method + ' ' + target + " HTTP/1.1\r\n";
    for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
    if (add_length) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
  }
};

enum class Seen { kWhole, kEnd, kReset };

struct RawReply {
  Seen seen = Seen::kWhole;  // how the bytes ended
  std::string bytes;
  int status = 0;  // 0: no status line
  std::string body;
};

class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }

  void Send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t size = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += static_cast<std::size_t>(size);
    }
  }

  // Up to the end that Content-Length promises, or that of the connection.
  RawReply Receive() {
    RawReply reply;
    while (!IsWhole(reply.bytes)) {
      char buffer[8192];
      const ssize_t size = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) {
        reply.seen = size == 0 ? Seen::kEnd : Seen::kReset;
        break;
      }
      reply.bytes.append(buffer, static_cast<std::size_t>(size));
    }
    ReadParts(reply);
    return reply;
  }

  RawReply Exchange(const RawRequest& request) {
    Send(request.Render());
    return Receive();
  }

  // True when the peer closes without another byte.
  bool SeesEnd() {
    char byte = 0;
    return ::recv(socket_, &byte, 1, 0) == 0;
  }

  static bool IsWhole(const std::string& bytes) {
    const std::size_t head = bytes.find("\r\n\r\n");
    const std::size_t length = bytes.find("Content-Length: ");
    if (head == std::string::npos || length == std::string::npos || length > head) return false;
    return bytes.size() >= head + 4 + std::strtoul(bytes.c_str() + length + 16, nullptr, 10);
  }

  static void ReadParts(RawReply& reply) {
    if (reply.bytes.starts_with("HTTP/1.1 ")) reply.status = std::atoi(reply.bytes.c_str() + 9);
    const std::size_t head = reply.bytes.find("\r\n\r\n");
    if (head != std::string::npos) reply.body = reply.bytes.substr(head + 4);
  }

 private:
  const int socket_;
  bool connected_ = false;
};

// The values of all headers of this name, as they stand there.
inline std::vector<std::string> HeaderValues(const RawReply& reply, const std::string& name) {
  std::vector<std::string> values;
  const std::string head = reply.bytes.substr(0, reply.bytes.find("\r\n\r\n") + 2);
  const std::string start = "\r\n" + name + ": ";
  for (std::size_t at = head.find(start); at != std::string::npos; at = head.find(start, at + 1)) {
    const std::size_t begin = at + start.size();
    values.push_back(head.substr(begin, head.find("\r\n", begin) - begin));
  }
  return values;
}

inline RawReply ExchangeOnce(int port, const RawRequest& request) {
  return RawClient(port).Exchange(request);
}

inline RawRequest SymphonyCreate(std::string body = "{}") {
  return {
      .target = "/platform/rest/symrest/v1/clientapi/session?applicationName=symping7.3.2",
      .headers = {{"Host", "symphony"}, {"Accept", "application/json"}, {"Content-Type", "application/json"}},
      .body = std::move(body)};
}

inline RawRequest QlikCreate(std::string body = "{}") {
  return {.target = "/qrs/executionsession?xrfkey=0123456789abcDEF",
          .headers = {{"Host", "qlik"},
                      {"Accept", "application/json"},
                      {"Content-Type", "application/json"},
                      {"X-Qlik-Xrfkey", "0123456789abcDEF"},
                      {"X-Qlik-User", "UserDirectory=INTERNAL;UserId=sa_api"}},
          .body = std::move(body)};
}

inline RawRequest QlikGet(const std::string& path) {
  RawRequest request = QlikCreate("");
  request.method = "GET";
  request.target = path + "?xrfkey=0123456789abcDEF";
  request.add_length = false;
  request.Drop("Content-Type");
  return request;
}

inline RawRequest ControlRequest(const std::string& method, const std::string& name, std::string body = "") {
  return {.method = method,
          .target = "/sandbox/" + name,
          .headers = {{"Host", "sandbox"}},
          .body = std::move(body),
          .add_length = method == "POST"};
}

}  // namespace session_gateway
