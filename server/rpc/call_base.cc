#include "server/rpc/call_base.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/core/demangle.hpp>
#include <chrono>
#include <exception>
#include <new>
#include <typeinfo>
#include <utility>
#include <variant>

#include "server/log.h"
#include "server/rpc/caller.h"

namespace session_gateway {
namespace {

constexpr Duration kMarginMax = std::chrono::milliseconds(100);
constexpr int kMarginDivisor = 10;

// Against gRPC's own monotonic clock: only the time that is left means the same to it and to us.
std::optional<Duration> TimeLeft(const grpc::ServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec left =
      gpr_time_sub(gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC), gpr_now(GPR_CLOCK_MONOTONIC));
  // A caller may name more seconds than nanoseconds can count.
  constexpr std::int64_t kSecondsMax = 1'000'000'000;
  return std::chrono::seconds(std::clamp<std::int64_t>(left.tv_sec, -kSecondsMax, kSecondsMax)) +
         std::chrono::nanoseconds(left.tv_nsec);
}

std::string TypeName(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& known) {
    return boost::core::demangle(typeid(known).name());
  } catch (...) {
    return "unknown";
  }
}

bool IsOutOfMemory(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (...) {
    return false;
  }
}

LogLevel LevelOf(absl::StatusCode code) {
  // A list of what is worth a look; everything else is the caller's business.
  if (code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown) return LogLevel::kError;
  if (code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted ||
      code == absl::StatusCode::kDeadlineExceeded) {
    return LogLevel::kWarning;
  }
  return LogLevel::kInfo;
}

}  // namespace

TimePoint CallDeadline(TimePoint arrival, std::optional<Duration> left, const CallLimits& limits) {
  if (!left) return arrival + std::min(limits.call_timeout, limits.call_timeout_max);
  const Duration given = std::max(*left, Duration::zero());
  const Duration usable = given - std::min(given / kMarginDivisor, kMarginMax);
  return arrival + std::min(usable, limits.call_timeout_max);
}

CallBase::CallBase(Lanes& lanes, CallTable& lane, std::string_view method, Upstream upstream)
    : presence_(lanes), lanes_(lanes), own_lane_(lane), method_(method), upstream_(upstream) {
  server_context_.AsyncNotifyWhenDone(static_cast<EventTarget*>(&done_));
}

void CallBase::Listen(std::unique_ptr<CallBase> call) { call.release()->AwaitCaller(); }

// The next call is listened for at once: a lane that has no time keeps none from the others. Beyond the bound
// on calls the next one is listened for when this one is refused, which its own lane does.
EventInbox& CallBase::ChooseLane(bool ok) {
  table_ = &lanes_.Choose(request_id(), own_lane_);
  running_ = ok && lanes_.BeginRunning(*table_);
  if (running_) {
    Listen(MakeNext());
  } else {
    table_ = &own_lane_;
  }
  return table_->inbox();
}

void CallBase::OnArrived(bool ok) {
  std::unique_ptr<CallBase> self(this);  // it was gRPC's until now
  // The server shut down first. gRPC gives no notice of a call that never began.
  if (!ok) return;
  table_->Add(std::move(self));
  awaited_ = 2;  // the notice that gRPC is done, and the event of Finish
  arrival_ = lanes_.clock().Now();
  context_.emplace(CallDeadline(arrival_, TimeLeft(server_context_), lanes_.limits()));
  if (!running_) Listen(MakeNext());
  if (lanes_.draining()) {
    Refuse(absl::StatusCode::kUnavailable, Reason::kDraining, "the server is shutting down");
  } else if (!running_) {
    Refuse(absl::StatusCode::kResourceExhausted, Reason::kOverloaded, "too many calls at once");
  } else if (TakeCaller()) {
    Run();
  }
}

bool CallBase::TakeCaller() {
  std::variant<Caller, RpcError> read = ReadCaller(server_context_, upstream_);
  if (auto* error = std::get_if<RpcError>(&read)) {
    error_ = std::move(*error);
    End({});
    return false;
  }
  context_->set_caller(std::get<Caller>(std::move(read)));
  return true;
}

void CallBase::Run() {
  if (context_->deadline() <= arrival_) {
    context_->Stop(StopReason::kDeadline);
  } else {
    StartTimer();
  }
  // The fence: whatever escapes the logic, wherever it was thrown, comes out here as a finished call.
  try {
    boost::asio::co_spawn(table_->loop().get_executor(), RunLogic(),
                          [this](const std::exception_ptr& exception) {
                            if (exception) return EndByException(exception);
                            End({});
                          });
  } catch (...) {
    EndByException(std::current_exception());  // the coroutine could not even be made
  }
}

