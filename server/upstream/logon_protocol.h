// What one API makes of logging on: which requests, how their answers read, what a create then carries. When
// and how often is the Logon's own.
//
// Thread rule: loop thread only. Never here: sending, waiting, remembering.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/call_context.h"
#include "server/upstream/cookies.h"
#include "translator/http_message.h"

namespace session_gateway {

// Who logs on. A refused log-on is remembered by the user, so that other passwords of the same user wait,
// too.
struct LogonIdentity {
  Secret user;
  Secret credential;
};

// What a log-on gave: always replaced as a whole.
struct LogonState {
  std::vector<Cookie> cookies;
  Secret token;  // Symphony's csrftoken, where it gave one
};

class LogonProtocol {
 public:
  virtual ~LogonProtocol() = default;

  // Nothing when the caller did not bring what it takes.
  virtual std::optional<LogonIdentity> IdentityOf(const Caller& caller) const = 0;
  virtual HttpRequest LogonRequest(const LogonIdentity& identity) = 0;
  // Nothing where the API knows no renewal.
  virtual std::optional<HttpRequest> RenewRequest(const LogonState& state) = 0;
  // Of a whole success answer that is no HTML: the state, or what is wrong, as the end of "the answer to the
  // log-on …". The body may grow in capacity.
  virtual std::variant<LogonState, std::string> ReadState(HttpReply& reply) const = 0;
  virtual void Apply(const LogonIdentity& identity, const LogonState& state, HttpRequest& request) = 0;
  // What an answer to a create changes: the next state, or one without cookies when the log-on is over.
  virtual std::optional<LogonState> Update(const LogonState& state, const HttpReply& reply) const = 0;
  // Everything of both that must never be shown, each by itself.
  virtual std::vector<std::string> Secrets(const LogonIdentity& identity, const LogonState& state) const = 0;
};

}  // namespace session_gateway
