// One call of one RPC: the messages and the three typed steps that CallBase asks for. One template for all
// RPCs.
//
// Thread rule: as call_base.h. Never here: anything that is the same for all RPCs.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <memory>
#include <optional>
#include <string_view>

#include "server/rpc/call_base.h"
#include "server/rpc/handler.h"
#include "sessiongateway/v1/session_gateway.grpc.pb.h"

namespace session_gateway {

// An RPC as the frame needs it: how to ask gRPC for its next call, and the logic.
template <typename Request, typename Response>
struct RpcMethod {
  using Service = sessiongateway::v1::SessionGateway::AsyncService;

  std::string_view name;  // outlives the server
  Upstream upstream;
  void (Service::*request)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                           grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*);
  Task<std::optional<RpcError>> (SessionGatewayHandler::*handle)(Request&, Response&, CallContext&);
};

// What the calls are made on; outlives them.
struct RpcBinding {
  Lanes& lanes;
  CallTable& lane;  // that serves the queue
  sessiongateway::v1::SessionGateway::AsyncService& service;
  grpc::ServerCompletionQueue& queue;
};

template <typename Request, typename Response>
class Call final : public CallBase {
 public:
  using Method = RpcMethod<Request, Response>;

  Call(const RpcBinding& binding, const Method& method)
      : CallBase(binding.lanes, binding.lane, method.name, method.upstream),
        binding_(binding),
        method_(method) {}

 private:
  void AwaitCaller() override {
    (binding_.service.*method_.request)(&server_context(), &request_, &responder_, &binding_.queue,
                                        &binding_.queue, arrived_tag());
  }
  std::unique_ptr<CallBase> MakeNext() const override { return std::make_unique<Call>(binding_, method_); }

  std::string_view request_id() const override { return request_.request_id(); }

  Task<std::optional<RpcError>> Handle(SessionGatewayHandler& handler, CallContext& context) override {
    response_ = google::protobuf::Arena::CreateMessage<Response>(&arena_);
    return (handler.*method_.handle)(request_, *response_, context);
  }

  void FinishOk(void* tag) override { responder_.Finish(*response_, grpc::Status::OK, tag); }
  void FinishWithError(const grpc::Status& status, void* tag) override {
    responder_.FinishWithError(status, tag);
  }

  const RpcBinding binding_;
  const Method method_;
  // The request is on the heap: gRPC parses one malformed request after another into the same listening call,
  // and an arena would keep the pieces of all of them.
  Request request_;
  google::protobuf::Arena arena_;
  Response* response_ = nullptr;
  grpc::ServerAsyncResponseWriter<Response> responder_{&server_context()};
};

}  // namespace session_gateway
