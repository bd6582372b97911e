#include "server/upstream/credentials.h"

#include <algorithm>
#include <utility>

#include "server/upstream/exchange_secrets.h"
#include "server/upstream/home_credentials.h"

namespace session_gateway {
namespace {

class PlainCredentials final : public Credentials {
 public:
  explicit PlainCredentials(PlainAuthentication& authentication) : authentication_(authentication) {}

  Task<ApplyResult> Apply(HttpRequest& attempt, CallContext& context) override {
    AppliedCredentials applied;
    applied.secrets = authentication_.Add(context.caller(), attempt);
    co_return applied;
  }
  Task<RenewResult> Renew(LogonStamp, CallContext&) override { co_return false; }
  void Observe(const LogonStamp&, const HttpReply&, const CallContext&) override {}
  void Close() override {}

 private:
  PlainAuthentication& authentication_;
};

// The secrets that the upstream has seen by the end of one attempt.
struct SentSecrets {
  const HttpRequest& request;
  const std::vector<std::string>& applied;
  const std::vector<std::string>& before;  // in an earlier attempt

  void NoteOn(HttpReply& reply) const {
    reply.secrets = applied;
    AddSecretsOf(request, reply.secrets);
    AddSetCookiesOf(reply, reply.secrets);
    AddSecrets(before, reply.secrets);
  }
};

// With room for what credentials add: a key's pair, a cookie, a user.
HttpRequest CopyForAttempt(const HttpRequest& request) {
  constexpr std::size_t kAdded = 4;
  HttpRequest attempt;
  attempt.query.reserve(request.query.size() + kAdded);
  attempt.headers.reserve(request.headers.size() + kAdded);
  attempt = request;
  return attempt;
}

// What ended a call whose first attempt the upstream had refused. While nothing of a second was sent, the
// refusal is the answer that there is.
void NoteRefusal(int http_status, SendFailure& failure) {
  failure.refused_before = true;
  if (failure.sent) return;
  failure.http_status = http_status;
  if (failure.phase == Phase::kLogon) return;
  if (failure.kind == FailureKind::kDeadline) failure.detail = "the deadline came before it was sent again";
  if (failure.kind == FailureKind::kCancelled) failure.detail = "the caller left before it was sent again";
}

}  // namespace

void AddSecrets(std::vector<std::string> more, std::vector<std::string>& secrets) {
  for (std::string& secret : more) {
    if (std::find(secrets.begin(), secrets.end(), secret) == secrets.end()) {
      secrets.push_back(std::move(secret));
    }
  }
}

std::unique_ptr<Credentials> PlainAuthentication::ForEndpoint(Transport&) {
  return std::make_unique<PlainCredentials>(*this);
}

std::unique_ptr<Credentials> PlainAuthentication::ForOtherLoop(Credentials&, const LoopExecutor&,
                                                               const LoopExecutor&) {
  return std::make_unique<PlainCredentials>(*this);
}

std::unique_ptr<Credentials> Authentication::ForOtherLoop(Credentials& at_home, const LoopExecutor& home,
                                                          const LoopExecutor& own) {
  return std::make_unique<HomeCredentials>(at_home, home, own);
}

Task<CredentialsTransport::Attempt> CredentialsTransport::SendOnce(
    const HttpRequest& request, const std::vector<std::string>& seen_before, CallContext& context) {
  HttpRequest request_with_credentials = CopyForAttempt(request);
  ApplyResult applied = co_await credentials_.Apply(request_with_credentials, context);
  if (auto* failure = std::get_if<SendFailure>(&applied)) {
    Attempt refused{{}, std::move(*failure)};
    co_return refused;
  }
  auto& [stamp, secrets] = std::get<AppliedCredentials>(applied);
  const SentSecrets sent{request_with_credentials, secrets, seen_before};
  const PeekGuard guard(context, [&sent](HttpReply& reply) { sent.NoteOn(reply); });
  SendResult result = co_await next_.Send(request_with_credentials, context);
  if (auto* reply = std::get_if<HttpReply>(&result)) {
    sent.NoteOn(*reply);
    credentials_.Observe(stamp, *reply, context);
  }
  Attempt attempt{stamp, std::move(result)};
  co_return attempt;
}

Task<SendResult> CredentialsTransport::Send(const HttpRequest& request, CallContext& context) {
  const std::vector<std::string> nothing;
  Attempt first = co_await SendOnce(request, nothing, context);
  const auto* reply = std::get_if<HttpReply>(&first.result);
  if (reply == nullptr || !AsksForLogon(*reply)) co_return std::move(first.result);
  const int refused_with = reply->status;

  RenewResult renewed = co_await credentials_.Renew(first.stamp, context);
  if (auto* failure = std::get_if<SendFailure>(&renewed)) {
    NoteRefusal(refused_with, *failure);
    co_return std::move(*failure);
  }
  if (!std::get<bool>(renewed)) co_return std::move(first.result);

  Attempt second = co_await SendOnce(request, reply->secrets, context);
  if (auto* failure = std::get_if<SendFailure>(&second.result)) NoteRefusal(refused_with, *failure);
  co_return std::move(second.result);
}

}  // namespace session_gateway
