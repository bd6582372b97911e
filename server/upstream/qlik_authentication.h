// The three ways to the repository service: the client certificate on its own port, with the acting user in a
// header; and a virtual proxy that takes a JWT, or the user's name in a header of its choosing.
//
//   GET  <prefix>/qrs/about?xrfkey=K            authorization: Bearer …   -> Set-Cookie: X-Qlik-Session=…
//   POST <prefix>/qrs/executionsession?xrfkey=K cookie: X-Qlik-Session=…; authorization: Bearer …
//
// Each request has an Xrfkey pair of its own. The acting user comes from the configuration or from the
// caller's verified certificate. Thread rule: loop thread only. Never here: when to log on (Logon), metadata
// of a caller.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/gateway_secret.h"
#include "server/random.h"
#include "server/upstream/logon_authentication.h"

namespace session_gateway {

// Mode `certificate`.
class QlikCertificate final : public PlainAuthentication {
 public:
  QlikCertificate(const QlikAuthConfig& config, Random& random) : config_(config), random_(random) {}

  CredentialOwner owner() const override { return CredentialOwner::kGateway; }
  std::optional<RpcError> Check(const Caller& caller) const override;
  void Preview(const Caller& caller, HttpRequest& request) const override;
  std::vector<std::string> Add(const Caller& caller, HttpRequest& request) override;

 private:
  void AddUser(const Caller& caller, HttpRequest& request) const;

  const QlikAuthConfig config_;
  Random& random_;
};

// What the two modes behind a virtual proxy share: the session's cookie, and what proves the user on each
// request.
class QlikProxy : public LogonAuthentication {
 public:
  QlikProxy(const QlikAuthConfig& config, LogonSite site, Random& random)
      : LogonAuthentication(std::move(site)), config_(config), random_(random) {}

  CredentialOwner owner() const override { return CredentialOwner::kGateway; }
  void Preview(const Caller& caller, HttpRequest& request) const override;

  HttpRequest LogonRequest(const LogonIdentity& identity) override;
  std::optional<HttpRequest> RenewRequest(const LogonState&) override { return std::nullopt; }
  std::variant<LogonState, std::string> ReadState(HttpReply& reply) const override;
  void Apply(const LogonIdentity& identity, const LogonState& state, HttpRequest& request) override;
  std::optional<LogonState> Update(const LogonState& state, const HttpReply& reply) const override;
  std::vector<std::string> Secrets(const LogonIdentity& identity, const LogonState& state) const override;

 protected:
  // The header that proves the user.
  virtual HttpHeader Proof(const Secret& credential) const = 0;
  const QlikAuthConfig& config() const { return config_; }

 private:
  const QlikAuthConfig config_;
  Random& random_;
};

// Mode `jwt`.
class QlikJwt final : public QlikProxy {
 public:
  QlikJwt(const QlikAuthConfig& config, LogonSite site, Random& random, std::shared_ptr<GatewaySecret> token);

  std::optional<LogonIdentity> IdentityOf(const Caller& caller) const override;

 protected:
  HttpHeader Proof(const Secret& credential) const override;

 private:
  const GatewaySecretWatch token_;
};

// Mode `header`.
class QlikHeader final : public QlikProxy {
 public:
  using QlikProxy::QlikProxy;

  std::optional<RpcError> Check(const Caller& caller) const override;
  std::optional<LogonIdentity> IdentityOf(const Caller& caller) const override;

 protected:
  HttpHeader Proof(const Secret& credential) const override;
};

}  // namespace session_gateway
