#include "tests/exchange/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "tests/exchange/channel.h"
#include "tests/exchange/gateway_under_test.h"
#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);
constexpr std::size_t kXrfkeyLength = 16;
constexpr char kXrfkeyMark[] = "<xrfkey>";

std::string Setting(const CaseFile& file, const std::string& name, std::string fallback) {
  const auto found = file.settings.find(name);
  return found == file.settings.end() ? std::move(fallback) : found->second;
}

// A port of this host that nobody listens on, for as long as it lives.
class ClosedPort {
 public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    socklen_t size = sizeof(address);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ClosedPort() { ::close(socket_); }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  const int socket_;
  std::uint16_t port_ = 0;
};

// The upstream of a case: the first request gets the answer; whatever else comes is noted.
class ScriptedUpstream {
 public:
  explicit ScriptedUpstream(const CaseFile& file)
      : file_(file), server_([this](RawConnection& connection) { Serve(connection); }) {}

  std::uint16_t port() const { return server_.port(); }
  int connections() const { return server_.accepted(); }

  // After the gateway has let go of its connections: everything that it sent.
  std::vector<std::string> TakeRequests() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (server_.ended() < server_.accepted()) {
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "a connection to the upstream stays open";
        break;
      }
      std::this_thread::yield();
    }
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Serve(RawConnection& connection) {
    bool is_answered = false;
    for (std::string request = connection.ReadRequest(); !request.empty();
         request = connection.ReadRequest()) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      if (std::exchange(is_answered, true)) continue;
      for (const CaseSection& section : file_.sections) {
        if (section.name == "answer") connection.Send(AnswerBytes(section.text, request));
      }
      if (file_.Find("close") != nullptr) connection.EndSending();
      if (file_.Find("reset") != nullptr) return connection.ResetAtEnd();
    }
  }

  // An upstream may repeat the key that it was given.
  static std::string AnswerBytes(const std::string& text, const std::string& request) {
    const std::size_t key = request.find("xrfkey=");
    if (key == std::string::npos) return SplitText(text).Bytes();
    return SplitText(ReplaceAll(text, kXrfkeyMark, request.substr(key + 7, kXrfkeyLength))).Bytes();
  }

  const CaseFile& file_;
  std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  RawServer server_;
};

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

GatewaySetup MakeSetup(const CaseFile& file, std::uint16_t port) {
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
  // A case is one exchange; what is made again is for tests of that.
  setup.limits.retry.attempts = 1;
  const Endpoint endpoint = {"http", "127.0.0.1", port, Setting(file, "prefix", "")};
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
  const std::chrono::milliseconds deadline(
      std::stoll(Setting(file, "deadline_ms", std::to_string(kPatience.count()))));

  Exchange exchange;
  ScriptedUpstream upstream(file);
  const ClosedPort closed;
  const bool is_reachable = Setting(file, "upstream", "") != "unreachable";
  const std::uint16_t port = is_reachable ? upstream.port() : closed.port();
  {
    GatewayUnderTest gateway(MakeSetup(file, port), exchange.log);
    exchange.result = CallByText(ConnectTo(gateway.address()), rpc, ExpandMarks(request->text), deadline);
  }
  exchange.sent = upstream.TakeRequests();
  exchange.connections = upstream.connections();

  NoteLeaks(CsrfTokenOf(rpc, request->text), "the CSRF token", exchange);
  NoteLeaks(kPassword, "the password", exchange);
  NoteLeaks(kToken, "the token", exchange);
  const std::string host = "127.0.0.1:" + std::to_string(port);
  exchange.result.text = ReplaceAll(std::move(exchange.result.text), host, "127.0.0.1:<port>");
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
