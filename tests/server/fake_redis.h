// A Redis of a test's own that says what the test wants, byte by byte: by itself it passes the gateway's
// checks, and every command can be answered otherwise. Also a go-between in front of a real one.
//
// Thread rule: handlers run in the server's threads. Never here: scripts that run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/ledger/redis_protocol.h"
#include "tests/server/raw_server.h"
#include "tests/server/resp.h"

namespace session_gateway {

// What a server sends in place of its own answer; nothing ends the connection.
struct FakeAnswer {
  std::optional<std::string> bytes;
  static FakeAnswer End() { return {}; }
  static FakeAnswer Silence() { return {std::string()}; }
};

class FakeRedis {
 public:
  // Nothing leaves the answer to the server itself. `connection` counts from 0.
  using Handler =
      std::function<std::optional<FakeAnswer>(const std::vector<std::string>& words, int connection)>;

  explicit FakeRedis(Handler handler)
      : handler_(std::move(handler)), server_([this](RawConnection& connection) { Serve(connection); }) {}

  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  const RawServer& server() const { return server_; }

  static constexpr char kInfo[] =
      "# Server\r\nredis_version:7.0.15\r\ncluster_enabled:0\r\nloading:0\r\nrole:master\r\n"
      "maxmemory_policy:noeviction\r\n";

 private:
  void Serve(RawConnection& connection) {
    RedisReader commands;
    while (connection.ReadMore()) {
      commands.Feed(connection.TakeBuffered());
      while (const std::optional<RedisReply> command = commands.Next()) {
        const std::vector<std::string> words = WordsOf(*command);
        const std::optional<FakeAnswer> answer = handler_(words, connection.index());
        if (answer && !answer->bytes) return;
        if (!connection.Send(answer ? *answer->bytes : OwnAnswer(words))) return;
      }
    }
  }

  static std::string OwnAnswer(const std::vector<std::string>& words) {
    if (words[0] == "INFO") return RespOf(std::string(kInfo));
    if (words[0] == "SCRIPT") return RespOf(std::string(40, 'a'));
    if (words[0] == "TIME") {
      const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::system_clock::now().time_since_epoch());
      return RespOf(
          std::vector{std::to_string(now.count() / 1'000'000), std::to_string(now.count() % 1'000'000)});
    }
    if (words[0].starts_with("EVAL")) return RespOf(std::vector<std::string>{"claimed", "17"});
    return "+OK\r\n";
  }

  const Handler handler_;
  RawServer server_;  // last, for its threads use the handler
};

}  // namespace session_gateway
