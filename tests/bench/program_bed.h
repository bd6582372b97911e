// The program as it is delivered, before an upstream that gives one answer to everything, and callers that
// keep a few calls in flight: what the gateway's process spends on a call, gRPC and HTTP included.
//
// Thread rule: one thread. Never here: what a call may cost.
#pragma once

#include <memory>

#include "server/clock.h"
#include "tests/bench/once_bed.h"

namespace session_gateway {

class ProgramBed {
 public:
  explicit ProgramBed(const OnceSample& sample);
  ~ProgramBed();
  ProgramBed(const ProgramBed&) = delete;
  ProgramBed& operator=(const ProgramBed&) = delete;

  // What so many calls take of the processor, in all threads of the process. Each has a request_id of its
  // own, or none.
  Duration Run(int calls, bool with_request_id);

 private:
  class Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace session_gateway
