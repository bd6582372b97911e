#include "tests/soak/soak_faults.h"

#include <array>

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTurn(20);
constexpr int kTurnsToExpiry = 75;
constexpr int kTurnsToOutage = 110;
constexpr int kTurnsToReset = 140;
constexpr int kTurnsToLogonFault = 25;

}  // namespace

SoakFaults::SoakFaults(Sandbox& sandbox, SandboxUpstream upstream, ChaosProxy& proxy, double faulty,
                       std::uint64_t seed)
    : sandbox_(sandbox), upstream_(upstream), proxy_(proxy), dice_(seed) {
  proxy_.SetChooser(RandomPlans(seed, EvenMix(faulty)));
  thread_ = std::thread([this] { Run(); });
}

SoakFaults::~SoakFaults() { Stop(); }

void SoakFaults::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  thread_.join();
  sandbox_.ClearFaults(upstream_);
  proxy_.Forward();
  proxy_.SetListening(ChaosListening::kOpen);
  // What was planned for connections that are kept would still come.
  proxy_.EndOpen(ChaosEnd::kReset);
}

bool SoakFaults::Wait(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopped_; });
}

void SoakFaults::Run() {
  for (int turn = 1; Wait(kTurn); ++turn) {
    AddFault(AnyFault(false));
    if (turn % kTurnsToLogonFault == 0) AddFault(AnyFault(true));
    if (turn % kTurnsToExpiry == 0) sandbox_.ExpireLogons(upstream_);
    if (turn % kTurnsToReset == 0) proxy_.EndOpen(Below(2) == 0 ? ChaosEnd::kReset : ChaosEnd::kClose);
    if (turn % kTurnsToOutage == 0 && !Outage()) return;
  }
}

// Nobody can connect for a moment.
bool SoakFaults::Outage() {
  proxy_.SetListening(Below(2) == 0 ? ChaosListening::kClosed : ChaosListening::kFull);
  const bool goes_on = Wait(milliseconds(50 + Below(100)));
  proxy_.SetListening(ChaosListening::kOpen);
  return goes_on;
}

// When the queue is full there are faults enough.
void SoakFaults::AddFault(SandboxFault fault) {
  if (!sandbox_.AddFault(upstream_, std::move(fault))) return;
}

SandboxFault SoakFaults::AnyFault(bool of_logon) {
  using enum SandboxFaultKind;
  constexpr std::array kKinds = {kDelay, kStatus, kHtml, kCut, kGarbage, kRaw, kReset};
  // Of a log-on those that lock nobody out.
  constexpr std::array kLogonStatuses = {500, 502, 503};
  constexpr std::array kStatuses = {302, 400, 401, 403, 404, 408, 409, 413, 429, 500, 501, 502, 503, 504};
  SandboxFault fault;
  fault.kind = kKinds[Below(kKinds.size())];
  fault.count = of_logon ? 1 : static_cast<int>(1 + Below(3));
  fault.method = of_logon ? "GET" : "POST";
  if (fault.kind == kStatus) {
    fault.status =
        of_logon ? kLogonStatuses[Below(kLogonStatuses.size())] : kStatuses[Below(kStatuses.size())];
    fault.body = std::string(Below(2000), 'e');
  }
  if (fault.kind == kDelay || fault.kind == kCut || fault.kind == kReset) {
    fault.wait = milliseconds(1 + Below(200));
    fault.after_bytes = Below(400);
  }
  if (fault.kind == kGarbage || fault.kind == kReset) fault.create = Below(2) == 0;
  if (fault.kind == kRaw) {
    fault.body = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"sessionId\":";
    fault.create = true;  // what says that it was done is true
  }
  return fault;
}

}  // namespace session_gateway
