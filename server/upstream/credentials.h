// How the gateway says who it is to an upstream: what is added to each request, below everything that logs.
//
// Thread rule: loop thread only. Never here: sending, deciding what a refusal means.
#pragma once

#include <memory>
#include <string>

#include "server/random.h"
#include "server/upstream/transport.h"
#include "translator/upstream_status.h"

namespace session_gateway {

class Credentials {
 public:
  virtual ~Credentials() = default;

  // Whose credential a 401 refuses.
  virtual CredentialOwner owner() const = 0;
  // Adds to one attempt what proves who sends it.
  virtual void Apply(HttpRequest& request) = 0;
  // The same with stand-ins in the place of secrets, for a request that is only shown.
  virtual void Preview(HttpRequest& request) const = 0;
};

// Symphony's mode `none`: the caller's own CSRF token, if any, is all there is.
class NoCredentials final : public Credentials {
 public:
  CredentialOwner owner() const override { return CredentialOwner::kCaller; }
  void Apply(HttpRequest&) override {}
  void Preview(HttpRequest&) const override {}
};

// QRS behind a client certificate: a fresh Xrfkey pair for each attempt, and the acting user.
class QlikCertificate final : public Credentials {
 public:
  QlikCertificate(const std::string& user_directory, const std::string& user_id, Random& random);

  CredentialOwner owner() const override { return CredentialOwner::kGateway; }
  void Apply(HttpRequest& request) override;
  void Preview(HttpRequest& request) const override;

 private:
  void Add(const std::string& key, HttpRequest& request) const;

  std::string user_;  // the value of X-Qlik-User
  Random& random_;
};

// The layer that applies them. It notes on the reply which secrets the upstream has seen, so that none of
// them is shown from an error text.
class CredentialsTransport final : public Transport {
 public:
  CredentialsTransport(Credentials& credentials, Transport& next) : credentials_(credentials), next_(next) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override;

 private:
  Credentials& credentials_;
  Transport& next_;
};

}  // namespace session_gateway
