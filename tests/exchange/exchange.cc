#include "tests/exchange/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <variant>

#include "tests/exchange/channel.h"
#include "tests/exchange/gateway_under_test.h"
#include "tests/exchange/odd_places.h"
#include "tests/exchange/scripted_upstream.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience = std::chrono::seconds(60);
constexpr std::size_t kXrfkeyLength = 16;
constexpr char kXrfkeyMark[] = "<xrfkey>";

std::string Setting(const CaseFile& file, const std::string& name, std::string fallback) {
  const auto found = file.settings.find(name);
  return found == file.settings.end() ? std::move(fallback) : found->second;
}

constexpr char kPassword[] = "p4ss-canary";
constexpr char kToken[] = "t0ken.canary.jwt";

template <typename Value>
Value Choice(const CaseFile& file, const std::string& name, const std::map<std::string, Value>& choices) {
  const auto found = choices.find(Setting(file, name, ""));
  return found == choices.end() ? Value() : found->second;
}

void SetUpAuthentication(const CaseFile& file, GatewaySetup& setup) {
  setup.symphony_auth.mode = Choice<SymphonyAuthMode>(file, "symphony_auth",
                                                      {{"service_account", SymphonyAuthMode::kServiceAccount},
                                                       {"caller_basic", SymphonyAuthMode::kCallerBasic},
                                                       {"caller_session", SymphonyAuthMode::kCallerSession}});
  setup.symphony_auth.user = "Admin";
  setup.symphony_auth.password_env = "PASSWORD";
  setup.qlik_auth.mode = Choice<QlikAuthMode>(
      file, "qlik_auth", {{"jwt", QlikAuthMode::kJwt}, {"header", QlikAuthMode::kHeader}});
  setup.qlik_auth.user_from =
      Choice<QlikUserFrom>(file, "user_from", {{"client_certificate", QlikUserFrom::kClientCertificate}});
  setup.qlik_auth.security_context = Choice<QlikSecurityContext>(
      file, "security_context",
      {{"management", QlikSecurityContext::kManagementAccess}, {"app", QlikSecurityContext::kAppAccess}});
  setup.qlik_auth.token_env = "TOKEN";
  setup.qlik_auth.header_name = "X-Gateway-User";
  setup.environment = {{"PASSWORD", Secret(kPassword)}, {"TOKEN", Secret(kToken)}};
}

GatewaySetup MakeSetup(const CaseFile& file, std::uint16_t port, const TlsScript* tls) {
  GatewaySetup setup;
  SetUpAuthentication(file, setup);
  setup.qlik_auth.user_directory = Setting(file, "user_directory", "INTERNAL");
  setup.qlik_auth.user_id = Setting(file, "user_id", "sa_api");
  const auto number = [&](const std::string& name, std::size_t fallback) {
    return std::stoul(Setting(file, name, std::to_string(fallback)));
  };
  EngineLimits& engine = setup.limits.engine;
  engine.answer_body_bytes = number("answer_body_bytes", engine.answer_body_bytes);
  engine.answer_header_bytes = number("answer_header_bytes", engine.answer_header_bytes);
  engine.connections = number("connections", engine.connections);
  engine.error_body_wait = milliseconds(number("error_body_wait_ms", 1000));
  // A case is one exchange; what is made again is for tests of that.
  setup.limits.retry.attempts = 1;
  for (LogonLimits* const limits : {&setup.symphony_auth.limits, &setup.qlik_auth.limits}) {
    limits->renew_min_age = milliseconds(number("renew_min_age_ms", 5000));
    limits->timeout = milliseconds(number("logon_timeout_ms", 5000));
  }
  setup.call_timeout_max = milliseconds(number("deadline_ms", 60000));
  if (tls != nullptr) setup.tls = tls->material;
  const Endpoint endpoint = {tls == nullptr ? "http" : "https", Setting(file, "host", "127.0.0.1"), port,
                             Setting(file, "prefix", "")};
  const bool is_absent = Setting(file, "upstream", "") == "absent";
  const bool is_symphony = Setting(file, "rpc", "") == "CreateSession";
  // The other upstream is there in any case, so that a call which strays would be seen.
  if (!is_absent || !is_symphony) setup.symphony = endpoint;
  if (!is_absent || is_symphony) setup.qlik = endpoint;
  return setup;
}

