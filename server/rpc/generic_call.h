// One call of a method that no generated service has: messages come and go as bytes.
//
//   listening --arrives--> open --Finish--> finishing --all events--> gone
//        `--server shuts down--> gone
//
// A call is finished exactly once, by its method's logic, by the drain, or because its caller has gone. It is
// destroyed only when every operation that was begun on it has ended, and gRPC has said that it is done.
//
// Thread rule: the loop thread of the first lane only, but for its making. Never here: which method is called
// and what it does (generic_method.h), how many calls there may be (generic_services.h).
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <list>
#include <memory>
#include <string>

#include "server/rpc/event_inbox.h"
#include "server/rpc/generic_method.h"
#include "server/rpc/lanes.h"

namespace session_gateway {

class GenericServices;

class GenericCall final : public GenericStream {
 public:
  using Slot = std::list<std::unique_ptr<GenericCall>>::iterator;

  GenericCall(GenericServices& services, Lanes& lanes);
  ~GenericCall();

  // Waits for a caller. Any thread.
  static void Listen(std::unique_ptr<GenericCall> call);

  void set_slot(Slot slot) { slot_ = slot; }
  Slot slot() const { return slot_; }
  const std::string& method() const { return context_.method(); }
  // Null when no logic takes the call.
  const GenericMethod* logic() const { return logic_.get(); }

  // The logic that is told what comes; or, for a call that no logic takes, Finish.
  void Run(std::unique_ptr<GenericMethod> logic);
  // The server stops: the call ends, after what is just being written.
  void EndForDrain();
  // Whatever is under way on it fails at once.
  void Cut();
  bool is_cut() const { return is_cut_; }

  void Read() override;
  void Write(const std::string& message) override;
  void WriteAndFinish(const std::string& message) override;
  void Finish(const grpc::Status& status) override;

 private:
  class Event final : public EventTarget {
   public:
    Event(GenericCall& call, void (GenericCall::*on_event)(bool)) : call_(call), on_event_(on_event) {}
    EventInbox& Inbox(bool) override { return call_.lanes_.tables().front().inbox(); }
    void OnEvent(bool ok) override { (call_.*on_event_)(ok); }

   private:
    GenericCall& call_;
    void (GenericCall::*on_event_)(bool);
  };

  void OnArrived(bool ok);
  void OnDone(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  void* Begin(Event& event);
  // Tells the logic something, unless the call is finished.
  template <typename Action>
  void Tell(Action action);
  // Last statement of its caller: the call may be gone afterwards.
  void Release();

  const CallPresence presence_;
  GenericServices& services_;
  Lanes& lanes_;
  Slot slot_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  Event arrived_{*this, &GenericCall::OnArrived};
  Event done_{*this, &GenericCall::OnDone};
  Event read_{*this, &GenericCall::OnRead};
  Event written_{*this, &GenericCall::OnWritten};
  Event finished_{*this, &GenericCall::OnFinished};
  grpc::ByteBuffer message_;
  std::unique_ptr<GenericMethod> logic_;
  int awaited_ = 0;  // events that must still come before the call may be destroyed
  bool writing_ = false;
  bool finish_called_ = false;
  bool is_ending_ = false;
  bool is_cut_ = false;
  bool is_gone_ = false;  // gRPC has ended the call
};

}  // namespace session_gateway
