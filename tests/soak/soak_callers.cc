#include "tests/soak/soak_callers.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <deque>
#include <mutex>
#include <random>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/channel.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kChannels = 4;
constexpr milliseconds kPatient(1000);
constexpr char kOutcomeTrailer[] = "session-gateway-outcome";
constexpr std::size_t kTagsKept = 20'000;
constexpr std::size_t kProblemsMax = 20;

class SoakCall {
 public:
  SoakCall(SandboxUpstream the_upstream, std::string the_tag)
      : upstream(the_upstream), tag(std::move(the_tag)) {}
  virtual ~SoakCall() = default;
  virtual void Start(v1::SessionGateway::Stub& stub, grpc::CompletionQueue& queue) = 0;
  virtual std::string Id() const = 0;
  virtual std::string AnsweredTag() const = 0;

  const SandboxUpstream upstream;
  const std::string tag;
  std::optional<Clock::time_point> leaves_at;
  bool left = false;
  bool patient = false;
  grpc::ClientContext context;
  grpc::Status status;
};

class SymphonyCall final : public SoakCall {
 public:
  explicit SymphonyCall(std::string the_tag) : SoakCall(SandboxUpstream::kSymphony, std::move(the_tag)) {
    request_.set_application_name(tag);
    request_.mutable_session()->add_common_data()->set_bytes(std::string(256, 'x'));
  }
  void Start(v1::SessionGateway::Stub& stub, grpc::CompletionQueue& queue) override {
    reader_ = stub.AsyncCreateSession(&context, request_, &queue);
    reader_->Finish(&response_, &status, static_cast<SoakCall*>(this));
  }
  std::string Id() const override { return response_.session_id(); }
  std::string AnsweredTag() const override { return response_.application_name(); }

 private:
  v1::CreateSessionRequest request_;
  v1::CreateSessionResponse response_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CreateSessionResponse>> reader_;
};

class QlikCall final : public SoakCall {
 public:
  explicit QlikCall(std::string the_tag) : SoakCall(SandboxUpstream::kQlik, std::move(the_tag)) {
    auto& row = *request_.mutable_execution_session();
    row.set_user(tag);
    row.mutable_execution_result()->add_details()->set_message(std::string(256, 'x'));
  }
  void Start(v1::SessionGateway::Stub& stub, grpc::CompletionQueue& queue) override {
    reader_ = stub.AsyncCreateExecutionSession(&context, request_, &queue);
    reader_->Finish(&response_, &status, static_cast<SoakCall*>(this));
  }
  std::string Id() const override { return response_.execution_session().id(); }
  std::string AnsweredTag() const override { return response_.execution_session().user(); }

 private:
  v1::CreateExecutionSessionRequest request_;
  v1::CreateExecutionSessionResponse response_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CreateExecutionSessionResponse>> reader_;
};

std::string OutcomeOf(const SoakCall& call) {
  const auto& trailers = call.context.GetServerTrailingMetadata();
  const auto found = trailers.find(kOutcomeTrailer);
  return found == trailers.end() ? std::string() : std::string(found->second.data(), found->second.size());
}

}  // namespace

class SoakCallers::Impl {
 public:
  Impl(const std::string& address, int in_flight, std::uint64_t seed) : in_flight_(in_flight), dice_(seed) {
    for (int i = 0; i < kChannels; ++i) stubs_.push_back(v1::SessionGateway::NewStub(ConnectTo(address)));
  }

