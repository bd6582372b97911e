// The services that come with the gateway's own: health and reflection, on the first lane's loop and on the
// queue that it has anyway. gRPC's ready ones bring threads of their own, which wait for events in turns with
// the queue's thread and cost every call (docs/decisions/server-model.md).
//
// Thread rule: Register, Listen, the constructor and the destructor on the owner's thread, all else on the
// first lane's loop. Never here: the gateway's own RPCs, what health and reflection answer.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>

#include <cstddef>
#include <list>
#include <memory>

#include "server/event_loop.h"
#include "server/rpc/generic_call.h"
#include "server/rpc/health.h"
#include "server/rpc/lanes.h"
#include "server/rpc/reflection.h"

namespace session_gateway {

class GenericServices {
 public:
  // Streams of health watchers and of reflection that are open at once, and, apart from these, other calls:
  // however many watch, a check is answered. One more stream is refused; for one more check the oldest that
  // its caller holds up is cut.
  static constexpr std::size_t kStreamsMax = 1000;
  static constexpr std::size_t kChecksMax = 1000;

  explicit GenericServices(Lanes& lanes);
  GenericServices(const GenericServices&) = delete;
  GenericServices& operator=(const GenericServices&) = delete;

  void Register(grpc::ServerBuilder& builder) { builder.RegisterAsyncGenericService(&service_); }
  // Calls arrive through that queue, which is of the first lane. Once, when the server has started.
  void Listen(grpc::ServerCompletionQueue& queue);

  // Health says NOT_SERVING from now on.
  void BeginDrain() { health_.StopServing(); }
  // The streams end, and a moment later what is still there is cut. Checks are answered.
  void EndStreams();
  // No call is left.
  void Close() { cut_timer_.cancel(); }

  // For GenericCall only.
  void Request(grpc::GenericServerContext& context, grpc::GenericServerAsyncReaderWriter& stream, void* tag);
  void Take(std::unique_ptr<GenericCall> call);
  void Remove(GenericCall::Slot slot);

 private:
  // Null for a method that there is not.
  std::unique_ptr<GenericMethod> MakeLogic(GenericCall& call);
  // Which of the two bounds the call counts for.
  std::size_t& Running(const GenericMethod& logic) { return logic.is_stream() ? streams_ : checks_; }
  // Not what is cut: it is about to go.
  static bool Counts(const GenericCall& call) { return call.logic() != nullptr && !call.is_cut(); }
  void CutOldestCheck();

  Lanes& lanes_;
  grpc::AsyncGenericService service_;
  grpc::ServerCompletionQueue* queue_ = nullptr;
  LoopTimer cut_timer_;
  Health health_;
  Reflection reflection_;
  std::list<std::unique_ptr<GenericCall>> calls_;
  // Of calls_, those that count.
  std::size_t streams_ = 0;
  std::size_t checks_ = 0;
  bool ending_ = false;
};

}  // namespace session_gateway
