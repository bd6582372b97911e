// The life of one call, whatever its messages are:
//
//   listening --arrives--> running --logic ends--> finishing --both events--> gone
//        `--server shuts down--> gone    `--refused (bound, drain)--^
//
// A call is finished exactly once. It is destroyed only when everything that could still name it has come:
// the event of Finish, the notice that gRPC is done with the call, and the handler of its timer.
//
// A call that listens belongs to gRPC. When it arrives its request says which lane it runs on; from then on
// it belongs to that lane's table.
//
// Thread rule: the loop thread of its lane only, but for its making, and for the queue's thread, on which
// gRPC writes the request and the lane is chosen. Never here: the messages (call.h), what an RPC does
// (handler.h).
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
#include "server/rpc/event_inbox.h"
#include "server/rpc/lanes.h"
#include "translator/rpc_error.h"

namespace session_gateway {

class CallBase {
 public:
  virtual ~CallBase() = default;
  CallBase(const CallBase&) = delete;
  CallBase& operator=(const CallBase&) = delete;

  // Waits for a caller. Any thread.
  static void Listen(std::unique_ptr<CallBase> call);

  void set_slot(CallTable::Slot slot) { slot_ = slot; }
  // Ends the wait of a running call because the server's time for draining is over.
  void StopForDrain();

 protected:
  // `lane` serves the queue that the call comes by.
  CallBase(Lanes& lanes, CallTable& lane, std::string_view method, Upstream upstream);

  // Asks gRPC for the next caller.
  virtual void AwaitCaller() = 0;
  // The next call of this method.
  virtual std::unique_ptr<CallBase> MakeNext() const = 0;
  // Of the request that has arrived; empty when it has none.
  virtual std::string_view request_id() const = 0;
  virtual Task<std::optional<RpcError>> Handle(SessionGatewayHandler& handler, CallContext& context) = 0;
  virtual void FinishOk(void* tag) = 0;
  virtual void FinishWithError(const grpc::Status& status, void* tag) = 0;

  grpc::ServerContext& server_context() { return server_context_; }
  // To be given to gRPC at once.
  void* arrived_tag() {
    arrived_.HandOver();
    return static_cast<EventTarget*>(&arrived_);
  }

 private:
  class Arrival final : public EventTarget {
   public:
    explicit Arrival(CallBase& call) : call_(call) {}
    EventInbox& Inbox(bool ok) override { return call_.ChooseLane(ok); }
    void OnEvent(bool ok) override { call_.OnArrived(ok); }

   private:
    CallBase& call_;
  };
  class Event final : public EventTarget {
   public:
    Event(CallBase& call, void (CallBase::*on_event)(bool)) : call_(call), on_event_(on_event) {}
    EventInbox& Inbox(bool) override { return call_.table_->inbox(); }
    void OnEvent(bool ok) override { (call_.*on_event_)(ok); }

   private:
    CallBase& call_;
    void (CallBase::*on_event_)(bool);
  };

  // On the queue's thread, before anything else happens to a call that has arrived.
  EventInbox& ChooseLane(bool ok);
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

  const CallPresence presence_;  // first: the call counts until nothing of it is left
  Lanes& lanes_;
  CallTable& own_lane_;
  CallTable* table_ = nullptr;  // of the lane that it runs on, once it has arrived
  const std::string_view method_;
  const Upstream upstream_;
  CallTable::Slot slot_;
  grpc::ServerContext server_context_;
  Arrival arrived_{*this};
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
