#include "server/upstream/symphony_authentication.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "translator/json_member.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

constexpr std::string_view kRoot = "/platform/rest/symrest/v1/";
constexpr char kTokenCookie[] = "platform.rest.token";
constexpr char kCertificateCookie[] = "platform.rest.certificate";
constexpr char kTokenParam[] = "csrftoken";
constexpr char kScheme[] = "Basic ";
constexpr char kStandIn[] = "?";  // never seen: what stands for a secret is shown as stars
constexpr std::size_t kTokenBytesMax = 8 * 1024;

RpcError MetadataError(absl::StatusCode code, const std::string& key, const std::string& rule) {
  const std::string where = "metadata[\"" + key + "\"]";
  RpcError error = MakeError(Upstream::kSymphony, code, Reason::kInvalidField, Outcome::kNotSent,
                             Phase::kValidate, where + ": " + rule);
  error.violations = {{where, rule}};
  return error;
}

RpcError Missing(const std::string& key, const std::string& rule) {
  return MetadataError(absl::StatusCode::kUnauthenticated, key, rule);
}

// `user:password` out of `Basic <base64>`, if it is that and nothing else.
std::optional<std::string> DecodeBasic(const std::string& value) {
  constexpr std::size_t kSchemeLength = sizeof(kScheme) - 1;
  if (!absl::StartsWithIgnoreCase(value, kScheme)) return std::nullopt;
  const std::string encoded = value.substr(kSchemeLength);
  std::string decoded;
  // Encoding it again tells whether it was plain base64 with its padding, without spaces.
  if (!absl::Base64Unescape(encoded, &decoded) || absl::Base64Escape(decoded) != encoded) return std::nullopt;
  const std::size_t colon = decoded.find(':');
  if (colon == std::string::npos || colon == 0 || HasControlCharacter(decoded)) return std::nullopt;
  return decoded;
}

LogonIdentity MakeIdentity(std::string_view user, const std::string& user_and_password) {
  return {Secret(std::string(user)), Secret(kScheme + absl::Base64Escape(user_and_password))};
}

HttpRequest Ask(std::string method, const std::string& path) {
  HttpRequest request;
  request.method = std::move(method);
  request.path = std::string(kRoot) + path;
  request.headers = {{"accept", "application/json"}, {"accept-encoding", "identity"}};
  return request;
}

}  // namespace

std::optional<RpcError> SymphonyCallerSession::Check(const Caller& caller) const {
  constexpr char kKey[] = "symphony-cookie";
  if (caller.symphony_cookie.empty()) {
    return Missing(kKey, "is required: the cookies of the caller's own log-on");
  }
  if (HasControlCharacter(caller.symphony_cookie.Reveal())) {
    return MetadataError(absl::StatusCode::kInvalidArgument, kKey, "must not hold control characters");
  }
  return std::nullopt;
}

void SymphonyCallerSession::Preview(const Caller&, HttpRequest& request) const {
  request.headers.push_back({"cookie", kStandIn, Secrecy::kSecret});
}

std::vector<std::string> SymphonyCallerSession::Add(const Caller& caller, HttpRequest& request) {
  const std::string& cookie = caller.symphony_cookie.Reveal();
  if (!cookie.empty()) request.headers.push_back({"cookie", cookie, Secrecy::kSecret});
  return CookieValues(cookie);
}

void SymphonyLogon::Preview(const Caller&, HttpRequest& request) const {
  request.query.push_back({kTokenParam, kStandIn, Secrecy::kSecret});
  request.headers.push_back({"cookie", kStandIn, Secrecy::kSecret});
}

HttpRequest SymphonyLogon::LogonRequest(const LogonIdentity& identity) {
  HttpRequest request = Ask(config_.login_method == LogonMethod::kGet ? "GET" : "POST", config_.login_path);
  request.headers.push_back({"authorization", identity.credential.Reveal(), Secrecy::kSecret});
  return request;
}

