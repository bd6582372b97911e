// The gRPC listener: the service's two RPCs on a completion queue, with health and reflection beside them,
// and the way to stop without losing a call.
//
// Each lane's loop is run by a thread of its own, from before Start until after Drain. Thread rule: Start,
// Drain and the destructor on the owner's thread, which is none of these. Never here: what an RPC does,
// signals, configuration files.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "server/clock.h"
#include "server/rpc/lanes.h"

namespace session_gateway {

class ListenerTls;
class Log;

struct GrpcServerOptions {
  std::string address;           // `127.0.0.1:50051`; port 0 takes a free one
  std::size_t calls_max;         // calls that run, or are about to; more are refused
  std::size_t request_size_max;  // bytes of one request message
  std::size_t connections_max;   // of callers; more are closed at once
  Duration handshake_timeout;    // from a connection's beginning until HTTP/2 is spoken on it
  Duration connection_age_max;   // then its caller is told to make another, up to 10 % sooner or later
  Duration call_timeout;         // for a call without a deadline
  Duration call_timeout_max;     // the most that any call gets
  Duration drain_timeout;        // from the beginning of Drain until the last call is cut
  std::shared_ptr<ListenerTls> tls = nullptr;  // null: plaintext; else it has its first contents
};

class GrpcServer {
 public:
  // At least one lane. Each serves a queue of its own; the first accepts connections, too.
  GrpcServer(GrpcServerOptions options, const std::vector<ServerLane>& lanes, const Clock& clock, Log& log);
  // Drains first when that has not happened.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // The port that is listened on, or why nothing is. Once.
  std::variant<int, std::string> Start();

  // Health says NOT_SERVING, new calls are refused, running ones end. Shortly before `drain_timeout` is over
  // those that still run are stopped and answered; at its end connections are cut. Returns when no call is
  // left, so a handler that does not heed its context holds it up.
  void Drain();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace session_gateway
