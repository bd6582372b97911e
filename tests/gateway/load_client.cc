#include "tests/gateway/load_client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/channel.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr int kConnections = 4;
constexpr auto kCallTimeout = std::chrono::seconds(60);

class PendingCall {
 public:
  virtual ~PendingCall() = default;
  virtual void Count(LoadResult& result) const = 0;
};

template <typename Response>
class TypedCall : public PendingCall {
 public:
  TypedCall() { context.set_deadline(std::chrono::system_clock::now() + kCallTimeout); }

  void Count(LoadResult& result) const override {
    if (status.ok() && HasId()) {
      ++CounterOf(result);
      return;
    }
    ++result.errors;
    if (result.first_error.empty()) {
      result.first_error = status.ok() ? "an answer without an id"
                                       : std::to_string(status.error_code()) + ": " + status.error_message();
    }
  }

  grpc::ClientContext context;
  Response response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;

 private:
  virtual bool HasId() const = 0;
  virtual int& CounterOf(LoadResult& result) const = 0;
};

class SymphonyCall final : public TypedCall<v1::CreateSessionResponse> {
  bool HasId() const override { return !response.session_id().empty(); }
  int& CounterOf(LoadResult& result) const override { return result.symphony_calls; }
};

class QlikCall final : public TypedCall<v1::CreateExecutionSessionResponse> {
  bool HasId() const override { return !response.execution_session().id().empty(); }
  int& CounterOf(LoadResult& result) const override { return result.qlik_calls; }
};

std::vector<std::shared_ptr<grpc::Channel>> Connections(const std::string& address) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kConnections; ++i) channels.push_back(ConnectTo(address));
  return channels;
}

v1::CreateSessionRequest SymphonyRequest() {
  v1::CreateSessionRequest request;
  request.set_application_name("symping7.3.2");
  auto& session = *request.mutable_session();
  session.set_session_name("load");
  session.set_session_priority(10);
  session.add_common_data()->set_uint32(4);
  session.add_common_data()->set_bytes(std::string(256, 'x'));
  session.add_resource_attribute_definition()->set_default_value(20);
  (*session.mutable_attributes())["sessionRetryLimit"] = "1";
  return request;
}

v1::CreateExecutionSessionRequest QlikRequest() {
  v1::CreateExecutionSessionRequest request;
  request.set_privileges(true);
  auto& row = *request.mutable_execution_session();
  row.set_user("load");
  row.mutable_created_date()->set_seconds(948603367);
  row.mutable_execution_result()->set_duration(5);
  row.mutable_execution_result()->add_details()->set_message(std::string(256, 'x'));
  return request;
}

}  // namespace

class LoadClient::Impl {
 public:
  explicit Impl(const std::vector<std::shared_ptr<grpc::Channel>>& channels) {
    for (const auto& channel : channels) stubs_.push_back(v1::SessionGateway::NewStub(channel));
  }

  ~Impl() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) continue;
  }

  LoadResult Run(int calls, int in_flight) {
    LoadResult result;
    int started = 0;
    while (started < std::min(calls, in_flight)) Start(started++);
    for (int ended = 0; ended < calls; ++ended) {
      void* tag = nullptr;
      bool ok = false;
      if (!queue_.Next(&tag, &ok)) break;
      const std::unique_ptr<PendingCall> call(static_cast<PendingCall*>(tag));
      call->Count(result);
      if (started < calls) Start(started++);
    }
    return result;
  }

 private:
  void Start(int number) {
    v1::SessionGateway::Stub& stub = *stubs_[static_cast<std::size_t>(number / 2) % stubs_.size()];
    if (number % 2 == 0) {
      auto* const call = new SymphonyCall;  // owned by the queue until its event comes
      call->reader = stub.AsyncCreateSession(&call->context, symphony_request_, &queue_);
      call->reader->Finish(&call->response, &call->status, static_cast<PendingCall*>(call));
    } else {
      auto* const call = new QlikCall;
      call->reader = stub.AsyncCreateExecutionSession(&call->context, qlik_request_, &queue_);
      call->reader->Finish(&call->response, &call->status, static_cast<PendingCall*>(call));
    }
  }

  const v1::CreateSessionRequest symphony_request_ = SymphonyRequest();
  const v1::CreateExecutionSessionRequest qlik_request_ = QlikRequest();
  std::vector<std::unique_ptr<v1::SessionGateway::Stub>> stubs_;
  grpc::CompletionQueue queue_;
};

LoadClient::LoadClient(const std::string& address) : LoadClient(Connections(address)) {}
LoadClient::LoadClient(const std::vector<std::shared_ptr<grpc::Channel>>& channels)
    : impl_(std::make_unique<Impl>(channels)) {}
LoadClient::~LoadClient() = default;
LoadResult LoadClient::Run(int calls, int in_flight) { return impl_->Run(calls, in_flight); }

}  // namespace session_gateway
