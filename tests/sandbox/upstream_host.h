// Runs one upstream: its server and that of its virtual proxy, what is counted and recorded of it, its
// faults, and the control plane below
// `/sandbox/` on the same port.
//
// Thread rule: SetTls, Start and Stop from one thread, the rest from any. Never here: what a request of the
// upstream means.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
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

  // Before Start. The second one is of the virtual proxy.
  void SetTls(std::optional<TlsRules> direct, std::optional<TlsRules> proxy);
  // The value is what went wrong. Without a proxy's port there is no proxy.
  [[nodiscard]] std::optional<std::string> Start(const std::string& host, int port,
                                                 std::optional<int> proxy_port);
  void Stop();
  int port() const { return server_.port(); }
  int proxy_port() const { return proxy_server_.port(); }

  // The text says what is wrong with it; the old one is then in force.
  std::optional<std::string> ReplaceTlsIdentity(Door door, SandboxTlsIdentity identity);
  std::vector<std::string> tls_problems() const;
  std::vector<SandboxTlsSerials> tls_serials() const { return server_.tls_counts().serials; }
  void ExpireLogons();
  bool SetPassword(const std::string& user, const std::string& password);

  SandboxCounters counters() const;
  std::vector<std::string> rows() const;
  std::vector<SandboxRequest> requests() const;
  bool AddFault(SandboxFault fault);
  void ClearFaults();
  void Reset();

 private:
  HttpAnswer Handle(const ReceivedRequest& request, Door door);
  HttpAnswer HandleUpstream(const ReceivedRequest& request, Door door);
  HttpAnswer HandleControl(const ReceivedRequest& request, Door door);
  // What is about log-ons and TLS; nothing: it is about neither.
  std::optional<HttpAnswer> HandleSecurityControl(const std::string& call, const std::string& body,
                                                  Door door);
  void AddDate(HttpAnswer& answer) const;
  HttpAnswer AnswerRefusal(const Refusal& refusal, SandboxRequest record);
  void Record(SandboxRequest record);

  const std::unique_ptr<Api> api_;
  const std::function<std::chrono::system_clock::time_point()> now_;
  const std::optional<std::chrono::seconds> date_skew_;
  const std::size_t requests_max_;
  const std::size_t recorded_body_max_;
  mutable std::mutex mutex_;
  std::optional<TlsRules> tls_;
  std::optional<TlsRules> proxy_tls_;
  SandboxCounters counters_;
  std::deque<SandboxRequest> requests_;  // bounded by requests_max_
  FaultQueue faults_;
  // Last: their threads use all of the above.
  HttpServer server_;
  HttpServer proxy_server_;
};

}  // namespace session_gateway::sandbox
