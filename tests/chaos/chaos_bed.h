// The gateway program behind which a chaos proxy stands before a sandbox upstream, and the count of what its
// callers were told against the sessions that the upstream has made.
//
// Thread rule: one thread. Never here: what one fault should give.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/chaos/chaos_caller.h"
#include "tests/chaos/chaos_proxy.h"
#include "tests/gateway/programs.h"
#include "tests/pki/temporary_directory.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway {

// Set by `make chaos`: every place instead of a stride of them, and the bounds of a machine that does nothing
// else.
bool IsLongForm();
// The seed of SESSION_GATEWAY_SEED; else a random one in the long form, and always the same in the short one.
std::uint64_t ChaosSeed();
// A line that `make chaos` shows at its end.
void PrintFigure(const std::string& text);

struct ChaosBedOptions {
  SandboxUpstream upstream = SandboxUpstream::kSymphony;
  bool tls = false;
  bool logon = false;    // Symphony with a service account
  bool repeats = false;  // what was not sent is sent again; else a call is one attempt, which can be judged
  std::size_t body_bytes = 0;
  std::size_t keep_bytes = 16 * 1024;
  int receive_buffer_bytes = 0;
};

class ChaosBed {
 public:
  explicit ChaosBed(const ChaosBedOptions& options);

  Sandbox& sandbox() { return sandbox_; }
  ChaosProxy& proxy() { return *proxy_; }
  ChaosCaller& caller() { return *caller_; }
  GatewayProgram& gateway() { return *gateway_; }
  const ChaosBedOptions& options() const { return options_; }

  // One call, noted in the tally. The connections that it used are closed, or idle and whole, when it
  // returns.
  ChaosTold Call(std::chrono::milliseconds deadline);
  void Note(const ChaosTold& told);
  // Of one whose own timer fired first.
  void NoteUnanswered(const ChaosTold& told) { tally_.Add(told); }
  const ChaosTally& tally() const { return tally_; }
  std::uint64_t sessions() const { return sandbox_.counters(options_.upstream).creates; }

  // Done ≤ sessions at the upstream ≤ done + unknown ≤ calls. While exchanges may still run, only the left
  // half holds.
  void ExpectEnoughSessions() const;
  // Ends everything that may still create, and then counts.
  void ExpectHonestCount();
  // Nothing is open any more that a call has left.
  void WaitUntilClosed();

 private:
  std::string Config() const;
  std::string UpstreamConfig() const;

  const ChaosBedOptions options_;
  pki::TemporaryDirectory files_;
  Sandbox sandbox_;
  std::optional<ChaosProxy> proxy_;
  std::optional<GatewayProgram> gateway_;
  std::optional<ChaosCaller> caller_;
  ChaosTally tally_;
};

// One of the two upstreams, with TLS or without.
struct ChaosPlace {
  SandboxUpstream upstream = SandboxUpstream::kSymphony;
  bool tls = false;
};
std::string NameOf(const ChaosPlace& place);

}  // namespace session_gateway
