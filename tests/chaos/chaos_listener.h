// The listening socket of a chaos proxy on a loopback port of its own: open, closed, or so full that
// connecting hangs.
//
// Thread rule: one owner. Never here: what becomes of accepted connections.
#pragma once

#include <vector>

#include "tests/chaos/chaos_proxy.h"

namespace session_gateway {

// The result of a system call, or a std::system_error.
int CheckedCall(int result, const char* what);

class ChaosListener {
 public:
  explicit ChaosListener(int receive_buffer_bytes);
  ~ChaosListener();
  ChaosListener(const ChaosListener&) = delete;
  ChaosListener& operator=(const ChaosListener&) = delete;

  int port() const { return port_; }
  // -1 unless it is open.
  int fd() const { return accepting_ ? listener_ : -1; }
  void Set(ChaosListening listening);
  // -1: nobody is there.
  int Accept() const;

 private:
  void Listen(int backlog);
  void FillQueue();
  void Close();

  const int receive_buffer_bytes_;
  const int reserve_;  // keeps the port
  const int port_;
  int listener_ = -1;
  bool accepting_ = false;
  std::vector<int> fillers_;  // hold the listener's queue full
};

}  // namespace session_gateway
