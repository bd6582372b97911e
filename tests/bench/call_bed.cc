#include "tests/bench/call_bed.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "tests/bench/instant_upstream.h"
#include "tests/gateway/programs.h"

namespace session_gateway {
namespace {

std::string EndpointOf(const InstantUpstream& upstream) {
  return "http://127.0.0.1:" + std::to_string(upstream.port());
}

}  // namespace

class CallBed::Parts {
 public:
  explicit Parts(const CallBedSetup& setup)
      : symphony_(200, setup.samples.symphony.answer),
        qlik_(201, setup.samples.qlik.answer),
        config_(ConfigFor(EndpointOf(symphony_), EndpointOf(qlik_)) + setup.yaml),
        gateway_({"--config", config_.path()}, setup.tool),
        load_(gateway_.address(), setup.samples, setup.connections) {
    if (clock_getcpuclockid(pid(), &cpu_) != 0) {
      std::fprintf(stderr, "the gateway's time cannot be read\n");
      std::abort();
    }
  }

  Duration Run(const CallKind& kind, int calls, int in_flight) {
    const Duration before = Used();
    load_.Run(kind, calls, in_flight);
    const Duration used = Used() - before;
    gateway_.process().ForgetLogBut(0);
    return used;
  }

  pid_t pid() { return gateway_.process().pid(); }

 private:
  Duration Used() const {
    timespec time = {};
    clock_gettime(cpu_, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

  const InstantUpstream symphony_;
  const InstantUpstream qlik_;
  const TemporaryFile config_;
  GatewayProgram gateway_;
  CallLoad load_;
  clockid_t cpu_ = {};
};

CallBed::CallBed(const CallBedSetup& setup) : parts_(std::make_unique<Parts>(setup)) {}
CallBed::~CallBed() = default;

Duration CallBed::Run(const CallKind& kind, int calls, int in_flight) {
  return parts_->Run(kind, calls, in_flight);
}

pid_t CallBed::pid() const { return parts_->pid(); }

}  // namespace session_gateway
