// The program as it is delivered, between upstreams that answer at once and callers that keep calls in
// flight: what the gateway's process spends on a call, gRPC, HTTP and the log included.
//
// Thread rule: one thread; the upstreams have threads of their own. Never here: what a call may cost.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "server/clock.h"
#include "tests/bench/call_load.h"

namespace session_gateway {

struct CallBedSetup {
  CallSamples samples = {};
  int connections = 1;                 // of the callers
  std::vector<std::string> tool = {};  // that runs the program, by its whole path, with its arguments
  std::string yaml = {};               // more of the configuration
};

class CallBed {
 public:
  explicit CallBed(const CallBedSetup& setup);
  ~CallBed();
  CallBed(const CallBed&) = delete;
  CallBed& operator=(const CallBed&) = delete;

  // What so many calls take of the processor, in all threads of the process.
  Duration Run(const CallKind& kind, int calls, int in_flight);

  pid_t pid() const;

 private:
  class Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace session_gateway
