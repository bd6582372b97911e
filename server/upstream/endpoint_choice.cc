#include "server/upstream/endpoint_choice.h"

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

namespace session_gateway {
namespace {

// What the end of an exchange says about the endpoint's health.
enum class Sign { kAnswered, kFailed, kNone, kCancelled };

Sign SignOfDeadline(Phase phase) {
  switch (phase) {
    case Phase::kResolve:
    case Phase::kConnect:
    case Phase::kHandshake:
    case Phase::kSend:
    case Phase::kWait:
      return Sign::kFailed;
    case Phase::kValidate:
    case Phase::kQueue:
    case Phase::kLogon:
    case Phase::kReceive:
    case Phase::kParse:
      break;
  }
  return Sign::kNone;
}

Sign SignOf(const SendResult& result) {
  if (const auto* reply = std::get_if<HttpReply>(&result)) {
    return reply->status >= 502 && reply->status <= 504 ? Sign::kFailed : Sign::kAnswered;
  }
  const SendFailure& failure = std::get<SendFailure>(result);
  // This process has no descriptor left: the endpoint has no part in it.
  if (failure.system_error == EMFILE || failure.system_error == ENFILE) return Sign::kNone;
  switch (failure.kind) {
    case FailureKind::kUnreachable:
    case FailureKind::kTls:
    case FailureKind::kTlsAlert:
    case FailureKind::kLost:
    case FailureKind::kMalformed:
      return Sign::kFailed;
    case FailureKind::kDeadline:
      return SignOfDeadline(failure.phase);
    case FailureKind::kCancelled:
      return Sign::kCancelled;
    case FailureKind::kLogonRefused:
    case FailureKind::kLogonContract:
    case FailureKind::kRefusedText:
    case FailureKind::kOverloaded:
      break;
  }
  return Sign::kNone;
}

}  // namespace

EndpointChoice::EndpointChoice(std::vector<Candidate> candidates, const EjectionLimits& limits,
                               const Clock& clock, EjectionReport report)
    : limits_(limits), clock_(clock), report_(std::move(report)) {
  for (Candidate& candidate : candidates) members_.emplace_back().candidate = std::move(candidate);
}

// The best of all by these, in this order: an endpoint that is to be probed or healthy before an ejected one
// and one that was not tried before one that was, but rather a healthy one again than an ejected one; of the
// ejected the one whose time ends first; else the next in turn.
std::size_t EndpointChoice::Next(const CallContext& context, TimePoint now) const {
  const auto rank = [&](std::size_t index) {
    const Member& member = members_[index];
    const bool tried = context.HasTried(index);
    const bool is_due = member.is_ejected && now >= member.probe_due;
    int kind = 0;
    if (member.is_ejected) {
      kind = tried || !is_due ? 3 + (tried ? 1 : 0) : 0;
    } else {
      kind = tried ? 2 : 1;
    }
    return std::tuple(kind, member.is_ejected ? member.probe_due : TimePoint());
  };
  std::size_t best = turn_;
  for (std::size_t i = 1; i < members_.size(); ++i) {
    const std::size_t index = (turn_ + i) % members_.size();
    if (rank(index) < rank(best)) best = index;
  }
  return best;
}

bool EndpointChoice::GoesElsewhere(const CallContext& context) const {
  return !context.HasTried(Next(context, clock_.Now()));
}

Task<SendResult> EndpointChoice::Send(const HttpRequest& request, CallContext& context) {
  const TimePoint now = clock_.Now();
  const std::size_t index = Next(context, now);
  turn_ = (index + 1) % members_.size();
  context.NoteTried(index);
  Member& member = members_[index];
  const bool is_probe = member.is_ejected && now >= member.probe_due;
  const std::uint64_t number = is_probe ? BeginProbe(member, now) : 0;
  const auto is_newest = [&] { return is_probe && member.probe_number == number; };
  bool is_noted = false;
  // A call that waits beyond its deadline for what it has sent fails now, not when it has lingered.
  const StopNotice notice(context, [&](StopReason reason) {
    const std::optional<SendResult> so_far = context.Peek(reason);
    if (!so_far || SignOf(*so_far) != Sign::kFailed) return;
    is_noted = true;
    NoteFailed(member, is_newest());
  });

  SendResult result = co_await member.candidate.transport->Send(request, context);
  switch (SignOf(result)) {
    case Sign::kAnswered:
      NoteAnswered(member);
      break;
    case Sign::kFailed:
      if (!is_noted) NoteFailed(member, is_newest());
      break;
    case Sign::kCancelled:
      if (is_newest()) member.probe_due = clock_.Now();
      break;
    case Sign::kNone:
      break;
  }
  co_return result;
}

// Others may probe again when this one takes as long as another ejection, and that one has failed then.
std::uint64_t EndpointChoice::BeginProbe(Member& member, TimePoint now) {
  if (member.is_probed) member.ejection = std::min<Duration>(2 * member.ejection, limits_.time_max);
  member.is_probed = true;
  member.probe_due = now + member.ejection;
  return ++member.probe_number;
}

void EndpointChoice::NoteAnswered(Member& member) {
  member.is_probed = false;
  member.failures = 0;
  if (!member.is_ejected) return;
  member.is_ejected = false;
  report_(member.candidate.name, EndpointEvent::kRecovered);
}

void EndpointChoice::NoteFailed(Member& member, bool is_probe) {
  const TimePoint now = clock_.Now();
  if (member.is_ejected) {
    if (!is_probe) return;
    member.is_probed = false;
    member.ejection = std::min<Duration>(2 * member.ejection, limits_.time_max);
    member.probe_due = now + member.ejection;
    return;
  }
  if (++member.failures < limits_.failures) return;
  member.is_ejected = true;
  member.ejection = limits_.time_min;
  member.probe_due = now + member.ejection;
  report_(member.candidate.name, EndpointEvent::kEjected);
}

}  // namespace session_gateway
