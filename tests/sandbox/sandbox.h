// Both upstreams as strict servers on two ports, for tests and for users who have neither: they keep created
// rows in memory, refuse every request that is not exactly as the two APIs document it, say why, and fail on
// demand.
//
// Thread rule: Start and Stop from one thread; everything else from any thread, also while requests run.
// Never here: the gateway's own translator or contract (the sandbox judges them), persistence, a check of
// credentials.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace session_gateway {

enum class SandboxUpstream { kSymphony, kQlik };

struct SandboxOptions {
  std::string host = "127.0.0.1";
  int symphony_port = 0;  // 0 takes a free one
  int qlik_port = 0;
  // Makes the ids: the same seed gives the same ids.
  std::uint64_t seed = 0;
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
  // Member names that are accepted, with any value, in every object of the body beside the documented ones.
  std::vector<std::string> symphony_extras;
  std::vector<std::string> qlik_extras;
  // Set: Symphony refuses a create without this `csrftoken`. Unset: it accepts any or none.
  std::optional<std::string> csrf_token;
  // The newest are kept; older rows are forgotten, as finished sessions are.
  std::size_t rows_max = 1000;
  std::size_t requests_max = 64;
  std::size_t recorded_body_max = 1 << 20;
};

struct SandboxCounters {
  std::uint64_t requests = 0;     // outside /sandbox/
  std::uint64_t creates = 0;      // rows made
  std::uint64_t refused = 0;      // answered with a refusal of the sandbox's own
  std::uint64_t faulted = 0;      // met by a fault
  std::uint64_t connections = 0;  // that carried at least one of the requests
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
  // `http://host:port`, as a gateway's endpoint wants it.
  std::string Endpoint(SandboxUpstream upstream) const;

  SandboxCounters counters(SandboxUpstream upstream) const;
  // Oldest first. Symphony: {"sessionId","applicationName","clusterId","session"}, where `session` is the
  // body byte by byte. Qlik: the row as it was answered, each sent value byte by byte.
  std::vector<std::string> rows(SandboxUpstream upstream) const;
  // Oldest first, without those under /sandbox/.
  std::vector<SandboxRequest> requests(SandboxUpstream upstream) const;

  // Faults queue up; false when the queue is full or the fault's values are out of their bounds.
  [[nodiscard]] bool AddFault(SandboxUpstream upstream, SandboxFault fault);
  void ClearFaults(SandboxUpstream upstream);
  // Forgets rows, requests, counters and faults. Ids go on.
  void Reset(SandboxUpstream upstream);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace session_gateway
