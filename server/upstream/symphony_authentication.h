// Symphony's four ways: no log-on, the service account, the caller's own user and password, the caller's own
// log-on.
//
//   GET /platform/rest/symrest/v1/auth/login            authorization: Basic …
//   GET /platform/rest/symrest/v1/auth/renew?csrftoken=T   cookie: platform.rest.token=…; …
//   200, Set-Cookie: platform.rest.token=…, Set-Cookie: platform.rest.certificate=…, {"csrftoken":"T"}
//
// Thread rule: loop thread only. Never here: when to log on (Logon), reading metadata (the frame of the call
// has done so).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/gateway_secret.h"
#include "server/upstream/logon_authentication.h"

namespace session_gateway {

// Mode `none`: the caller's own CSRF token, if any, is all there is.
class SymphonyWithoutLogon final : public PlainAuthentication {
 public:
  CredentialOwner owner() const override { return CredentialOwner::kCaller; }
  bool caller_brings_csrf_token() const override { return true; }
  void Preview(const Caller&, HttpRequest&) const override {}
  std::vector<std::string> Add(const Caller&, HttpRequest&) override { return {}; }
};

// Mode `caller_session`: the caller's cookies are handed on as they are, with its CSRF token.
class SymphonyCallerSession final : public PlainAuthentication {
 public:
  CredentialOwner owner() const override { return CredentialOwner::kCaller; }
  bool caller_brings_csrf_token() const override { return true; }
  std::optional<RpcError> Check(const Caller& caller) const override;
  Secret CredentialOf(const Caller& caller) const override { return caller.symphony_cookie; }
  void Preview(const Caller& caller, HttpRequest& request) const override;
  std::vector<std::string> Add(const Caller& caller, HttpRequest& request) override;
};

// What the two modes that log on share.
class SymphonyLogon : public LogonAuthentication {
 public:
  SymphonyLogon(const SymphonyAuthConfig& config, LogonSite site)
      : LogonAuthentication(std::move(site)), config_(config) {}

  void Preview(const Caller& caller, HttpRequest& request) const override;

  HttpRequest LogonRequest(const LogonIdentity& identity) override;
  std::optional<HttpRequest> RenewRequest(const LogonState& state) override;
  std::variant<LogonState, std::string> ReadState(HttpReply& reply) const override;
  void Apply(const LogonIdentity& identity, const LogonState& state, HttpRequest& request) override;
  std::optional<LogonState> Update(const LogonState&, const HttpReply&) const override;
  std::vector<std::string> Secrets(const LogonIdentity& identity, const LogonState& state) const override;

 private:
  const SymphonyAuthConfig config_;
};

// Mode `service_account`.
class SymphonyServiceAccount final : public SymphonyLogon {
 public:
  SymphonyServiceAccount(const SymphonyAuthConfig& config, LogonSite site,
                         std::shared_ptr<GatewaySecret> password);

  CredentialOwner owner() const override { return CredentialOwner::kGateway; }
  std::optional<LogonIdentity> IdentityOf(const Caller& caller) const override;

 private:
  const std::string user_;
  const GatewaySecretWatch password_;
};

// Mode `caller_basic`.
class SymphonyCallerBasic final : public SymphonyLogon {
 public:
  using SymphonyLogon::SymphonyLogon;

  CredentialOwner owner() const override { return CredentialOwner::kCaller; }
  std::optional<RpcError> Check(const Caller& caller) const override;
  // User and password, so that one who only guesses the user sees nothing of it.
  Secret CredentialOf(const Caller& caller) const override;
  std::optional<LogonIdentity> IdentityOf(const Caller& caller) const override;
};

}  // namespace session_gateway
