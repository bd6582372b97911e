// Which of an upstream's endpoints an attempt goes to: each in turn, rather one that the call has not tried,
// and none that fails.
//
//   healthy --failures in a row--> ejected --its time is over, one call probes it--> healthy
//                                     ^------- the probe fails: twice the time --'
//
// An endpoint is only ever ejected in favour of others: when all are, calls go out all the same, and the
// first that is answered ends the ejection. No timer: what is due is seen when a call asks. A probe that says
// nothing, as when its caller leaves, or that does not end, makes way for the next. Thread rule: loop thread
// only. Never here: a second attempt, requests of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/clock.h"
#include "server/upstream/stack_limits.h"
#include "server/upstream/transport.h"

namespace session_gateway {

enum class EndpointEvent { kEjected, kRecovered };
using EjectionReport = std::function<void(std::string_view endpoint, EndpointEvent event)>;

class EndpointChoice final : public Transport {
 public:
  struct Candidate {
    std::string name;  // `scheme://host:port`, for the report
    Transport* transport;
  };

  // 1 to kEndpointsMax candidates, whose transports outlive it, as does the clock.
  EndpointChoice(std::vector<Candidate> candidates, const EjectionLimits& limits, const Clock& clock,
                 EjectionReport report);

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override;

  // Whether Send would now take this call to an endpoint that it has not tried.
  bool GoesElsewhere(const CallContext& context) const;

 private:
  struct Member {
    Candidate candidate;
    int failures = 0;  // in a row
    bool is_ejected = false;
    Duration ejection{};             // the time of the current ejection
    TimePoint probe_due;             // when the next probe may go out
    std::uint64_t probe_number = 0;  // of the newest probe
    bool is_probed = false;          // it has not ended
  };

  std::size_t Next(const CallContext& context, TimePoint now) const;
  std::uint64_t BeginProbe(Member& member, TimePoint now);
  void NoteAnswered(Member& member);
  void NoteFailed(Member& member, bool is_probe);

  const EjectionLimits limits_;
  const Clock& clock_;
  const EjectionReport report_;
  std::vector<Member> members_;
  std::size_t turn_ = 0;
};

}  // namespace session_gateway
