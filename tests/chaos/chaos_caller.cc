#include "tests/chaos/chaos_caller.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/channel.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;
using Clock = std::chrono::steady_clock;

constexpr int kChannels = 2;
constexpr char kOutcomeTrailer[] = "session-gateway-outcome";

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details())) return info;
  for (const auto& any : details.details()) {
    if (any.UnpackTo(&info)) break;
  }
  return info;
}

std::string Member(const google::rpc::ErrorInfo& info, const std::string& name) {
  const auto found = info.metadata().find(name);
  return found == info.metadata().end() ? std::string() : found->second;
}

class PendingCall {
 public:
  PendingCall(std::size_t call_number, std::chrono::milliseconds call_deadline)
      : number(call_number), deadline(call_deadline), begun(Clock::now()) {
    context.set_deadline(std::chrono::system_clock::now() + deadline);
  }
  virtual ~PendingCall() = default;

  ChaosTold Told() const {
    ChaosTold told;
    told.deadline = deadline;
    told.took = Clock::now() - begun;
    if (status.ok()) {
      if (!HasId()) told.problems = "an OK without an id";
      return told;
    }
    const google::rpc::ErrorInfo info = InfoOf(status);
    told.by_gateway = status.error_code() != grpc::DEADLINE_EXCEEDED || !status.error_details().empty();
    told.code = absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
    told.message = status.error_message();
    told.reason = info.reason();
    told.outcome = Member(info, "outcome");
    told.phase = Member(info, "phase");
    if (info.domain() != "sessiongateway.v1")
      absl::StrAppend(&told.problems, "not an error of the gateway's; ");
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto trailer = trailers.find(kOutcomeTrailer);
    if (trailer == trailers.end() || trailer->second != told.outcome) {
      absl::StrAppend(&told.problems, "the outcome's trailer is missing or differs; ");
    }
    if (told.phase.empty()) absl::StrAppend(&told.problems, "no phase; ");
    if (told.code == "UNAVAILABLE" && told.outcome != "not_sent") {
      absl::StrAppend(&told.problems, "UNAVAILABLE although something may have been sent; ");
    }
    return told;
  }

  const std::size_t number;
  const std::chrono::milliseconds deadline;
  const Clock::time_point begun;
  grpc::ClientContext context;
  grpc::Status status;

 private:
  virtual bool HasId() const = 0;
};

class SymphonyCall final : public PendingCall {
 public:
  using PendingCall::PendingCall;
  v1::CreateSessionResponse response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CreateSessionResponse>> reader;

 private:
  bool HasId() const override { return !response.session_id().empty(); }
};

class QlikCall final : public PendingCall {
 public:
  using PendingCall::PendingCall;
  v1::CreateExecutionSessionResponse response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CreateExecutionSessionResponse>> reader;

 private:
  bool HasId() const override { return !response.execution_session().id().empty(); }
};

}  // namespace

class ChaosCaller::Impl {
 public:
  Impl(const std::string& address, SandboxUpstream upstream, std::size_t body_bytes) : upstream_(upstream) {
    for (int i = 0; i < kChannels; ++i) stubs_.push_back(v1::SessionGateway::NewStub(ConnectTo(address)));
    symphony_request_.set_application_name("chaos");
    symphony_request_.mutable_session()->set_session_name("s");
    if (body_bytes > 0) {
      symphony_request_.mutable_session()->add_common_data()->set_string_chars(std::string(body_bytes, 'x'));
    }
    auto& row = *qlik_request_.mutable_execution_session();
    row.set_user("chaos");
    if (body_bytes > 0)
      row.mutable_execution_result()->add_details()->set_message(std::string(body_bytes, 'x'));
    poller_ = std::thread([this] { Poll(); });
  }

  ~Impl() {
    queue_.Shutdown();
    poller_.join();
  }

  // The queue owns a call until its event comes.
  void Start(std::chrono::milliseconds deadline) {
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = told_.size();
      told_.emplace_back();
      ++pending_;
    }
    v1::SessionGateway::Stub& stub = *stubs_[number % stubs_.size()];
    if (upstream_ == SandboxUpstream::kSymphony) {
      auto* const call = new SymphonyCall(number, deadline);
      call->reader = stub.AsyncCreateSession(&call->context, symphony_request_, &queue_);
      call->reader->Finish(&call->response, &call->status, static_cast<PendingCall*>(call));
    } else {
      auto* const call = new QlikCall(number, deadline);
      call->reader = stub.AsyncCreateExecutionSession(&call->context, qlik_request_, &queue_);
      call->reader->Finish(&call->response, &call->status, static_cast<PendingCall*>(call));
    }
  }

  // Until fewer are in flight.
  void WaitForRoom(int in_flight) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pending_ < in_flight; });
  }

  std::vector<ChaosTold> WaitForAll() {
    WaitForRoom(1);
    const std::lock_guard lock(mutex_);
    return std::exchange(told_, {});
  }

 private:
  // gRPC moves a call on only while somebody waits for its events.
  void Poll() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
      const std::unique_ptr<PendingCall> call(static_cast<PendingCall*>(tag));
      const std::lock_guard lock(mutex_);
      told_[call->number] = call->Told();
      --pending_;
      changed_.notify_all();
    }
  }

  const SandboxUpstream upstream_;
  std::vector<std::unique_ptr<v1::SessionGateway::Stub>> stubs_;
  v1::CreateSessionRequest symphony_request_;
  v1::CreateExecutionSessionRequest qlik_request_;
  grpc::CompletionQueue queue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ChaosTold> told_;
  int pending_ = 0;
  std::thread poller_;
};

ChaosCaller::ChaosCaller(const std::string& address, SandboxUpstream upstream, std::size_t body_bytes)
    : impl_(std::make_unique<Impl>(address, upstream, body_bytes)) {}
ChaosCaller::~ChaosCaller() = default;

ChaosTold ChaosCaller::Call(std::chrono::milliseconds deadline) {
  impl_->Start(deadline);
  return impl_->WaitForAll().back();
}

void ChaosCaller::Start(std::chrono::milliseconds deadline) { impl_->Start(deadline); }
std::vector<ChaosTold> ChaosCaller::WaitForAll() { return impl_->WaitForAll(); }

std::vector<ChaosTold> ChaosCaller::Run(int calls, int in_flight, const Deadlines& deadlines) {
  for (int started = 0; started < calls; ++started) {
    impl_->WaitForRoom(in_flight);
    impl_->Start(deadlines(started));
  }
  return impl_->WaitForAll();
}

void ChaosTally::Add(const ChaosTold& told) {
  ++calls;
  done += told.outcome == "done" ? 1 : 0;
  // Who was told nothing knows nothing.
  unknown += told.outcome == "unknown" || !told.by_gateway ? 1 : 0;
  refused += told.outcome == "refused" ? 1 : 0;
  not_sent += told.outcome == "not_sent" ? 1 : 0;
}

std::string ChaosTally::Words() const {
  return absl::StrCat(calls, " calls: ", done, " done, ", unknown, " unknown, ", refused, " refused, ",
                      not_sent, " not sent");
}

}  // namespace session_gateway
