#include "server/upstream/qlik_authentication.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "server/upstream/xrfkey.h"

namespace session_gateway {
namespace {

constexpr char kAboutPath[] = "/qrs/about";
constexpr char kJwtUser[] = "jwt";  // who it names, the token alone knows
constexpr char kStandIn[] = "?";    // never seen: what stands for a secret is shown as stars

RpcError NoUser(const std::string& why) {
  return MakeError(Upstream::kQlik, absl::StatusCode::kUnauthenticated, Reason::kInvalidField,
                   Outcome::kNotSent, Phase::kValidate, "the client certificate " + why);
}

// Who acts, without the directory.
const std::string& UserId(const QlikAuthConfig& config, const Caller& caller) {
  return config.user_from == QlikUserFrom::kClientCertificate ? caller.identity : config.user_id;
}

void AddSecurityContext(const QlikAuthConfig& config, HttpRequest& request) {
  switch (config.security_context) {
    case QlikSecurityContext::kNone:
      return;
    case QlikSecurityContext::kManagementAccess:
      request.headers.push_back({"x-qlik-security", "Context=ManagementAccess"});
      return;
    case QlikSecurityContext::kAppAccess:
      request.headers.push_back({"x-qlik-security", "Context=AppAccess"});
      return;
  }
}

std::optional<RpcError> CheckUser(const QlikAuthConfig& config, const Caller& caller) {
  if (!UserId(config, caller).empty()) return std::nullopt;
  return NoUser("is required: its name is the user who acts");
}

// In the name of a caller a backslash would choose another directory.
bool FitsHeader(const QlikAuthConfig& config, std::string_view name) {
  const bool is_callers = config.user_from == QlikUserFrom::kClientCertificate;
  return std::all_of(name.begin(), name.end(),
                     [is_callers](char c) { return c >= ' ' && c <= '~' && (c != '\\' || !is_callers); });
}

std::optional<SetCookie> FindSessionCookie(const QlikAuthConfig& config, const HttpReply& reply,
                                           bool is_gone) {
  for (SetCookie& set : ReadSetCookies(reply)) {
    if (set.gone == is_gone && set.cookie.name.starts_with(config.cookie_name)) return std::move(set);
  }
  return std::nullopt;
}

}  // namespace

std::optional<RpcError> QlikCertificate::Check(const Caller& caller) const {
  return CheckUser(config_, caller);
}

void QlikCertificate::Preview(const Caller& caller, HttpRequest& request) const {
  AddXrfkeyStandIn(request);
  AddUser(caller, request);
}

std::vector<std::string> QlikCertificate::Add(const Caller& caller, HttpRequest& request) {
  AddXrfkey(random_, request);
  AddUser(caller, request);
  return {};
}

void QlikCertificate::AddUser(const Caller& caller, HttpRequest& request) const {
  request.headers.push_back({"x-qlik-user", "UserDirectory=" + PercentEncode(config_.user_directory) +
                                                ";UserId=" + PercentEncode(UserId(config_, caller))});
  AddSecurityContext(config_, request);
}

void QlikProxy::Preview(const Caller& caller, HttpRequest& request) const {
  AddXrfkeyStandIn(request);
  if (const auto identity = IdentityOf(caller)) request.headers.push_back(Proof(identity->credential));
  request.headers.push_back({"cookie", kStandIn, Secrecy::kSecret});
  AddSecurityContext(config_, request);
}

// Without the security context: a user who must not use it is no reason to refuse a log-on.
HttpRequest QlikProxy::LogonRequest(const LogonIdentity& identity) {
  HttpRequest request;
  request.method = "GET";
  request.path = kAboutPath;
  request.headers = {{"accept", "application/json"}, {"accept-encoding", "identity"}};
  AddXrfkey(random_, request);
  request.headers.push_back(Proof(identity.credential));
  return request;
}

std::variant<LogonState, std::string> QlikProxy::ReadState(HttpReply& reply) const {
  std::optional<SetCookie> session = FindSessionCookie(config_, reply, false);
  if (!session) return "sets no cookie whose name begins with " + config_.cookie_name;
  LogonState state;
  state.cookies.push_back(std::move(session->cookie));
  return state;
}

void QlikProxy::Apply(const LogonIdentity& identity, const LogonState& state, HttpRequest& request) {
  AddXrfkey(random_, request);
  request.headers.push_back(Proof(identity.credential));
  request.headers.push_back({"cookie", CookieHeader(state.cookies), Secrecy::kSecret});
  AddSecurityContext(config_, request);
}

std::optional<LogonState> QlikProxy::Update(const LogonState& state, const HttpReply& reply) const {
  LogonState next;
  if (auto session = FindSessionCookie(config_, reply, false)) {
    if (state.cookies.front() == session->cookie) return std::nullopt;
    next.cookies.push_back(std::move(session->cookie));
    return next;
  }
  const auto gone = FindSessionCookie(config_, reply, true);
  if (gone && gone->cookie.name == state.cookies.front().name) return next;
  return std::nullopt;
}

std::vector<std::string> QlikProxy::Secrets(const LogonIdentity& identity, const LogonState& state) const {
  std::vector<std::string> secrets;
  for (const Cookie& cookie : state.cookies) secrets.push_back(cookie.value.Reveal());
  if (Proof(identity.credential).secrecy == Secrecy::kSecret) {
    secrets.push_back(identity.credential.Reveal());
  }
  return secrets;
}

QlikJwt::QlikJwt(const QlikAuthConfig& config, LogonSite site, Random& random,
                 std::shared_ptr<GatewaySecret> token)
    : QlikProxy(config, std::move(site), random), token_(std::move(token), [this] { ForgetLockouts(); }) {}

std::optional<LogonIdentity> QlikJwt::IdentityOf(const Caller&) const {
  return LogonIdentity{Secret(kJwtUser), token_.current()};
}

HttpHeader QlikJwt::Proof(const Secret& credential) const {
  return {"authorization", "Bearer " + credential.Reveal(), Secrecy::kSecret};
}

std::optional<RpcError> QlikHeader::Check(const Caller& caller) const {
  if (auto error = CheckUser(config(), caller)) return error;
  if (FitsHeader(config(), UserId(config(), caller))) return std::nullopt;
  return NoUser("has a name that the virtual proxy's header cannot carry: US-ASCII without backslash only");
}

std::optional<LogonIdentity> QlikHeader::IdentityOf(const Caller& caller) const {
  const std::string& id = UserId(config(), caller);
  if (id.empty() || !FitsHeader(config(), id)) return std::nullopt;
  const std::string& directory = config().user_directory;
  const Secret user(directory.empty() ? id : directory + "\\" + id);
  return LogonIdentity{user, user};
}

// A name is no secret: the proxy must be out of reach of those who should not use it.
HttpHeader QlikHeader::Proof(const Secret& credential) const {
  return {absl::AsciiStrToLower(config().header_name), credential.Reveal()};
}

}  // namespace session_gateway
