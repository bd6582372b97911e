// Runs exchanges that belong to no caller. A create that has left goes on when its callers have left or run
// out of time: it lingers, so that its end becomes known.
//
//   waited for --ends--> all who wait have its result
//       |`--one of several leaves--> is told what is known, the others go on waiting
//       `--the last one leaves--> not sent, or not whole: ends at once, nothing more is sent
//                             `--> sent: it is told what is known, the exchange lingers
//                                    |--somebody comes--> waited for
//                                    `--ends, or `linger` is over--> the late end
//
// How many linger is bounded by what the transport lets run at once. Thread rule: loop thread only. Never
// here: what an answer means, a second try, who may join whom.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string_view>

#include "server/clock.h"
#include "server/upstream/shared_exchange.h"
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
  using LateCall = std::function<void(Duration lingered)>;

  // An exchange lingers for at most `linger` from the moment its last caller is gone. The loop and the clock
  // outlive this; this outlives its exchanges, for which Drain waits.
  Exchanges(Loop& loop, const Clock& clock, Duration linger) : loop_(loop), clock_(clock), linger_(linger) {}
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  // Sends `request` by `transport`, which outlives the exchange, and waits for the end until `caller` is
  // stopped. When the exchange then lingers, `make_late_end` is called once, and what it returns is called at
  // the end of the exchange.
  Task<SendResult> Send(Transport& transport, HttpRequest request, CallContext& caller,
                        std::function<LateEnd()> make_late_end);

  // How the wait of one caller for an exchange was over.
  struct Waited {
    bool ended = false;               // the exchange has its result; else the caller was stopped before
    std::optional<SendResult> known;  // what would be its result if it were given up now; nothing while
                                      // others wait, or when the exchange itself knows something
  };
  // Waits for `exchange` until it ends or `caller` is stopped; starts it when nobody has. One that nobody
  // waits for any longer lingers: then `make_late_end` is called once, and what it returns at the end. An
  // exception of the exchange comes to all who wait.
  Task<Waited> Wait(std::shared_ptr<SharedExchange> exchange, CallContext& caller,
                    std::function<LateCall()> make_late_end);

  std::size_t lingering() const { return lingering_.size(); }
  Duration linger() const { return linger_; }
  Loop& loop() { return loop_; }

  // At `end` all that still runs is abandoned. `on_idle` is called once none runs; no Wait follows.
  void Drain(TimePoint end, std::function<void()> on_idle);

 private:
  class SingleSend;

  static Task<void> Run(std::shared_ptr<SharedExchange> exchange);
  void Start(const std::shared_ptr<SharedExchange>& exchange);
  void Linger(const std::shared_ptr<SharedExchange>& exchange, LateCall late_end);
  void EndLinger(SharedExchange& exchange);
  void AbandonAt(TimePoint end, const std::shared_ptr<SharedExchange>& exchange);
  void OnFinished(const std::shared_ptr<SharedExchange>& exchange, const std::exception_ptr& exception);

  Loop& loop_;
  const Clock& clock_;
  const Duration linger_;
  std::list<std::shared_ptr<SharedExchange>> running_;
  std::list<std::shared_ptr<SharedExchange>> lingering_;
  std::function<void()> on_idle_;
  std::optional<LoopTimer> drain_timer_;
};

}  // namespace session_gateway
