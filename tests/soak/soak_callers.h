// Many callers of both upstreams at once: some in a hurry, some that leave. Each create has a tag of its own,
// and every answer is held against it.
//
// Thread rule: Run on one thread, the rest from any. Never here: faults, what the upstreams have.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/sandbox/sandbox.h"

namespace session_gateway {

// What the calls of one upstream were told.
struct SoakTally {
  std::uint64_t started = 0;
  std::uint64_t ok = 0;
  std::uint64_t done = 0;  // with an error
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t not_sent = 0;
  std::uint64_t untold = 0;  // the caller left, or its own timer came first

  std::uint64_t ended() const { return ok + done + unknown + refused + not_sent + untold; }
};

class SoakCallers {
 public:
  SoakCallers(const std::string& address, int in_flight, std::uint64_t seed);
  ~SoakCallers();
  SoakCallers(const SoakCallers&) = delete;
  SoakCallers& operator=(const SoakCallers&) = delete;

  // Returns when the last call that was started before `end` has ended.
  void Run(std::chrono::steady_clock::time_point end);

  SoakTally tally(SandboxUpstream upstream) const;
  // The tag of the OK that had this id, of the newest OKs.
  std::optional<std::string> TagOf(SandboxUpstream upstream, const std::string& id) const;
  // What no answer may look like, and how often it did; empty is good.
  std::map<std::string, int> problems() const;
  // Calls with a deadline of a second or more, and those of them whose own timer ended them.
  std::uint64_t patient() const;
  std::uint64_t overdue() const;
  // How often each status came.
  std::map<std::string, std::uint64_t> statuses() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace session_gateway