  ~Impl() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) continue;
  }

  void Run(Clock::time_point end) {
    for (;;) {
      while (static_cast<int>(running_.size()) < in_flight_ && Clock::now() < end) StartOne();
      if (running_.empty()) return;
      void* tag = nullptr;
      bool ok = false;
      const auto soon = std::chrono::system_clock::now() + milliseconds(5);
      if (queue_.AsyncNext(&tag, &ok, soon) == grpc::CompletionQueue::GOT_EVENT) {
        EndOne(static_cast<SoakCall*>(tag));
      }
      LeaveSome();
    }
  }

  SoakTally tally(SandboxUpstream upstream) const {
    const std::lock_guard lock(mutex_);
    return SideOf(upstream).tally;
  }
  std::optional<std::string> TagOf(SandboxUpstream upstream, const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto& tags = SideOf(upstream).tags;
    const auto found = tags.find(id);
    return found == tags.end() ? std::nullopt : std::optional(found->second);
  }
  std::map<std::string, int> problems() const {
    const std::lock_guard lock(mutex_);
    return problems_;
  }
  std::uint64_t patient() const {
    const std::lock_guard lock(mutex_);
    return patient_;
  }
  std::uint64_t overdue() const {
    const std::lock_guard lock(mutex_);
    return overdue_;
  }
  std::map<std::string, std::uint64_t> statuses() const {
    const std::lock_guard lock(mutex_);
    return statuses_;
  }

 private:
  struct Side {
    SoakTally tally;
    std::unordered_set<std::string> ids;                // of all OKs
    std::unordered_map<std::string, std::string> tags;  // by id, of the newest
    std::deque<std::string> order;                      // of `tags`, oldest first
  };

  const Side& SideOf(SandboxUpstream upstream) const { return sides_[static_cast<std::size_t>(upstream)]; }
  Side& SideOf(SandboxUpstream upstream) { return sides_[static_cast<std::size_t>(upstream)]; }

  int Percent() { return static_cast<int>(dice_() % 100); }

  milliseconds Deadline() {
    const int dice = Percent();
    if (dice < 5) return milliseconds(30);
    if (dice < 25) return milliseconds(250);
    return dice < 85 ? milliseconds(1000) : milliseconds(3000);
  }

  void StartOne() {
    const std::string tag = "call-" + std::to_string(++started_);
    std::unique_ptr<SoakCall> call;
    if (started_ % 2 == 0) {
      call = std::make_unique<SymphonyCall>(tag);
    } else {
      call = std::make_unique<QlikCall>(tag);
    }
    const milliseconds deadline = Deadline();
    call->patient = deadline >= kPatient;
    call->context.set_deadline(std::chrono::system_clock::now() + deadline);
    if (Percent() < 5) call->leaves_at = Clock::now() + milliseconds(dice_() % 200);
    {
      const std::lock_guard lock(mutex_);
      ++SideOf(call->upstream).tally.started;
    }
    SoakCall* const started = call.get();
    if (started->leaves_at) leaving_.insert(started);
    running_[started] = std::move(call);
    started->Start(*stubs_[started_ / 2 % stubs_.size()], queue_);
  }

  void LeaveSome() {
    const auto now = Clock::now();
    for (auto next = leaving_.begin(); next != leaving_.end();) {
      SoakCall& call = **next;
      if (now < *call.leaves_at) {
        ++next;
        continue;
      }
      call.left = true;
      call.context.TryCancel();
      next = leaving_.erase(next);
    }
  }

  void EndOne(SoakCall* ended) {
    leaving_.erase(ended);
    const auto found = running_.find(ended);
    const std::lock_guard lock(mutex_);
    Count(*ended, SideOf(ended->upstream));
    running_.erase(found);
  }

  void Problem(const std::string& text) {
    if (problems_.size() < kProblemsMax || problems_.contains(text)) ++problems_[text];
  }

  void Count(const SoakCall& call, Side& side) {
    const std::string status =
        absl::StatusCodeToString(static_cast<absl::StatusCode>(call.status.error_code()));
    ++statuses_[status];
    if (call.patient) ++patient_;
    if (call.status.ok()) return CountOk(call, side);
    const std::string outcome = OutcomeOf(call);
    if (outcome == "done") {
      ++side.tally.done;
    } else if (outcome == "unknown") {
      ++side.tally.unknown;
    } else if (outcome == "refused") {
      ++side.tally.refused;
    } else if (outcome == "not_sent") {
      ++side.tally.not_sent;
    } else {
      ++side.tally.untold;
      const bool own_timer = call.status.error_code() == grpc::DEADLINE_EXCEEDED;
      if (own_timer && call.patient) ++overdue_;
      if (!own_timer && !call.left) Problem(status + " without an outcome: " + call.status.error_message());
    }
    if (status == "UNAVAILABLE" && outcome != "not_sent") Problem("UNAVAILABLE, outcome '" + outcome + "'");
    if (status == "CANCELLED" && !call.left) Problem("CANCELLED by the gateway");
  }

  void CountOk(const SoakCall& call, Side& side) {
    ++side.tally.ok;
    const std::string id = call.Id();
    if (id.empty()) Problem("an OK without an id");
    if (call.AnsweredTag() != call.tag) Problem("the answer to another call");
    if (!side.ids.insert(id).second) Problem("two OKs with one id");
    side.tags[id] = call.tag;
    side.order.push_back(id);
    if (side.order.size() <= kTagsKept) return;
    side.tags.erase(side.order.front());
    side.order.pop_front();
  }

  const int in_flight_;
  std::mt19937_64 dice_;
  std::vector<std::unique_ptr<v1::SessionGateway::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  std::uint64_t started_ = 0;
  std::unordered_map<SoakCall*, std::unique_ptr<SoakCall>> running_;
  std::set<SoakCall*> leaving_;
  mutable std::mutex mutex_;
  // All below is guarded by mutex_.
  std::array<Side, 2> sides_;
  std::map<std::string, int> problems_;
  std::map<std::string, std::uint64_t> statuses_;
  std::uint64_t patient_ = 0;
  std::uint64_t overdue_ = 0;
};

SoakCallers::SoakCallers(const std::string& address, int in_flight, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(address, in_flight, seed)) {}
SoakCallers::~SoakCallers() = default;
void SoakCallers::Run(std::chrono::steady_clock::time_point end) { impl_->Run(end); }
SoakTally SoakCallers::tally(SandboxUpstream upstream) const { return impl_->tally(upstream); }
std::optional<std::string> SoakCallers::TagOf(SandboxUpstream upstream, const std::string& id) const {
  return impl_->TagOf(upstream, id);
}
std::map<std::string, int> SoakCallers::problems() const { return impl_->problems(); }
std::uint64_t SoakCallers::patient() const { return impl_->patient(); }
std::uint64_t SoakCallers::overdue() const { return impl_->overdue(); }
std::map<std::string, std::uint64_t> SoakCallers::statuses() const { return impl_->statuses(); }

}  // namespace session_gateway
