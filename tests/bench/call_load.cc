#include "tests/bench/call_load.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/bench/translate_steps.h"
#include "tests/exchange/channel.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr auto kCallTimeout = std::chrono::seconds(60);

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

bool HasId(const v1::CreateSessionResponse& response) { return !response.session_id().empty(); }
bool HasId(const v1::CreateExecutionSessionResponse& response) {
  return !response.execution_session().id().empty();
}

struct Pending {
  virtual ~Pending() = default;
  virtual void Judge() const = 0;

  grpc::ClientContext context;
  grpc::Status status;
};

template <typename Response>
struct PendingCall final : Pending {
  void Judge() const override {
    if (!status.ok()) Fail("a call failed: " + status.error_message());
    if (!HasId(response)) Fail("an answer has no id");
  }

  Response response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
};

}  // namespace

class CallLoad::Parts {
 public:
  Parts(const std::string& address, const CallSamples& samples, int connections) {
    session_.set_application_name("symping7.3.2");
    FillFromSample(samples.symphony, *session_.mutable_session());
    FillFromSample(samples.qlik, *row_.mutable_execution_session());
    for (int i = 0; i < connections; ++i) stubs_.push_back(v1::SessionGateway::NewStub(ConnectTo(address)));
  }
  ~Parts() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) continue;
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void Run(const CallKind& kind, int calls, int in_flight) {
    int started = 0;
    while (started < std::min(calls, in_flight)) Start(kind, started++);
    for (int ended = 0; ended < calls; ++ended) {
      void* tag = nullptr;
      bool ok = false;
      if (!queue_.Next(&tag, &ok)) Fail("the queue of calls has ended");
      const std::unique_ptr<Pending> call(static_cast<Pending*>(tag));
      call->Judge();
      if (started < calls) Start(kind, started++);
    }
  }

 private:
  void Start(const CallKind& kind, int number) {
    v1::SessionGateway::Stub& stub = *stubs_[static_cast<std::size_t>(number) % stubs_.size()];
    if (kind.upstream == Upstream::kSymphony) {
      Start(kind, stub, session_, &v1::SessionGateway::Stub::AsyncCreateSession);
    } else {
      Start(kind, stub, row_, &v1::SessionGateway::Stub::AsyncCreateExecutionSession);
    }
  }

  template <typename Request, typename Response>
  void Start(const CallKind& kind, v1::SessionGateway::Stub& stub, Request& request,
             std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (v1::SessionGateway::Stub::*begin)(
                 grpc::ClientContext*, const Request&, grpc::CompletionQueue*)) {
    request.clear_request_id();
    if (kind.with_request_id) request.set_request_id(BenchRequestId(++made_));
    auto* const call = new PendingCall<Response>;  // the queue's, until its event comes
    call->context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    call->reader = (stub.*begin)(&call->context, request, &queue_);
    call->reader->Finish(&call->response, &call->status, static_cast<Pending*>(call));
  }

  v1::CreateSessionRequest session_;
  v1::CreateExecutionSessionRequest row_;
  std::vector<std::unique_ptr<v1::SessionGateway::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  std::uint64_t made_ = 0;
};

CallLoad::CallLoad(const std::string& address, const CallSamples& samples, int connections)
    : parts_(std::make_unique<Parts>(address, samples, connections)) {}
CallLoad::~CallLoad() = default;

void CallLoad::Run(const CallKind& kind, int calls, int in_flight) { parts_->Run(kind, calls, in_flight); }

std::string NameOf(const CallKind& kind) {
  return std::string(UpstreamName(kind.upstream)) + (kind.with_request_id ? "_once" : "");
}

}  // namespace session_gateway
