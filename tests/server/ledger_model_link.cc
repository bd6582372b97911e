#include "tests/server/ledger_model_link.h"

#include <utility>

namespace session_gateway {
namespace {

using Kind = StoreRequest::Kind;
using What = StoreReply::What;

bool IsError(const StoreReply& reply) { return reply.what == What::kFull || reply.what == What::kReadOnly; }

}  // namespace

std::optional<std::uint64_t> StoreLink::HeldToken(const std::string& key) const {
  const auto found = held_.find(key);
  return found == held_.end() ? std::nullopt : std::optional(found->second);
}

bool StoreLink::IsOverdue() const {
  for (const auto* some : {&returning_, &leaving_}) {
    if (!some->empty() && some->front()->limit <= clock_.Now()) return true;
  }
  return false;
}

// Nothing: it is not known whether the store has done it.
Task<std::optional<StoreReply>> StoreLink::Ask(const StoreRequest& request, CallContext* context) {
  if (!is_connected_ || is_dead_ || IsOverdue()) {
    NoteTrouble();
    co_return std::nullopt;
  }
  const auto asked = std::make_shared<Asked>(loop_, request, clock_.Now() + kModelTimeout);
  leaving_.push_back(asked);
  {
    std::optional<StopGuard> guard;
    if (context != nullptr) guard.emplace(*context, [&asked] { asked->EndWait(); });
    co_await asked->ended.Wait();
  }
  if (!asked->is_answered) co_return std::nullopt;
  co_return asked->reply;
}

Task<ClaimResult> StoreLink::Claim(const std::string& key, const ContentHash& content, CallContext& context) {
  if (context.stopped() != StopReason::kNone) co_return LedgerUnreachable{"the call has ended"};
  const TimePoint asked = clock_.Now();
  const StoreRequest request = {
      .kind = Kind::kClaim, .key = key, .holder = gateway_ * 1'000'000 + ++claims_, .content = content[0]};
  const std::optional<StoreReply> reply = co_await Ask(request, &context);
  if (!reply) co_return LedgerUnreachable{"no answer"};
  switch (reply->what) {
    case What::kClaimed:
      if (context.stopped() != StopReason::kNone) {
        GiveBack(request);
        co_return LedgerUnreachable{"the call has ended"};
      }
      held_[key] = reply->token;
      co_return LedgerClaim{
          .key = key,
          .fencing_token = reply->token,
          .lease_end = sabotage_ == Sabotage::kLateHolder ? TimePoint::max() : asked + kModelLease,
          .content = content};
    case What::kOther:
      co_return LedgerOtherContent{};
    case What::kEnded:
      co_return LedgerEnded{reply->ending};
    case What::kDied:
      co_return LedgerDied{};
    case What::kRunning:
      co_return LedgerRunning{};
    case What::kFull:
      co_return LedgerFull{};
    case What::kDone:
    case What::kLost:
    case What::kReadOnly:
      break;
  }
  co_return LedgerUnreachable{"read only"};
}

Task<LedgerWrite> StoreLink::Write(const StoreRequest& request) {
  const std::optional<StoreReply> reply = co_await Ask(request, nullptr);
  if (is_dead_) co_return LedgerWrite::kLost;
  if (!reply || IsError(*reply)) co_return LedgerWrite::kUnreachable;
  co_return reply->what == What::kDone ? LedgerWrite::kDone : LedgerWrite::kLost;
}

Task<LedgerWrite> StoreLink::Renew(LedgerClaim& claim) {
  const TimePoint asked = clock_.Now();
  if (sabotage_ == Sabotage::kNeverRenewed) co_return LedgerWrite::kUnreachable;
  if (sabotage_ == Sabotage::kRenewedInWords) {
    claim.lease_end = asked + kModelLease;
    co_return LedgerWrite::kDone;
  }
  const StoreRequest request = {.kind = Kind::kRenew,
                                .key = claim.key,
                                .token = claim.fencing_token,
                                .content = claim.content[0],
                                .holds = asked < claim.lease_end};
  const LedgerWrite written = co_await Write(request);
  if (sabotage_ == Sabotage::kLateHolder) co_return LedgerWrite::kDone;
  if (written == LedgerWrite::kDone) claim.lease_end = asked + kModelLease;
  co_return written;
}

Task<LedgerWrite> StoreLink::Remember(const LedgerClaim& claim, std::string ending) {
  if (HeldToken(claim.key) == claim.fencing_token) held_.erase(claim.key);
  const StoreRequest request = {.kind = Kind::kRemember,
                                .key = claim.key,
                                .token = claim.fencing_token,
                                .content = claim.content[0],
                                .ending = std::move(ending)};
  co_return co_await Write(request);
}

Task<LedgerWrite> StoreLink::Forget(const LedgerClaim& claim) {
  if (HeldToken(claim.key) == claim.fencing_token) held_.erase(claim.key);
  const StoreRequest request = {.kind = Kind::kForget, .key = claim.key, .token = claim.fencing_token};
  co_return co_await Write(request);
}

bool StoreLink::Serve() {
  if (leaving_.empty()) return false;
  const std::shared_ptr<Asked> asked = std::move(leaving_.front());
  leaving_.pop_front();
  asked->reply = store_.Run(asked->request);
  returning_.push_back(asked);
  return true;
}

bool StoreLink::Deliver() {
  if (returning_.empty()) return false;
  const std::shared_ptr<Asked> asked = std::move(returning_.front());
  returning_.pop_front();
  if (IsError(*asked->reply)) NoteTrouble();
  if (asked->is_waited_for) {
    asked->is_answered = true;
    asked->EndWait();
  } else if (asked->request.kind == Kind::kClaim && asked->reply->what == What::kClaimed) {
    GiveBack(asked->request);
  }
  return true;
}

void StoreLink::GiveBack(const StoreRequest& claim) {
  const StoreRequest request = {.kind = Kind::kGiveBack, .key = claim.key, .holder = claim.holder};
  if (!is_connected_) return given_back_.push_back(request);
  leaving_.push_back(std::make_shared<Asked>(loop_, request, clock_.Now() + kModelTimeout));
  leaving_.back()->is_waited_for = false;
}

void StoreLink::OnTime() {
  for (const auto* some : {&returning_, &leaving_}) {
    for (const std::shared_ptr<Asked>& asked : *some) {
      if (asked->limit > clock_.Now()) return;
      NoteTrouble();
      asked->EndWait();
    }
  }
}

std::vector<StoreRequest> StoreLink::Break() {
  NoteTrouble();
  is_connected_ = false;
  std::vector<StoreRequest> strays;
  for (const auto& asked : leaving_) strays.push_back(asked->request);
  for (auto* some : {&returning_, &leaving_}) {
    for (const std::shared_ptr<Asked>& asked : std::exchange(*some, {})) {
      asked->EndWait();
      if (asked->request.kind == Kind::kClaim) GiveBack(asked->request);
      if (asked->request.kind == Kind::kGiveBack) given_back_.push_back(asked->request);
    }
  }
  return strays;
}

void StoreLink::Connect() {
  is_connected_ = true;
  for (const StoreRequest& request : std::exchange(given_back_, {})) GiveBack(request);
}

std::vector<StoreRequest> StoreLink::Die() {
  is_dead_ = true;
  std::vector<StoreRequest> strays = Break();
  given_back_.clear();
  held_.clear();
  return strays;
}

}  // namespace session_gateway
