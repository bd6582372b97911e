// The life of one call, whatever its messages are:
//
//   listening --arrives--> running --logic ends--> finishing --both events--> gone
//        `--server shuts down--> gone    `--refused (bound, drain)--^
//
// A call is finished exactly once. It is destroyed only when everything that could still name it has come:
// the event of Finish, the notice that gRPC is done with the call, and the handler of its timer.
//
// Thread rule: loop thread only, but for gRPC, which writes the request of a listening call on the queue's
// thread. Never here: the messages (call.h), what an RPC does (handler.h).
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/call_context.h"
#include "server/event_loop.h"
#include "server/rpc/call_table.h"
#include "server/rpc/completion_queue_driver.h"
#include "translator/rpc_error.h"

namespace session_gateway {

class CallBase {
 public:
  virtual ~CallBase() = default;
  CallBase(const CallBase&) = delete;
  CallBase& operator=(const CallBase&) = delete;

  void set_slot(CallTable::Slot slot) { slot_ = slot; }
  virtual void Listen() = 0;
  // Ends the wait of a running call because the server's time for draining is over.
  void StopForDrain();

 protected:
  CallBase(CallTable& table, std::string_view method, Upstream upstream);

  // The next call of this method.
  virtual std::unique_ptr<CallBase> MakeNext() const = 0;
  virtual Task<std::optional<RpcError>> Handle(CallContext& context) = 0;
  virtual void FinishOk(void* tag) = 0;
  virtual void FinishWithError(const grpc::Status& status, void* tag) = 0;

  grpc::ServerContext& server_context() { return server_context_; }
  void* arrived_tag() { return static_cast<EventTarget*>(&arrived_); }

 private:
  class Event final : public EventTarget {
   public:
    Event(CallBase& call, void (CallBase::*on_event)(bool)) : call_(call), on_event_(on_event) {}
    void OnEvent(bool ok) override { (call_.*on_event_)(ok); }

   private:
    CallBase& call_;
    void (CallBase::*on_event_)(bool);
  };

  void OnArrived(bool ok);
  void OnDone(bool ok);
  void OnFinished(bool ok);
  void OnTimer();
  void StartTimer();
  // False when the call was refused instead.
  bool TakeCaller();
  void Run();
  Task<void> RunLogic();
  void Refuse(absl::StatusCode code, Reason reason, std::string_view message);
  void EndByException(const std::exception_ptr& exception);
  void End(std::string_view exception);
  void Finish();
  void WriteLog(std::string_view exception) const;
  // Last statement of its caller: the call may be gone afterwards.
  void Release();

  CallTable& table_;
  const std::string_view method_;
  const Upstream upstream_;
  CallTable::Slot slot_;
  grpc::ServerContext server_context_;
  Event arrived_{*this, &CallBase::OnArrived};
  Event done_{*this, &CallBase::OnDone};
  Event finished_{*this, &CallBase::OnFinished};
  TimePoint arrival_;
  std::optional<CallContext> context_;
  std::optional<LoopTimer> timer_;
  std::optional<RpcError> error_;  // what the call ends with; nothing is OK
  int awaited_ = 0;                // what must still come before the call may be destroyed
  bool running_ = false;
  bool finish_called_ = false;
  bool is_gone_ = false;  // gRPC has ended the call: whatever it is answered, nobody gets it
  bool caller_left_ = false;
  bool stopped_for_drain_ = false;
};

// The gateway's own deadline: it ends a little before the caller's, so that the caller sees the details of
// the error before its own timer fires. `left` is the time that the caller gave, nothing when it gave none.
TimePoint CallDeadline(TimePoint arrival, std::optional<Duration> left, const CallLimits& limits);

}  // namespace session_gateway
