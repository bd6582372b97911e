// Creates of one upstream as a caller sees them: status, details and the time at which they came. One at a
// time, or many in flight.
//
// Thread rule: one thread. Never here: what a call should give, a second try.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sandbox/sandbox.h"

namespace session_gateway {

struct ChaosTold {
  std::string code = "OK";
  std::string reason = {};
  std::string outcome = "done";  // of an OK, too
  std::string phase = {};
  std::string message = {};
  std::string problems = {};  // what no answer of the gateway may look like; empty is good
  bool by_gateway = true;     // else the caller's own timer fired first
  std::chrono::milliseconds deadline{0};
  std::chrono::nanoseconds took{0};

  // `UNKNOWN OUTCOME_UNKNOWN unknown`, or OK.
  std::string Row() const { return code == "OK" ? code : code + " " + reason + " " + outcome; }
  std::string Words() const { return Row() + " " + phase + ": " + message; }
};

class ChaosCaller {
 public:
  // Each request has a body of about so many bytes.
  ChaosCaller(const std::string& address, SandboxUpstream upstream, std::size_t body_bytes);
  ~ChaosCaller();
  ChaosCaller(const ChaosCaller&) = delete;
  ChaosCaller& operator=(const ChaosCaller&) = delete;

  ChaosTold Call(std::chrono::milliseconds deadline);

  void Start(std::chrono::milliseconds deadline);
  // In the order in which they were started.
  std::vector<ChaosTold> WaitForAll();

  using Deadlines = std::function<std::chrono::milliseconds(int number)>;
  std::vector<ChaosTold> Run(int calls, int in_flight, const Deadlines& deadlines);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// How many calls were told what.
struct ChaosTally {
  int calls = 0;
  int done = 0;
  int unknown = 0;
  int refused = 0;
  int not_sent = 0;

  void Add(const ChaosTold& told);
  std::string Words() const;
};

}  // namespace session_gateway
