// Both upstreams as strict servers on two ports, for tests and for users who have neither: they keep created
// rows in memory, refuse every request that is not exactly as the two APIs document it, say why, and fail on
// demand.
//
// Thread rule: Start and Stop from one thread; everything else from any thread, also while requests run.
// Never here: the gateway's own translator or contract (the sandbox judges them), persistence.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sandbox/options.h"

namespace session_gateway {

enum class SandboxUpstream { kSymphony, kQlik };

struct SandboxCounters {
  std::uint64_t requests = 0;     // outside /sandbox/
  std::uint64_t creates = 0;      // rows made
  std::uint64_t refused = 0;      // answered with a refusal of the sandbox's own
  std::uint64_t faulted = 0;      // met by a fault
  std::uint64_t connections = 0;  // that carried at least one of the requests
  // Log-ons of Symphony and sessions of Qlik's virtual proxy.
  std::uint64_t logons = 0;
  std::uint64_t renewals = 0;
  std::uint64_t refused_logons = 0;  // wrong credentials and locked accounts
  std::uint64_t locked = 0;          // those of them that met a locked account
  std::uint64_t sessions = 0;        // that are alive
  // Of the upstream's ports together.
  std::uint64_t tls_handshakes = 0;  // that went well, resumed ones among them
  std::uint64_t tls_resumed = 0;
  std::uint64_t tls_failed = 0;
  bool operator==(const SandboxCounters&) const = default;
};

struct SandboxRequest {
  std::string method;
  std::string target;                                        // as it was sent
  std::vector<std::pair<std::string, std::string>> headers;  // in order, names as they were sent
  std::string body;                                          // cut at `recorded_body_max`
  int status = 0;                                            // of the answer; 0 when a fault took its place
  std::string refusal = {};                                  // why it was refused, or empty
  std::string fault = {};                                    // the kind of fault that it met, or empty
  std::string answer =
      {};  // the body of the answer, cut like the request's; empty when a fault took its place
};

enum class SandboxFaultKind {
  kDelay,    // the answer comes whole, but late
  kStatus,   // another status; creates nothing
  kHtml,     // a log-on page with status 200
  kCut,      // the answer ends after some bytes
  kGarbage,  // bytes that are not HTTP
  kRaw,      // exactly the given bytes, then the connection ends
  kReset,    // TCP reset
};

// What happens to the next requests that break no rule. A refused request meets no fault.
struct SandboxFault {
  SandboxFaultKind kind = SandboxFaultKind::kStatus;
  int count = 1;                      // how many requests it meets
  std::string method = {};            // only requests of this method; empty: any
  std::chrono::milliseconds wait{0};  // delay, cut, reset: after `after_bytes` of the answer
  std::size_t after_bytes = 0;        // of header and body together, before the wait and the end
  int status = 0;                     // status, html; 0: 500 and 200
  std::string body = {};              // status, html; for garbage and raw the bytes
  std::vector<std::pair<std::string, std::string>> headers = {};  // status, html
  // Whether the row is created although the answer fails: garbage and reset (unset: yes), html and raw
  // (unset: no). Delay and cut always create, for they send a real answer; a status never does. A reset that
  // creates nothing sends nothing.
  std::optional<bool> create = {};
  std::string path = {};  // only requests whose path has this in it; empty: any
};

class Sandbox {
 public:
  explicit Sandbox(SandboxOptions options);
  ~Sandbox();  // stops
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Both servers listen when it returns. The value is what went wrong, or nothing.
  [[nodiscard]] std::optional<std::string> Start();
  // Ends running answers and joins all threads. A stopped sandbox does not start again.
  void Stop();

  int symphony_port() const;
  int qlik_port() const;
  int qlik_proxy_port() const;  // -1 without the proxy
  // `http://host:port`, or https, as a gateway's endpoint wants it.
  std::string Endpoint(SandboxUpstream upstream) const;
  // With the prefix; empty without the proxy.
  std::string QlikProxyEndpoint() const;

  // Empty before Start, and without TLS.
  SandboxTlsMaterial tls_material() const;
  // Connections that come later see it. The text says what is wrong with it; the old one is then in force.
  // The proxy's has its own call.
  [[nodiscard]] std::optional<std::string> ReplaceTlsIdentity(SandboxUpstream upstream,
                                                              SandboxTlsIdentity identity);
  [[nodiscard]] std::optional<std::string> ReplaceProxyTlsIdentity(SandboxTlsIdentity identity);
  // Why the last handshakes failed, the direct port's first, oldest first.
  std::vector<std::string> tls_problems(SandboxUpstream upstream) const;
  // What was shown in the last handshakes of the direct port that resumed nothing, oldest first.
  std::vector<SandboxTlsSerials> tls_serials(SandboxUpstream upstream) const;

  // All log-ons and proxy sessions of the upstream end.
  void ExpireLogons(SandboxUpstream upstream);
  // Makes or changes Symphony's user and unlocks it; false: there is no log-on, or there are too
  // many users.
  bool SetPassword(const std::string& user, const std::string& password);

  SandboxCounters counters(SandboxUpstream upstream) const;
  // Oldest first. Symphony: {"sessionId","applicationName","clusterId","session"}, where `session` is the
  // body byte by byte. Qlik: the row as it was answered, each sent value byte by byte.
  std::vector<std::string> rows(SandboxUpstream upstream) const;
  // Oldest first, without those under /sandbox/.
  std::vector<SandboxRequest> requests(SandboxUpstream upstream) const;

  // Faults queue up; false when the queue is full or the fault's values are out of their bounds.
  [[nodiscard]] bool AddFault(SandboxUpstream upstream, SandboxFault fault);
  void ClearFaults(SandboxUpstream upstream);
  // Forgets rows, requests, counters, faults and locks. Ids go on, log-ons stay.
  void Reset(SandboxUpstream upstream);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace session_gateway
