// Callers that keep so many calls of one kind in flight, and look at each answer.
//
// Thread rule: one thread. Never here: the gateway that they call.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/once_bed.h"

namespace session_gateway {

struct CallKind {
  Upstream upstream;
  bool with_request_id;  // of its own each, or none
};
// `symphony`, `symphony_once` with a request_id, and so on.
std::string NameOf(const CallKind& kind);
inline constexpr CallKind kCallKinds[] = {{Upstream::kSymphony, false},
                                          {Upstream::kSymphony, true},
                                          {Upstream::kQlik, false},
                                          {Upstream::kQlik, true}};

struct CallSamples {
  OnceSample symphony = SymphonySample();
  OnceSample qlik = LargestQlikSample();
};

class CallLoad {
 public:
  CallLoad(const std::string& address, const CallSamples& samples, int connections);
  ~CallLoad();
  CallLoad(const CallLoad&) = delete;
  CallLoad& operator=(const CallLoad&) = delete;

  // So many calls; ends the program when one fails.
  void Run(const CallKind& kind, int calls, int in_flight);

 private:
  class Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace session_gateway
