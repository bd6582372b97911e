#include "tests/sandbox/qlik_proxy.h"

#include <algorithm>
#include <cstdio>

#include "tests/sandbox/value_rules.h"

namespace session_gateway::sandbox {
namespace {

constexpr std::size_t kSessionsMax = 4096;  // the least used goes
constexpr std::size_t kHeaderMax = 16 << 10;

std::string CookieNameOf(const SandboxQlikProxy& options) {
  if (!options.session_cookie.empty()) return options.session_cookie;
  return options.prefix.empty() ? "X-Qlik-Session" : "X-Qlik-Session-" + options.prefix;
}

bool IsDomainUser(const std::string& text) {
  const std::size_t slash = text.find('\\');
  const bool is_ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return is_ascii && slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
         text.find('\\', slash + 1) == std::string::npos;
}

}  // namespace

QlikProxy::QlikProxy(const SandboxOptions& options)
    : options_(options.qlik_proxy.value()),
      prefix_(options_.prefix.empty() ? "" : '/' + options_.prefix),
      cookie_(CookieNameOf(options_)),
      secure_(options.tls.has_value()),
      now_(options.now),
      random_(options.seed ^ 0x9709) {}

Refusal QlikProxy::ToLogonModule(const std::string& text) const {
  return {.status = 302,
          .text = "not logged on: " + text,
          .headers = {{"Location", prefix_ + "/internal_forms_authentication/?targetId=sandbox"}}};
}

void QlikProxy::ReadCredentials(const ReceivedRequest& request, Visit& visit) const {
  constexpr std::string_view kScheme = "Bearer ";
  if (const std::string* header = FindHeader(request, "Authorization"); header != nullptr) {
    if (!header->starts_with(kScheme)) {
      visit.wrong_text = "header Authorization: expected Bearer";
      return;
    }
    const auto token = options_.tokens.find(header->substr(kScheme.size()));
    if (token == options_.tokens.end()) {
      visit.wrong_text = "header Authorization: the token is not accepted";
      return;
    }
    visit.user = token->second;
  }
  if (options_.user_header.empty()) return;
  const std::string* header = FindHeader(request, options_.user_header);
  if (header == nullptr) return;
  if (visit.user) {
    visit.wrong_text = "credentials of two kinds";
  } else if (!IsDomainUser(*header)) {
    visit.wrong_text = "header " + options_.user_header + ": expected DIRECTORY\\user in ASCII";
  } else {
    visit.user = *header;
  }
}

std::variant<QlikProxy::Visit, Refusal> QlikProxy::Judge(const ReceivedRequest& request) const {
  if (!request.target.starts_with(prefix_ + "/qrs/")) {
    return Refusal{404, "path " + std::string(SplitTarget(request.target).path) + ": expected it below " +
                            prefix_ + "/qrs/"};
  }
  if (FindHeader(request, "X-Qlik-User") != nullptr) {
    return Refusal{403, "header X-Qlik-User: only the proxy itself may send it"};
  }
  for (const auto& [name, value] : request.headers) {
    if (value.size() > kHeaderMax) return Refusal{400, "header " + name + ": longer than 16384 bytes"};
  }
  auto cookies = ParseCookies(request);
  if (auto* wrong = std::get_if<Refusal>(&cookies)) return *wrong;
  Visit visit{.target = request.target.substr(prefix_.size()), .is_get = request.method == "GET"};
  for (const auto& [name, value] : std::get<Cookies>(cookies)) {
    if (name != cookie_) return Refusal{400, "cookie " + name + ": expected " + cookie_ + " alone"};
    visit.session = value;
  }
  ReadCredentials(request, visit);
  return visit;
}

void QlikProxy::DropIdle() {
  const Time now = now_();
  sessions_.remove_if([&](const Session& session) { return now - session.last_used >= options_.inactivity; });
}

std::variant<QlikProxy::Entry, Refusal> QlikProxy::Admit(const Visit& visit) {
  DropIdle();
  if (visit.wrong_text) {
    ++counts_.refused_logons;
    return Refusal{401, *visit.wrong_text};
  }
  if (visit.session) {
    const auto session = std::find_if(sessions_.begin(), sessions_.end(),
                                      [&visit](const Session& one) { return one.id == *visit.session; });
    if (session != sessions_.end()) {
      if (visit.user && *visit.user != session->user) {
        return Refusal{403, "cookie " + cookie_ + ": of another user than the credentials"};
      }
      session->last_used = now_();
      return Entry{.user = session->user};
    }
  }
  const std::string why = visit.session ? "cookie " + cookie_ + ": of no session that is alive"
                                        : "cookie " + cookie_ + ": missing";
  if (!visit.is_get) return ToLogonModule(why);
  if (!visit.user) return ToLogonModule(why + ", and no credentials");
  const auto alive = std::count_if(sessions_.begin(), sessions_.end(),
                                   [&visit](const Session& one) { return one.user == *visit.user; });
  if (static_cast<std::size_t>(alive) >= options_.sessions_per_user_max) {
    ++counts_.refused_logons;
    return Refusal{403,
                   "You cannot access Qlik Sense because you have too many sessions active in parallel. (" +
                       *visit.user + " has " + std::to_string(alive) + ")"};
  }
  return Entry{.user = *visit.user, .is_new = true};
}

std::pair<std::string, std::string> QlikProxy::LogOn(const std::string& user) {
  char id[40];
  std::snprintf(id, sizeof(id), "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(random_() & 0xffffffff),
                static_cast<unsigned>(random_() & 0xffff), static_cast<unsigned>(random_() & 0xffff),
                static_cast<unsigned>(random_() & 0xffff),
                static_cast<unsigned long long>(random_() & 0xffffffffffffULL));
  sessions_.push_back({id, user, now_()});
  if (sessions_.size() > kSessionsMax) sessions_.pop_front();
  ++counts_.logons;
  return {"Set-Cookie", cookie_ + '=' + id + "; Path=/; HttpOnly" + (secure_ ? "; Secure" : "")};
}

void QlikProxy::AddCounts(SandboxCounters& counters) const {
  counters.logons += counts_.logons;
  counters.refused_logons += counts_.refused_logons;
  counters.sessions += sessions_.size();
}

}  // namespace session_gateway::sandbox
