#include "tests/sandbox/symphony_logon.h"

#include <nlohmann/json.hpp>

namespace session_gateway::sandbox {
namespace {

constexpr std::string_view kTokenCookie = "platform.rest.token";
constexpr std::string_view kCertificateCookie = "platform.rest.certificate";
constexpr std::string_view kCsrfQuery[] = {"csrftoken"};
constexpr std::size_t kLogonsMax = 4096;
constexpr std::size_t kUsersMax = 1024;
constexpr std::string_view kHex = "0123456789abcdef";
// Everything that a cookie may hold and that a careless client spoils.
constexpr std::string_view kCookieLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=%&|!#";

std::string CookieName(std::string_view name) { return "cookie " + std::string(name) + ": "; }

}  // namespace

SymphonyLogon::SymphonyLogon(const SandboxOptions& options, std::string_view base_path)
    : options_(options.symphony_logon.value()),
      login_path_(std::string(base_path) + options_.login_path),
      renew_path_(std::string(base_path) + options_.renew_path),
      secure_(options.tls.has_value()),
      now_(options.now),
      random_(options.seed ^ 0x10906) {
  for (const auto& [name, password] : options_.users) users_[name].password = password;
}

std::optional<std::variant<Refusal, Accepted>> SymphonyLogon::Judge(const ReceivedRequest& request) {
  const Target target = SplitTarget(request.target);
  const bool logs_on = target.path == login_path_;
  if (!logs_on && target.path != renew_path_) return std::nullopt;
  const std::string& method = logs_on ? options_.method : std::string("GET");
  if (request.method != method) {
    return Refusal{405, "method " + request.method + ": not served here", method};
  }
  if (Checked wrong = CheckMedia(request, false)) return *wrong;
  if (!request.body.empty()) return Refusal{400, "body: expected none"};
  if (logs_on) {
    if (target.query) return Refusal{400, "query: a log-on has none"};
    auto basic = ParseBasic(request);
    if (auto* wrong = std::get_if<Refusal>(&basic)) return *wrong;
    return Accepted{.serve = [this, given = std::get<BasicCredentials>(basic)] { return LogOn(given); },
                    .changes_log_on = true};
  }
  const auto parsed = ParseQuery(target.query, kCsrfQuery);
  if (auto* wrong = std::get_if<Refusal>(&parsed)) return *wrong;
  const Query& query = std::get<Query>(parsed);
  const auto token = query.find("csrftoken");
  auto claim = ReadClaim(request, token == query.end() ? std::nullopt : std::optional(token->second));
  if (auto* wrong = std::get_if<Refusal>(&claim)) {
    if (wrong->status == 401) wrong->status = 400;  // as the renewal's page has it
    return *wrong;
  }
  const auto shown = std::get<Claim>(claim);
  const auto admit = [this, shown]() -> Checked {
    Logon* logon = nullptr;
    Checked wrong = Find(shown, &logon);
    if (wrong && logon == nullptr) wrong->status = 400;
    return wrong;
  };
  return Accepted{.serve = [this, shown] { return Renew(shown); }, .admit = admit, .changes_log_on = true};
}

std::variant<SymphonyLogon::Claim, Refusal> SymphonyLogon::ReadClaim(const ReceivedRequest& request,
                                                                     std::optional<std::string> csrf_token) {
  auto parsed = ParseCookies(request);
  if (auto* wrong = std::get_if<Refusal>(&parsed)) return *wrong;
  Claim claim{.token = {}, .certificate = {}, .csrf_token = std::move(csrf_token)};
  for (const auto& [name, value] : std::get<Cookies>(parsed)) {
    if (name == kTokenCookie) {
      claim.token = value;
    } else if (name == kCertificateCookie) {
      claim.certificate = value;
    } else {
      return Refusal{400, CookieName(name) + "no log-on gave it"};
    }
  }
  if (claim.token.empty()) return Refusal{401, CookieName(kTokenCookie) + "missing"};
  if (claim.certificate.empty()) return Refusal{401, CookieName(kCertificateCookie) + "missing"};
  return claim;
}

// `found` is set as soon as the cookies are good.
Checked SymphonyLogon::Find(const Claim& claim, Logon** found) {
  const auto logon = logons_.find(claim.token);
  if (logon == logons_.end()) return Refusal{401, CookieName(kTokenCookie) + "of no log-on that is alive"};
  if (now_() >= logon->second.ends) {
    logons_.erase(logon);
    return Refusal{401, CookieName(kTokenCookie) + "the log-on has expired"};
  }
  if (logon->second.certificate != claim.certificate) {
    return Refusal{401, CookieName(kCertificateCookie) + "not the one of this log-on"};
  }
  *found = &logon->second;
  if (!options_.token_key) {
    if (claim.csrf_token) return Refusal{403, "query parameter csrftoken: no log-on gave one"};
    return std::nullopt;
  }
  if (!claim.csrf_token) return Refusal{401, "query parameter csrftoken: missing"};
  if (*claim.csrf_token != logon->second.csrf_token) {
    return Refusal{403, "query parameter csrftoken: not the one of this log-on"};
  }
  return std::nullopt;
}

Checked SymphonyLogon::Admit(const Claim& claim) {
  Logon* logon = nullptr;
  if (Checked wrong = Find(claim, &logon)) return wrong;
  if (!logon->replaces.empty()) {
    logons_.erase(logon->replaces);
    logon->replaces.clear();
  }
  return std::nullopt;
}

SymphonyLogon::Served SymphonyLogon::LogOn(const BasicCredentials& credentials) {
  const auto refuse = [this](int status, const std::string& text) {
    ++counts_.refused_logons;
    return Refusal{.status = status, .text = "log-on refused: " + text};
  };
  const auto found = users_.find(credentials.user);
  if (found == users_.end()) return refuse(401, "no such user");
  User& user = found->second;
  if (user.locked_until && now_() < *user.locked_until) {
    ++counts_.locked;
    return refuse(403, "the account is locked");
  }
  user.locked_until.reset();
  if (user.password != credentials.password) {
    if (++user.wrong_in_a_row == options_.wrong_passwords_max) {
      user.wrong_in_a_row = 0;
      user.locked_until = now_() + options_.lock_time;
    }
    return refuse(401, "wrong password");
  }
  user.wrong_in_a_row = 0;
  ++counts_.logons;
  return Give(credentials.user, "");
}

SymphonyLogon::Served SymphonyLogon::Renew(const Claim& claim) {
  const Logon old = logons_.at(claim.token);
  // A log-on that is renewed twice before its use leaves one successor.
  std::erase_if(logons_, [&claim](const auto& row) { return row.second.replaces == claim.token; });
  ++counts_.renewals;
  if (!options_.old_valid_until_new_used) logons_.erase(claim.token);
  if (!old.replaces.empty()) logons_.erase(old.replaces);
  return Give(old.user, options_.old_valid_until_new_used ? claim.token : "");
}

SymphonyLogon::Served SymphonyLogon::Give(const std::string& user, const std::string& replaces) {
  // Quoted, as the standard for cookies allows: the quotes belong to the value.
  const std::string token = '"' + RandomText(40, kCookieLetters) + "==\"";
  const Logon logon{.user = user,
                    .certificate = RandomText(24, kCookieLetters) + "+/=" + RandomText(24, kCookieLetters),
                    .csrf_token = RandomText(32, kHex),
                    .ends = now_() + options_.lifetime,
                    .replaces = replaces};
  order_.push_back(token);
  while (order_.size() > kLogonsMax) {
    logons_.erase(order_.front());
    order_.pop_front();
  }
  const std::string attributes = std::string("; Path=/platform; ") + (secure_ ? "Secure; " : "") + "HttpOnly";
  nlohmann::json body = nlohmann::json::object();
  if (options_.token_key) body[*options_.token_key] = logon.csrf_token;
  HttpAnswer answer{
      .body = body.dump(),
      .headers = {{"Set-Cookie", std::string(kTokenCookie) + '=' + token + attributes},
                  {"Set-Cookie", std::string(kCertificateCookie) + '=' + logon.certificate + attributes}}};
  logons_.emplace(token, logon);
  return answer;
}

std::string SymphonyLogon::RandomText(std::size_t size, std::string_view alphabet) {
  std::uniform_int_distribution<std::size_t> letter(0, alphabet.size() - 1);
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += alphabet[letter(random_)];
  return text;
}

bool SymphonyLogon::SetPassword(const std::string& user, const std::string& password) {
  if (!users_.contains(user) && users_.size() >= kUsersMax) return false;
  users_[user] = User{.password = password};
  return true;
}

void SymphonyLogon::ForgetCounts() {
  counts_ = {};
  for (auto& [name, user] : users_) user = User{.password = user.password};
}

void SymphonyLogon::AddCounts(SandboxCounters& counters) const {
  counters.logons += counts_.logons;
  counters.renewals += counts_.renewals;
  counters.refused_logons += counts_.refused_logons;
  counters.locked += counts_.locked;
  counters.sessions += logons_.size();
}

}  // namespace session_gateway::sandbox
