// One exchange of the engine on cpp-httplib: the Stream's side of it in a worker thread, and the view of it
// that the loop thread has meanwhile.
//
// What is written first is written by the loop, so that a stop in the same turn knows it. From then on the
// worker writes the rest, waits and reads, and every step on the socket that changes what the loop may ask
// for is made under one mutex; none of them waits. A stop wakes the worker in whatever it waits for: the
// deadline is one for the whole exchange, and the call's frame holds it.
//
// Thread rule: made, begun and concluded on the loop thread; Work on a worker; has_left, Peek, Abandon and
// CutBody on the loop thread at any time between. Never here: connecting, the pool, a second try.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "server/call_context.h"
#include "server/upstream/answer_gate.h"
#include "server/upstream/blocking_connection.h"
#include "server/upstream/httplib_reader.h"
#include "server/upstream/worker_threads.h"

namespace session_gateway {

class HttplibExchange final : public Wire, public BlockingJob, private AnswerSource {
 public:
  // `on_error_body` is called by the worker, once at most, when the header of an answer that creates nothing
  // is whole and its body is not. All arguments outlive the exchange.
  HttplibExchange(BlockingConnection& connection, const EngineLimits& limits, const std::string& origin,
                  std::function<void()> on_error_body)
      : connection_(connection), gate_(limits), origin_(origin), on_error_body_(std::move(on_error_body)) {}

  void Begin(std::string_view head, std::string_view body) { connection_.StartWrite(head, body); }
  void Work(WorkerTools& tools) override;

  bool has_left() const override;
  SendResult Peek(StopReason reason) const override;
  void Abandon() override;
  // The body is not waited for any longer: what came of it is handed on as one that was cut.
  void CutBody();

  // After Work: the connection may carry another exchange.
  bool IsClean() const;
  // After Work, or where it never began; once.
  SendResult Conclude(StopReason stopped);

 private:
  bool Pull() override;
  AnswerGate& gate() override { return gate_; }
  void TakeBody(std::string_view piece) override;

  IoNeed WriteOn();
  bool TakeStop();
  void Feed(std::string_view bytes);
  void LookOnceMore();
  HttpReply Reply(std::string body, BodyState body_state) const;

  BlockingConnection& connection_;
  mutable std::mutex mutex_;  // of all below, of the connection's write and of the gate's answer
  AnswerGate gate_;
  std::string body_;
  bool is_abandoned_ = false;
  bool is_cut_ = false;
  Wakeup* wakeup_ = nullptr;  // of the worker, while it works

  // The worker's own, and the loop's after Work.
  const std::string& origin_;
  const std::function<void()> on_error_body_;
  bool error_body_told_ = false;
  bool ended_by_stop_ = false;
  bool disagreed_ = false;
  boost::system::error_code read_error_;
};

}  // namespace session_gateway