Task<void> CallBase::RunLogic() { error_ = co_await Handle(table_->handler(), *context_); }

void CallBase::StartTimer() {
  ++awaited_;
  timer_.emplace(table_->loop().get_executor(), context_->deadline());
  timer_->async_wait([this](const boost::system::error_code&) { OnTimer(); });
}

void CallBase::OnTimer() {
  if (!finish_called_) context_->Stop(StopReason::kDeadline);
  Release();
}

void CallBase::OnDone(bool) {
  is_gone_ = server_context_.IsCancelled();
  if (finish_called_ && is_gone_) context_->NotifyUndelivered();
  if (!finish_called_ && is_gone_) {
    // gRPC ends a call at the caller's deadline as if the caller had cancelled it.
    const bool late = lanes_.clock().Now() >= context_->deadline();
    caller_left_ = !late;
    context_->Stop(late ? StopReason::kDeadline : StopReason::kCancelled);
  }
  Release();
}

void CallBase::OnFinished(bool ok) {
  if (!ok) context_->NotifyUndelivered();
  Release();
}

void CallBase::StopForDrain() {
  if (!running_ || context_->stopped() != StopReason::kNone) return;
  stopped_for_drain_ = true;
  // Not as a cancel: the caller is still there and gets the outcome.
  context_->Stop(StopReason::kDeadline);
}

void CallBase::EndByException(const std::exception_ptr& exception) {
  // Without memory the call goes no further than it has come. Of any other exception nothing is sure.
  if (IsOutOfMemory(exception) && !context_->may_have_left()) {
    error_ = MakeError(upstream_, absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                       Outcome::kNotSent, Phase::kQueue, "out of memory");
    return End(TypeName(exception));
  }
  // Most of a call's life is the wait; nobody knows better.
  error_ = MakeError(upstream_, absl::StatusCode::kInternal, Reason::kOutcomeUnknown, Outcome::kUnknown,
                     Phase::kWait, "internal error");
  End(TypeName(exception));
}

void CallBase::Refuse(absl::StatusCode code, Reason reason, std::string_view message) {
  error_ = MakeError(upstream_, code, reason, Outcome::kNotSent, Phase::kQueue, std::string(message));
  End({});
}

void CallBase::End(std::string_view exception) {
  if (running_) {
    running_ = false;
    lanes_.EndRunning(*table_);
  }
  if (timer_) timer_->cancel();
  if (stopped_for_drain_ && error_ && error_->outcome == Outcome::kNotSent) {
    error_ = MakeError(upstream_, absl::StatusCode::kUnavailable, Reason::kDraining, Outcome::kNotSent,
                       Phase::kQueue, "the server shut down before it sent the call");
  }
  WriteLog(exception);
  Finish();
}

void CallBase::Finish() {
  finish_called_ = true;
  if (is_gone_) context_->NotifyUndelivered();
  void* const tag = static_cast<EventTarget*>(&finished_);
  if (!error_) return FinishOk(tag);
  // No initial metadata is ever set, so gRPC sends an error as Trailers-Only.
  server_context_.AddTrailingMetadata(kOutcomeTrailer, std::string(OutcomeName(error_->outcome)));
  if (ForbidsRetry(*error_)) server_context_.AddTrailingMetadata(kPushbackTrailer, "-1");
  FinishWithError(
      grpc::Status(static_cast<grpc::StatusCode>(error_->code), error_->message, SerializeDetails(*error_)),
      tag);
}

void CallBase::WriteLog(std::string_view exception) const {
  const absl::StatusCode code = error_ ? error_->code : absl::StatusCode::kOk;
  const std::string status = absl::StatusCodeToString(code);
  const std::string peer = server_context_.peer();
  CallRecord record;
  record.level = LevelOf(code);
  record.method = method_;
  record.status = status;
  record.upstream = UpstreamName(upstream_);
  record.duration = lanes_.clock().Now() - arrival_;
  record.deadline = context_->deadline() - arrival_;
  record.peer = peer;
  record.caller = context_->caller().identity;
  record.caller_left = caller_left_;
  record.exception = exception;
  if (error_) {
    record.reason = ReasonName(error_->reason);
    record.outcome = OutcomeName(error_->outcome);
    record.upstream = UpstreamName(error_->upstream);
    record.phase = PhaseName(error_->phase);
    record.http_status = error_->http_status;
  }
  lanes_.log().Call(record);
}

void CallBase::Release() {
  if (--awaited_ == 0) table_->Remove(slot_);
}

}  // namespace session_gateway
