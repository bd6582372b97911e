// Runs one upstream: its server, what is counted and recorded of it, its faults, and the control plane below
// `/sandbox/` on the same port.
//
// Thread rule: Start and Stop from one thread, the rest from any. Never here: what a request of the upstream
// means.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/sandbox/api.h"
#include "tests/sandbox/fault_queue.h"
#include "tests/sandbox/http_server.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway::sandbox {

class UpstreamHost {
 public:
  UpstreamHost(std::unique_ptr<Api> api, const SandboxOptions& options);

  [[nodiscard]] bool Start(const std::string& host, int port) { return server_.Start(host, port); }
  void Stop() { server_.Stop(); }
  int port() const { return server_.port(); }

  SandboxCounters counters() const;
  std::vector<std::string> rows() const;
  std::vector<SandboxRequest> requests() const;
  bool AddFault(SandboxFault fault);
  void ClearFaults();
  void Reset();

 private:
  HttpAnswer Handle(const ReceivedRequest& request);
  HttpAnswer HandleUpstream(const ReceivedRequest& request);
  HttpAnswer HandleControl(const ReceivedRequest& request);
  HttpAnswer AnswerRefusal(const Refusal& refusal, SandboxRequest record);
  void Record(SandboxRequest record);

  const std::unique_ptr<Api> api_;
  const std::size_t requests_max_;
  const std::size_t recorded_body_max_;
  mutable std::mutex mutex_;
  SandboxCounters counters_;
  std::deque<SandboxRequest> requests_;  // bounded by requests_max_
  FaultQueue faults_;
  HttpServer server_;  // last: its threads use all of the above
};

}  // namespace session_gateway::sandbox
