#include "tests/server/ledger_model_gateway.h"

#include <algorithm>
#include <utility>

namespace session_gateway {
namespace {

// How long a caller whose time is over may wait for its end: for an operation of the store, and once more.
constexpr Duration kGrace = std::chrono::seconds(3);
// A drain ends after the last answer was waited for, and the last end was given to the store.
constexpr Duration kDrain = std::chrono::seconds(2);
constexpr Duration kDrainMax = std::chrono::seconds(20);

bool IsQuestion(const HttpRequest& request) { return request.body.text().starts_with('?'); }
std::string KeyOf(const HttpRequest& request) {
  return request.body.text().substr(0, request.body.text().find('/'));
}

// A create whose answer, when it begins with `!`, shows the id and no more.
class ModelCreate final : public OnceCreate {
 public:
  explicit ModelCreate(std::unique_ptr<OnceCreate> inner) : inner_(std::move(inner)) {}

  Transport& transport() override { return inner_->transport(); }
  const HttpRequest& request() const override { return inner_->request(); }
  const HttpRequest* question() override { return inner_->question(); }
  Found ReadQuestion(SendResult& result, CreateEnd& end) override {
    return inner_->ReadQuestion(result, end);
  }
  CreateEnd Read(SendResult& result) override {
    CreateEnd end = inner_->Read(result);
    if (end.error || !end.response.starts_with(kUnreadable)) return end;
    end.error = MakeError(Upstream::kQlik, absl::StatusCode::kInternal, Reason::kAnswerUnreadable,
                          Outcome::kDone, Phase::kParse, "unreadable");
    end.error->created_id = end.response.substr(1);
    end.response.clear();
    return end;
  }

 private:
  const std::unique_ptr<OnceCreate> inner_;
};

}  // namespace

Task<ClaimResult> WatchedMemory::Claim(const std::string& key, const ContentHash& content,
                                       CallContext& context) {
  ClaimResult result = co_await memory_.Claim(key, content, context);
  if (!std::holds_alternative<LedgerClaim>(result) || is_dead_) co_return result;
  const auto known = known_.find(key);
  if (known != known_.end()) {
    if (!known->second) judge_.Fail(key + " was claimed while it ran");
    if (known->second && clock_.Now() - *known->second < bounds_.keep_min) {
      judge_.Fail(key + " was forgotten too early");
    }
    judge_.OnForgotten(key);
    ++judge_.seen()["forgotten by memory"];
  }
  known_[key] = std::nullopt;
  co_return result;
}

Task<LedgerWrite> WatchedMemory::Remember(const LedgerClaim& claim, std::string ending) {
  if (!is_dead_) {
    known_[claim.key] = clock_.Now();
    judge_.OnRemembered(claim.key, ending);
  }
  co_return co_await memory_.Remember(claim, std::move(ending));
}

Task<LedgerWrite> WatchedMemory::Forget(const LedgerClaim& claim) {
  known_.erase(claim.key);
  co_return co_await memory_.Forget(claim);
}

Task<LedgerWrite> WatchedMemory::Amend(const std::string& key, const ContentHash& content,
                                       std::string ending) {
  const std::string kept = ending;
  const LedgerWrite written = co_await memory_.Amend(key, content, std::move(ending));
  if (written == LedgerWrite::kDone && !is_dead_) judge_.OnRemembered(key, kept);
  co_return written;
}

void WatchedMemory::Die() {
  is_dead_ = true;
  for (const auto& [key, ended] : std::exchange(known_, {})) judge_.OnLost(key);
}

// Tells the judge when a create is not on its way any more.
class ModelGateway::WatchedUpstream final : public Transport {
 public:
  WatchedUpstream(Transport& inner, LedgerJudge& judge, int number)
      : inner_(inner), judge_(judge), number_(number) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override {
    SendResult result = co_await inner_.Send(request, context);
    if (!IsQuestion(request)) judge_.OnArrival(number_, KeyOf(request), request.body.text().back());
    co_return result;
  }