std::optional<HttpRequest> SymphonyLogon::RenewRequest(const LogonState& state) {
  HttpRequest request = Ask("GET", config_.renew_path);
  if (!state.token.empty()) {
    request.query.push_back({kTokenParam, state.token.Reveal(), Secrecy::kSecret});
  }
  request.headers.push_back({"cookie", CookieHeader(state.cookies), Secrecy::kSecret});
  return request;
}

std::variant<LogonState, std::string> SymphonyLogon::ReadState(HttpReply& reply) const {
  std::optional<Cookie> token;
  std::optional<Cookie> certificate;
  for (SetCookie& set : ReadSetCookies(reply)) {
    if (set.gone) continue;
    if (set.cookie.name == kTokenCookie) token = std::move(set.cookie);
    if (set.cookie.name == kCertificateCookie) certificate = std::move(set.cookie);
  }
  if (!token) return "sets no cookie " + std::string(kTokenCookie);
  LogonState state;
  state.cookies.push_back(*std::move(token));
  if (certificate) state.cookies.push_back(*std::move(certificate));
  if (auto text = FindTextMember(reply.body, config_.token_key)) {
    if (text->size() > kTokenBytesMax) return "holds a token that is too long";
    state.token = Secret(*std::move(text));
  }
  return state;
}

void SymphonyLogon::Apply(const LogonIdentity&, const LogonState& state, HttpRequest& request) {
  if (!state.token.empty()) {
    request.query.push_back({kTokenParam, state.token.Reveal(), Secrecy::kSecret});
  }
  request.headers.push_back({"cookie", CookieHeader(state.cookies), Secrecy::kSecret});
}

// Cookies and token belong together, and only a log-on or a renewal gives all of them.
std::optional<LogonState> SymphonyLogon::Update(const LogonState&, const HttpReply&) const {
  return std::nullopt;
}

std::vector<std::string> SymphonyLogon::Secrets(const LogonIdentity& identity,
                                                const LogonState& state) const {
  std::vector<std::string> secrets;
  for (const Cookie& cookie : state.cookies) secrets.push_back(cookie.value.Reveal());
  if (!state.token.empty()) secrets.push_back(state.token.Reveal());
  const std::string& basic = identity.credential.Reveal();
  secrets.push_back(basic.substr(sizeof(kScheme) - 1));
  if (const auto decoded = DecodeBasic(basic)) {
    secrets.push_back(*decoded);
    secrets.push_back(decoded->substr(decoded->find(':') + 1));
  }
  return secrets;
}

SymphonyServiceAccount::SymphonyServiceAccount(const SymphonyAuthConfig& config, LogonSite site,
                                               std::shared_ptr<GatewaySecret> password)
    : SymphonyLogon(config, std::move(site)),
      user_(config.user),
      password_(std::move(password), [this] { ForgetLockouts(); }) {}

std::optional<LogonIdentity> SymphonyServiceAccount::IdentityOf(const Caller&) const {
  return MakeIdentity(user_, user_ + ":" + password_.current().Reveal());
}

std::optional<RpcError> SymphonyCallerBasic::Check(const Caller& caller) const {
  constexpr char kKey[] = "symphony-authorization";
  if (caller.symphony_authorization.empty()) {
    return Missing(kKey, "is required: the caller's own user and password, as Basic");
  }
  if (DecodeBasic(caller.symphony_authorization.Reveal())) return std::nullopt;
  return MetadataError(absl::StatusCode::kInvalidArgument, kKey,
                       "must be `Basic` and the base64 of user:password");
}

Secret SymphonyCallerBasic::CredentialOf(const Caller& caller) const {
  return Secret(DecodeBasic(caller.symphony_authorization.Reveal()).value_or(std::string()));
}

std::optional<LogonIdentity> SymphonyCallerBasic::IdentityOf(const Caller& caller) const {
  const auto decoded = DecodeBasic(caller.symphony_authorization.Reveal());
  if (!decoded) return std::nullopt;
  return MakeIdentity(std::string_view(*decoded).substr(0, decoded->find(':')), *decoded);
}

}  // namespace session_gateway
