// Stands between one gateway and its Redis, knows the ledger's commands by their scripts, and holds back the
// next one of a kind, or its reply: so that a gateway can be killed exactly there.
//
// Commands and replies are read whole and written anew, in their order. Thread rule: a thread of its own
// moves them; all calls from any thread. Never here: what a script does, a reply of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/ledger/redis_protocol.h"
#include "server/ledger/redis_scripts.h"

namespace session_gateway {

class RedisRelay {
 public:
  enum class Side {
    kCommand,  // towards Redis
    kReply,    // towards the gateway
  };

  // Listens on `own` when it returns.
  RedisRelay(std::filesystem::path redis, std::filesystem::path own);
  ~RedisRelay();
  RedisRelay(const RedisRelay&) = delete;
  RedisRelay& operator=(const RedisRelay&) = delete;

  std::string address() const { return "unix:" + own_.string(); }

  // The next such command or reply stays here, and all that comes behind it.
  void HoldNext(RedisScript script, Side side) { HoldNextBehind(script, side, 0); }
  // So much of it goes on before, of 1.
  void HoldNextBehind(RedisScript script, Side side, double share);
  // Whether it has come.
  bool WaitUntilHeld();
  // What is held goes on, also when the gateway that sent it is gone.
  void Release();
  // What is held is lost, with its connection.
  void Drop();

 private:
  struct Piece {
    std::string bytes;
    std::optional<RedisScript> script;
    std::optional<RedisScript> loads;  // a SCRIPT LOAD, whose reply is the script's hash
    bool is_begun = false;             // a part of it has gone on
  };
  struct Connection;

  void Run();
  void Accept();
  std::optional<RedisScript> ScriptOf(const std::vector<std::string>& words) const;
  // False: the other side has left.
  bool Receive(Connection& connection, Side side);
  void Pump(Connection& connection);
  // What of the piece goes on now; it keeps the rest.
  std::string TakePassing(Piece& piece, Side side);
  void Wake() const;

  const std::filesystem::path redis_;
  const std::filesystem::path own_;
  int listener_ = -1;
  int wake_ = -1;
  std::mutex mutex_;
  std::condition_variable changed_;
  // All below are guarded by mutex_.
  bool stopping_ = false;
  struct Gate {
    RedisScript script;
    Side side;
    double share;
    bool reached = false;
  };
  std::optional<Gate> gate_;
  std::map<std::string, RedisScript> scripts_;  // by hash
  std::list<Connection> connections_;
  std::thread thread_;
};

}  // namespace session_gateway