 private:
  Transport& inner_;
  LedgerJudge& judge_;
  const int number_;
};

ModelGateway::ModelGateway(int number, const Parts& parts)
    : number_(number),
      parts_(parts),
      upstream_(loop_, parts.clock),
      exchanges_(loop_, parts.clock, kModelLinger),
      once_(exchanges_, parts.clock,
            parts.store != nullptr
                ? static_cast<Ledger&>(link_.emplace(loop_, parts.clock, *parts.store, parts.sabotage,
                                                     static_cast<std::uint64_t>(number)))
                : memory_.emplace(parts.clock, parts.memory, parts.judge),
            OncePauses()) {
  watched_ = std::make_unique<WatchedUpstream>(upstream_, parts.judge, number);
}

void ModelGateway::CheckLateEnds() {
  for (const auto& call : told_) {
    if (call->played.late) parts_.judge.OnLateEnd(call->judged, *call->played.late);
    call->played.late.reset();
  }
}

void ModelGateway::Begin(const std::string& key, const std::string& body, Duration time) {
  auto call = std::make_unique<ModelCall>();
  call->judged = {.gateway = number_, .key = key, .content = body.back()};
  // A question of those who have left is still on its way: what is told then is older than the call.
  const bool is_asking =
      std::any_of(upstream_.flights().begin(), upstream_.flights().end(),
                  [&](const Flight* f) { return f->request.body.text().starts_with("?" + key + "/"); });
  const bool is_busy =
      is_asking || (link_ && link_->HeldToken(key)) ||
      std::any_of(calls_.begin(), calls_.end(), [&](const auto& other) { return other->judged.key == key; });
  call->judged.is_quiet = !is_busy && IsQuietFor(2 * kModelLease);
  parts_.judge.OnBegin(call->judged);
  call->began_as = ++events_;
  call->played.context.set_deadline(parts_.clock.Now() + time);
  OnceCall once = MakeCall(*watched_, key, body, parts_.can_ask);
  once.create = std::make_unique<ModelCreate>(std::move(once.create));
  BeginCall(loop_, once_, std::move(once), call->played);
  calls_.push_back(std::move(call));
}

void ModelGateway::Cancel(std::size_t call) {
  ModelCall& left = *calls_[call];
  if (!left.left_at) Left(left);
  left.played.context.Stop(StopReason::kCancelled);
}

void ModelGateway::CancelAll() {
  for (std::size_t i = 0; i < calls_.size(); ++i) Cancel(i);
}

bool ModelGateway::Poll() {
  loop_.restart();
  const bool was_busy = loop_.poll() > 0;
  has_run_out_ = loop_.stopped();
  return was_busy;
}

void ModelGateway::OnTime() {
  const TimePoint now = parts_.clock.Now();
  for (const auto& call : calls_) {
    if (call->left_at || call->played.context.deadline() > now) continue;
    Left(*call);
    call->played.context.Stop(StopReason::kDeadline);
  }
  for (Flight* const flight : Flights(false)) {
    if (flight->context.deadline() > now || flight->context.stopped() != StopReason::kNone) continue;
    flight->Fail({FailureKind::kDeadline, Phase::kConnect, false, "no time"});
  }
  if (link_) link_->OnTime();
  if (is_dead_) exchanges_.Drain(TimePoint::min(), [] {});
  if (!is_draining_ || is_dead_) return;
  if (!drain_began_ && calls_.empty()) {
    drain_began_ = true;
    drain_at_ = now;
    exchanges_.Drain(now + kDrain, [this] { is_idle_ = true; });
  }
  if (drain_began_ && !is_idle_ && now - std::max(drain_at_, resumed_at_) > kDrainMax) {
    parts_.judge.Fail("a drain does not end");
  }
}

void ModelGateway::Check() {
  if (is_dead_) return;
  std::size_t kept = 0;
  for (auto& call : calls_) {
    if (!call->played.told) {
      CheckWait(*call);
      calls_[kept++].swap(call);
      continue;
    }
    const Duration time = parts_.clock.Now() - call->judged.began + kModelLease + kGrace;
    parts_.judge.OnTold(call->judged, *call->played.told, !IsQuietFor(time));
    CheckOthers(*call);
    told_.push_back(std::move(call));
  }
  calls_.resize(kept);
}

void ModelGateway::Left(ModelCall& call) {
  call.left_at = parts_.clock.Now();
  call.left_as = ++events_;
  call.judged.has_left = true;
}

// Who leaves while others wait for the same create cannot be told that it was not sent, when it is sent
// later.
void ModelGateway::CheckOthers(const ModelCall& told) {
  const CreateEnd& end = *told.played.told;
  const std::uint64_t departures = parts_.judge.Departures(told.judged);
  if (told.sent_at_most && departures != *told.sent_at_most) {
    parts_.judge.Fail(told.judged.key + " was sent after a caller was told that it was not");
  }
  if (!told.left_at || !end.error || end.error->outcome != Outcome::kNotSent) return;
  for (const auto& call : calls_) {
    const bool waits = call && !call->played.told && !call->left_at && call->began_as < told.left_as;
    const bool is_same =
        waits && call->judged.key == told.judged.key && call->judged.content == told.judged.content;
    // What happens while the process is stopped has no order.
    if (is_same && resumed_at_ < std::min(call->judged.began, told.judged.began))
      call->sent_at_most = departures;
  }
}

void ModelGateway::CheckWait(const ModelCall& call) {
  if (!call.left_at || is_paused_) return;
  if (parts_.clock.Now() - std::max(*call.left_at, resumed_at_) > kGrace) {
    parts_.judge.Fail(call.judged.key + " waits for ever");
  }
}

void ModelGateway::Resume() {
  is_paused_ = false;
  resumed_at_ = parts_.clock.Now();
}

std::vector<StoreRequest> ModelGateway::Die() {
  CheckLateEnds();
  is_paused_ = false;
  is_dead_ = true;
  for (const auto& call : calls_) {
    parts_.judge.OnNothingTold(call->judged);
    call->played.context.Stop(StopReason::kCancelled);
  }
  if (memory_) memory_->Die();
  return link_ ? link_->Die() : std::vector<StoreRequest>();
}

std::vector<Flight*> ModelGateway::Flights(bool departed) const {
  std::vector<Flight*> flights;
  for (Flight* const flight : upstream_.flights()) {
    if (flight->departed == departed && !flight->result) flights.push_back(flight);
  }
  return flights;
}

bool ModelGateway::MayDepart(const Flight& flight) const {
  return !is_paused_ && flight.context.stopped() == StopReason::kNone &&
         parts_.clock.Now() < flight.context.deadline();
}

bool ModelGateway::HoldsOwn(const std::string& key, std::uint64_t token) const {
  return link_ && link_->HeldToken(key) == token;
}

bool ModelGateway::IsQuietFor(Duration time) const {
  if (is_paused_ || parts_.clock.Now() - resumed_at_ <= time) return false;
  return !link_ || link_->IsQuietFor(time);
}

}  // namespace session_gateway
