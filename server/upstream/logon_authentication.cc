#include "server/upstream/logon_authentication.h"

#include <utility>

namespace session_gateway {
namespace {

class LogonCredentials final : public Credentials {
 public:
  LogonCredentials(LogonProtocol& protocol, std::shared_ptr<LogonCache> cache)
      : protocol_(protocol), cache_(std::move(cache)) {}
  ~LogonCredentials() override { cache_->Close(); }

  Task<ApplyResult> Apply(HttpRequest& attempt, CallContext& context) override {
    const std::optional<LogonIdentity> identity = protocol_.IdentityOf(context.caller());
    LogonResult result = co_await Obtain(identity, context);
    if (auto* failure = std::get_if<SendFailure>(&result)) co_return std::move(*failure);
    const auto& [state, stamp, previous] = std::get<HeldLogon>(result);
    protocol_.Apply(*identity, *state, attempt);
    AppliedCredentials applied{stamp, protocol_.Secrets(*identity, *state)};
    if (previous) AddSecrets(protocol_.Secrets(*identity, *previous), applied.secrets);
    co_return applied;
  }

  Task<RenewResult> Renew(LogonStamp stamp, CallContext& context) override {
    const std::optional<LogonIdentity> identity = protocol_.IdentityOf(context.caller());
    // An answer that took all the time there was is the call's answer.
    if (!identity || context.stopped() != StopReason::kNone) co_return false;
    const std::shared_ptr<Logon> logon = cache_->Obtain(*identity);
    if (logon && !logon->GiveUp(stamp, *identity)) co_return false;
    LogonResult result = co_await Obtain(identity, context);
    if (auto* failure = std::get_if<SendFailure>(&result)) co_return std::move(*failure);
    co_return true;
  }

  void Observe(const LogonStamp& stamp, const HttpReply& reply, const CallContext& context) override {
    if (!MayChangeLogon(reply)) return;
    const std::optional<LogonIdentity> identity = protocol_.IdentityOf(context.caller());
    const std::shared_ptr<Logon> logon = identity ? cache_->Find(*identity) : nullptr;
    const std::shared_ptr<const LogonState> state = logon ? logon->Find(stamp) : nullptr;
    if (!state) return;
    if (auto next = protocol_.Update(*state, reply)) logon->Update(stamp, *std::move(next));
    if (IsPage(reply)) logon->MarkStale(stamp);
  }

  void Close() override { cache_->Close(); }

 private:
  Task<LogonResult> Obtain(const std::optional<LogonIdentity>& identity, CallContext& context) {
    if (!identity) {
      co_return SendFailure{FailureKind::kLogonRefused, Phase::kLogon, false,
                            "the caller brought nothing to log on with"};
    }
    const std::shared_ptr<Logon> logon = cache_->Obtain(*identity);
    if (!logon) {
      co_return SendFailure{FailureKind::kOverloaded, Phase::kLogon, false, "too many log-ons are under way"};
    }
    LogonResult result = co_await logon->Get(*identity, context);
    co_return result;
  }

  LogonProtocol& protocol_;
  const std::shared_ptr<LogonCache> cache_;
};

}  // namespace

std::unique_ptr<Credentials> LogonAuthentication::ForEndpoint(Transport& engine) {
  auto parts =
      std::make_shared<LogonParts>(site_.executor, *this, engine, site_.clock, site_.limits, site_.lifetime);
  auto cache = std::make_shared<LogonCache>(std::move(parts), site_.key);
  caches_.push_back(cache);
  return std::make_unique<LogonCredentials>(*this, std::move(cache));
}

void LogonAuthentication::ForgetLockouts() {
  for (const auto& weak : caches_) {
    if (const auto cache = weak.lock()) cache->ForgetLockouts();
  }
}

}  // namespace session_gateway
