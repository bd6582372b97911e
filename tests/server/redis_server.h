// Debian's redis-server as a process of a test's own, with a private folder: on a Unix socket, and on a free
// loopback port where a test asks for one. It is stopped, killed and started again as the test says.
//
// Thread rule: one thread owns it. Never here: what the ledger keeps in it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "server/ledger/redis_protocol.h"

namespace session_gateway {

class RedisServer {
 public:
  // `options` are words of redis-server's command line.
  explicit RedisServer(std::vector<std::string> options);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // `unix:<path>`.
  std::string address() const { return "unix:" + socket_.string(); }
  const std::filesystem::path& folder() const { return folder_; }

  // Begins to run, and returns once it answers.
  void Start();
  void Kill();   // SIGKILL, and waits for its end
  void Pause();  // SIGSTOP
  void Continue();

  // Asks it as another client would, on a connection of its own, that waits for the reply.
  RedisReply Ask(const std::vector<std::string>& words) const;
  // The same for a text.
  std::string AskText(const std::vector<std::string>& words) const { return Ask(words).text; }

 private:
  const std::vector<std::string> options_;
  std::filesystem::path folder_;
  std::filesystem::path socket_;
  pid_t pid_ = -1;
};

// A port of the loopback that is free now.
std::uint16_t FreeLoopbackPort();

}  // namespace session_gateway
