// A TCP proxy in front of one loopback port that fails on demand: each connection follows a plan that was
// set, queued or chosen by a function, and what was really forwarded in either direction is counted byte by
// byte.
//
// One thread with an epoll loop; buffers are bounded, waiting is done by timers of the loop. Thread rule: all
// calls from any thread. Never here: HTTP, decrypted TLS (only its record headers are read), an address other
// than loopback.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/chaos/chaos_plan.h"

namespace session_gateway {

struct ChaosOptions {
  int upstream_port = 0;
  std::size_t keep_bytes = 0;    // of each direction of each connection, as they were forwarded
  std::size_t keep_records = 0;  // TLS records of each direction that are remembered
  int receive_buffer_bytes = 0;  // of accepted connections, as SO_RCVBUF; 0: the system's
};

struct ChaosRecord {
  std::uint8_t type = 0;  // 20 change of cipher, 21 alert, 22 handshake, 23 application data
  std::size_t bytes = 0;  // its header included
};

// One direction of one connection until now.
struct ChaosFlowCount {
  std::uint64_t received = 0;             // read by the proxy
  std::uint64_t forwarded = 0;            // handed on to the receiver's socket
  bool ended = false;                     // the plan's end was carried out
  std::string text = {};                  // the first `keep_bytes` that were forwarded
  std::vector<ChaosRecord> records = {};  // the first `keep_records` that began among the received bytes
};

struct ChaosConnection {
  int index = 0;
  ChaosPlan plan = {};
  ChaosFlowCount request = {};
  ChaosFlowCount answer = {};
  bool open = true;
};

struct ChaosTotals {
  int accepted = 0;
  int open = 0;
  int ended = 0;  // connections that met the end of their plan, in either direction or at accept
  std::uint64_t request_received = 0;
  std::uint64_t request_forwarded = 0;
  std::uint64_t answer_received = 0;
  std::uint64_t answer_forwarded = 0;
};

enum class ChaosListening {
  kOpen,
  kClosed,  // connecting is refused; the port stays reserved
  kFull,    // connecting hangs: the queue of the listener is full
};

class ChaosProxy {
 public:
  // So many connections are remembered, the newest.
  static constexpr std::size_t kConnectionsKept = 4096;

  // Listens when it returns. Throws std::system_error when there is no socket to be had.
  explicit ChaosProxy(const ChaosOptions& options);
  // Resets whatever is open.
  ~ChaosProxy();
  ChaosProxy(const ChaosProxy&) = delete;
  ChaosProxy& operator=(const ChaosProxy&) = delete;

  int port() const;

  // For connections to come, and none that a client keeps: queued plans first, each for one connection, then
  // the chooser's or the set one.
  void SetPlan(const ChaosPlan& plan);
  void SetChooser(ChaosChooser chooser);
  void PlanNext(const ChaosPlan& plan, int connections = 1);
  // Forgets queued plans and chooser, and forwards again.
  void Forward();

  void SetUpstream(int port);  // for connections to come
  void SetListening(ChaosListening listening);
  // Ends what is open now, kClose or kReset.
  void EndOpen(ChaosEnd end);

  ChaosTotals totals() const;
  // Oldest first.
  std::vector<ChaosConnection> connections() const;
  // The newest; an index of -1 when there was none.
  ChaosConnection last() const;
  // Whether it became true in that time. It is asked under the lock and must not call the proxy.
  bool WaitFor(const std::function<bool(const ChaosTotals&)>& condition,
               std::chrono::milliseconds patience) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace session_gateway