// The key, when the target and the header hold the same one of the right form.
std::optional<std::string> XrfkeyOf(const std::string& request) {
  constexpr std::string_view kParam = "?xrfkey=";
  constexpr std::string_view kHeader = "\r\nx-qlik-xrfkey: ";
  const std::size_t param = request.find(kParam);
  const std::size_t header = request.find(kHeader);
  if (param == std::string::npos || header == std::string::npos) return std::nullopt;
  const std::string in_target = request.substr(param + kParam.size(), kXrfkeyLength);
  const std::string in_header =
      request.substr(header + kHeader.size(), request.find('\r', header + 2) - header - kHeader.size());
  const bool is_key =
      std::all_of(in_target.begin(), in_target.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (!is_key || in_target != in_header) return std::nullopt;
  return in_target;
}

void NoteLeaks(const std::string& secret, const std::string& name, Exchange& exchange) {
  if (secret.empty()) return;
  if (exchange.result.text.find(secret) != std::string::npos)
    exchange.leaks.push_back(name + " in the result");
  if (exchange.log.find(secret) != std::string::npos) exchange.leaks.push_back(name + " in the log");
}

}  // namespace

std::variant<Exchange, std::string> PlayCase(const CaseFile& file) {
  const CaseSection* const request = file.Find("request");
  const std::string rpc = Setting(file, "rpc", "");
  if (request == nullptr || rpc.empty()) return "a case needs its rpc and a request";
  std::optional<TlsScript> tls;
  if (file.settings.contains("tls")) {
    auto made = MakeTlsScript(file.settings.at("tls"));
    if (auto* problem = std::get_if<std::string>(&made)) return std::move(*problem);
    tls = std::get<TlsScript>(std::move(made));
  }

  Exchange exchange;
  ScriptedUpstream upstream(file, tls ? &*tls : nullptr);
  const ClosedPort closed;
  const FullPort full;
  const std::string place = Setting(file, "upstream", "");
  const std::uint16_t port = place == "unreachable"     ? closed.port()
                             : place == "never_accepts" ? full.port()
                                                        : upstream.port();
  {
    GatewayUnderTest gateway(MakeSetup(file, port, tls ? &*tls : nullptr), exchange.log);
    const SlowName slow_name;
    exchange.result = CallByText(ConnectTo(gateway.address()), rpc, ExpandMarks(request->text), kPatience);
  }
  exchange.sent = upstream.TakeRequests();
  exchange.part_arrived = upstream.saw_part();
  exchange.connections = upstream.connections();

  NoteLeaks(CsrfTokenOf(rpc, request->text), "the CSRF token", exchange);
  NoteLeaks(kPassword, "the password", exchange);
  NoteLeaks(kToken, "the token", exchange);
  const std::string host = "127.0.0.1:" + std::to_string(port);
  exchange.result.text = ReplaceAll(std::move(exchange.result.text), host, "127.0.0.1:<port>");
  // The system has two names for it: which one comes depends on whether a write or a read was first to
  // notice.
  exchange.result.text =
      ReplaceAll(std::move(exchange.result.text), "Broken pipe", "Connection reset by peer");
  for (std::string& sent : exchange.sent) {
    sent = ReplaceAll(std::move(sent), host, "127.0.0.1:<port>");
    const std::optional<std::string> key = XrfkeyOf(sent);
    if (!key) continue;
    NoteLeaks(*key, "the Xrfkey", exchange);
    sent = ReplaceAll(std::move(sent), *key, kXrfkeyMark);
  }
  return exchange;
}

}  // namespace session_gateway
