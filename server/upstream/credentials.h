// How the gateway says who it is to an upstream: what is added to each request, below everything that logs.
// An Authentication belongs to a whole upstream; the Credentials that it makes belong to one endpoint, for a
// log-on at one endpoint is nothing to another.
//
// Thread rule: loop thread only; but what an Authentication says of a caller is constant, and is asked for on
// every loop's thread. Never here: sending a create more than twice, deciding what a refusal means.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/event_loop.h"
#include "server/upstream/transport.h"
#include "translator/rpc_error.h"
#include "translator/upstream_status.h"

namespace session_gateway {

// Which log-on an attempt went out with.
struct LogonStamp {
  std::uint64_t generation = 0;  // 0: the gateway holds none for this call
  TimePoint made;
};

struct AppliedCredentials {
  LogonStamp stamp;
  std::vector<std::string> secrets;  // beside those that the request marks: cookies singly, the password
};
// Each of `more` that is not among `secrets`.
void AddSecrets(std::vector<std::string> more, std::vector<std::string>& secrets);
using ApplyResult = std::variant<AppliedCredentials, SendFailure>;
// Whether to send once more.
using RenewResult = std::variant<bool, SendFailure>;

class Credentials {
 public:
  virtual ~Credentials() = default;

  // Adds to one attempt what proves who sends it; logs on first where that is needed. All that is handed in
  // outlives the task.
  virtual Task<ApplyResult> Apply(HttpRequest& attempt, CallContext& context) = 0;
  // A complete answer said that the log-on is missing or over. True: there is a newer log-on.
  virtual Task<RenewResult> Renew(LogonStamp stamp, CallContext& context) = 0;
  // Sees every answer of an attempt.
  virtual void Observe(const LogonStamp& stamp, const HttpReply& reply, const CallContext& context) = 0;
  // Breaks off a log-on under way, so that the loop can run out.
  virtual void Close() = 0;
};

class Authentication {
 public:
  virtual ~Authentication() = default;

  // Whose credential a 401 refuses.
  virtual CredentialOwner owner() const = 0;
  // Whether Symphony's CSRF token is the caller's to bring.
  virtual bool caller_brings_csrf_token() const { return false; }
  // What the caller must have brought beside its message, and has not.
  virtual std::optional<RpcError> Check(const Caller&) const { return std::nullopt; }
  // The credential that the caller brings for the upstream, where that one decides what may be done there;
  // else empty. The caller has passed Check.
  virtual Secret CredentialOf(const Caller&) const { return {}; }
  // What Apply would add, with stand-ins in the place of secrets, for a request that is only shown. The
  // caller has passed Check.
  virtual void Preview(const Caller& caller, HttpRequest& request) const = 0;
  // The engine outlives the credentials, and so does the authentication.
  virtual std::unique_ptr<Credentials> ForEndpoint(Transport& engine) = 0;
  // The same endpoint's for calls on another loop, `own`. `at_home` are those that ForEndpoint gave, for
  // calls on `home`, and outlive them.
  virtual std::unique_ptr<Credentials> ForOtherLoop(Credentials& at_home, const LoopExecutor& home,
                                                    const LoopExecutor& own);
};

// One that needs no log-on: what each attempt carries is known at once, and nothing is renewed.
class PlainAuthentication : public Authentication {
 public:
  // The caller has passed Check. Returns the secrets that the request's own marks do not show. Any loop's
  // thread, at the same time.
  virtual std::vector<std::string> Add(const Caller& caller, HttpRequest& request) = 0;
  std::unique_ptr<Credentials> ForEndpoint(Transport& engine) final;
  std::unique_ptr<Credentials> ForOtherLoop(Credentials& at_home, const LoopExecutor& home,
                                            const LoopExecutor& own) final;
};

// The layer that applies them, of one endpoint. An attempt that is answered by a complete 401 or 3xx is sent
// once more after a new log-on, and never again. It notes on the reply which secrets the upstream has seen,
// in either attempt, and which cookies it sets, so that none of them is shown from an error text.
class CredentialsTransport final : public Transport {
 public:
  CredentialsTransport(Credentials& credentials, Transport& next) : credentials_(credentials), next_(next) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override;

 private:
  struct Attempt {
    LogonStamp stamp;
    SendResult result;
  };
  Task<Attempt> SendOnce(const HttpRequest& request, const std::vector<std::string>& seen_before,
                         CallContext& context);

  Credentials& credentials_;
  Transport& next_;
};

}  // namespace session_gateway
