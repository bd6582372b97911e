// Exchanges that belong to no caller. A create that has left goes on when its caller has left or run out of
// time: it lingers, so that its end becomes known.
//
//   waited for --ends--> the caller has its result
//       `--the caller leaves--> not sent, or not whole: ends at once, nothing more is sent
//                          `--> sent: the caller is told what is known, the exchange lingers
//                                 --ends, or `linger` is over--> the late end
//
// How many linger is bounded by what the transport lets run at once. Thread rule: loop thread only. Never
// here: what an answer means, a second try.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string_view>

#include "server/clock.h"
#include "server/upstream/transport.h"

namespace session_gateway {

// The end of an exchange that nobody waits for.
struct LateResult {
  SendResult result;
  std::string_view endpoint;  // where it was sent, `scheme://host:port`
  Duration lingered;
};

class Exchanges {
 public:
  using LateEnd = std::function<void(LateResult& late)>;

  // An exchange lingers for at most `linger` from the moment its caller is gone. The loop and the clock
  // outlive this; this outlives its exchanges, for which Drain waits.
  Exchanges(Loop& loop, const Clock& clock, Duration linger) : loop_(loop), clock_(clock), linger_(linger) {}
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  // Sends `request` by `transport`, which outlives the exchange, and waits for the end until `caller` is
  // stopped. When the exchange then lingers, `make_late_end` is called once, and what it returns is called at
  // the end of the exchange.
  Task<SendResult> Send(Transport& transport, HttpRequest request, CallContext& caller,
                        std::function<LateEnd()> make_late_end);

  std::size_t lingering() const { return lingering_.size(); }

  // From now on no exchange lingers beyond `end`. `on_idle` is called once none does; no Send follows.
  void Drain(TimePoint end, std::function<void()> on_idle);

 private:
  struct Exchange;
  using Lingering = std::list<std::shared_ptr<Exchange>>;

  static Task<void> Run(std::shared_ptr<Exchange> exchange, Transport& transport);
  void Start(const std::shared_ptr<Exchange>& exchange, Transport& transport);
  void Linger(const std::shared_ptr<Exchange>& exchange, LateEnd late_end);
  void AbandonAt(TimePoint end, const std::shared_ptr<Exchange>& exchange);
  void OnEnded(const std::shared_ptr<Exchange>& exchange);

  Loop& loop_;
  const Clock& clock_;
  const Duration linger_;
  Lingering lingering_;
  std::function<void()> on_idle_;
};

}  // namespace session_gateway
