// The sandbox as a program of its own: both upstreams on their ports, until SIGTERM or SIGINT.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tests/sandbox/sandbox.h"

namespace {

using session_gateway::Sandbox;
using session_gateway::SandboxOptions;
using session_gateway::SandboxQlikProxy;
using session_gateway::SandboxSymphonyLogon;
using session_gateway::SandboxTls;
using session_gateway::SandboxTlsVersion;
using session_gateway::SandboxUpstream;
using session_gateway::pki::Pkcs12Kind;

int Run(SandboxOptions options) {
  // Blocked before any thread starts, so that only the wait below takes them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  Sandbox sandbox(std::move(options));
  if (const auto problem = sandbox.Start()) {
    std::fprintf(stderr, "session-gateway-sandbox: %s\n", problem->c_str());
    return 1;
  }
  const std::string proxy = sandbox.QlikProxyEndpoint();
  std::printf("{\"symphony\":\"%s\",\"qlik\":\"%s\"%s}\n",
              sandbox.Endpoint(SandboxUpstream::kSymphony).c_str(),
              sandbox.Endpoint(SandboxUpstream::kQlik).c_str(),
              proxy.empty() ? "" : (",\"qlik_proxy\":\"" + proxy + '"').c_str());
  std::fflush(stdout);
  int received = 0;
  sigwait(&ends, &received);
  sandbox.Stop();
  return 0;
}

// What the flags say of a part that is off without them.
struct TlsFlags {
  SandboxTls tls;
  bool on = false;
  std::vector<std::string> names;
  std::string certificate_file;
  std::string key_file;
  bool no_qlik_client = false;

  void AddTo(CLI::App& app) {
    static const std::map<std::string, SandboxTlsVersion> kVersions = {
        {"1.1", SandboxTlsVersion::k11}, {"1.2", SandboxTlsVersion::k12}, {"1.3", SandboxTlsVersion::k13}};
    static const std::map<std::string, Pkcs12Kind> kKinds = {
        {"modern", Pkcs12Kind::kModern}, {"3des", Pkcs12Kind::kTripleDes}, {"legacy", Pkcs12Kind::kLegacy}};
    CLI::App* group = app.add_option_group("TLS");
    CLI::Option* flag = group->add_flag("--tls", on, "speak TLS on every port");
    const auto add = [&](const char* name, auto& value, const char* help) {
      return group->add_option(name, value, help)->needs(flag);
    };
    add("--tls-dir", tls.directory, "write ca.pem, client.pem, client_key.pem and client.pfx there");
    add("--tls-pfx-password", tls.pfx_password, "of client.pfx");
    add("--tls-pfx-kind", tls.pfx_kind, "modern, 3des or legacy")->transform(CLI::Transformer(kKinds));
    add("--tls-name", names, "DNS name or address in the server certificates (repeatable)");
    add("--tls-min", tls.min_version, "1.1, 1.2 or 1.3")->transform(CLI::Transformer(kVersions));
    add("--tls-max", tls.max_version, "1.1, 1.2 or 1.3")->transform(CLI::Transformer(kVersions));
    CLI::Option* certificate =
        add("--tls-cert", certificate_file, "PEM file in place of the servers' own certificates");
    certificate->check(CLI::ExistingFile)
        ->needs(add("--tls-key", key_file, "PEM file of its key")->check(CLI::ExistingFile));
    group->add_flag("--tls-symphony-client", tls.symphony_wants_client, "Symphony wants a client certificate")
        ->needs(flag);
    group->add_flag("--tls-no-qlik-client", no_qlik_client, "the repository wants no client certificate")
        ->needs(flag);
  }

  void Apply(SandboxOptions& options) {
    if (!on) return;
    if (!names.empty()) {
      tls.dns_names.clear();
      tls.ip_addresses.clear();
    }
    for (const std::string& name : names) {
      const bool is_address =
          name.find_first_not_of("0123456789.") == std::string::npos || name.find(':') != std::string::npos;
      (is_address ? tls.ip_addresses : tls.dns_names).push_back(name);
    }
    if (!certificate_file.empty()) {
      tls.symphony_identity = {Read(certificate_file), Read(key_file)};
      tls.qlik_identity = tls.symphony_identity;
      tls.qlik_proxy_identity = tls.symphony_identity;
    }
    tls.qlik_wants_client = !no_qlik_client;
    options.tls = tls;
  }

  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

struct LogonFlags {
  SandboxSymphonyLogon logon;
  std::vector<std::string> users;
  std::string token_key = "csrftoken";
  bool no_token = false;
  std::int64_t lifetime = 8 * 3600;
  std::int64_t lock_time = 15 * 60;

  void AddTo(CLI::App& app) {
    CLI::App* group = app.add_option_group("Symphony log-on");
    const auto has_colon = [](const std::string& text) {
      return text.find(':') == std::string::npos ? "expected USER:PASSWORD" : "";
    };
    CLI::Option* user = group->add_option("--symphony-user", users,
                                          "USER:PASSWORD that may log on (repeatable); creates then need it");
    user->check(has_colon);
    const auto add = [&](const char* name, auto& value, const char* help) {
      return group->add_option(name, value, help)->needs(user)->capture_default_str();
    };
    add("--logon-method", logon.method, "GET or POST")->check(CLI::IsMember({"GET", "POST"}));
    add("--logon-path", logon.login_path, "below /platform/rest/symrest/v1/");
    add("--renew-path", logon.renew_path, "below /platform/rest/symrest/v1/");
    add("--logon-token-key", token_key, "the token's name in the log-on's JSON");
    group->add_flag("--logon-no-token", no_token, "a log-on gives no token")->needs(user);
    add("--logon-lifetime", lifetime, "seconds")->check(CLI::PositiveNumber);
    group
        ->add_flag("--logon-old-until-new-used", logon.old_valid_until_new_used,
                   "a renewal leaves the old cookies good until the new ones are used")
        ->needs(user);
    add("--logon-wrong-passwords", logon.wrong_passwords_max, "so many lock the account; 0: none do");
    add("--logon-lock-time", lock_time, "seconds")->check(CLI::NonNegativeNumber);
  }

  void Apply(SandboxOptions& options) {
    if (users.empty()) return;
    for (const std::string& user : users) {
      const std::size_t colon = user.find(':');
      logon.users[user.substr(0, colon)] = user.substr(colon + 1);
    }
    logon.token_key = no_token ? std::nullopt : std::optional(token_key);
    logon.lifetime = std::chrono::seconds(lifetime);
    logon.lock_time = std::chrono::seconds(lock_time);
    options.symphony_logon = logon;
  }
};

struct ProxyFlags {
  SandboxQlikProxy proxy;
  bool on = false;
  std::vector<std::string> tokens;
  std::int64_t inactivity = 30 * 60;

  void AddTo(CLI::App& app) {
    CLI::App* group = app.add_option_group("Qlik virtual proxy");
    const auto has_equals = [](const std::string& text) {
      return text.find('=') == std::string::npos ? "expected USER=TOKEN" : "";
    };
    CLI::Option* flag = group->add_flag("--qlik-proxy", on, "serve a virtual proxy before the repository");
    const auto add = [&](const char* name, auto& value, const char* help) {
      return group->add_option(name, value, help)->needs(flag)->capture_default_str();
    };
    add("--qlik-proxy-port", proxy.port, "0 takes a free one")->check(CLI::Range(0, 65535));
    add("--qlik-proxy-prefix", proxy.prefix, "first segment of its paths; empty: none");
    add("--qlik-proxy-token", tokens, "DIRECTORY\\user=TOKEN, a bearer token that is accepted (repeatable)")
        ->check(has_equals);
    add("--qlik-proxy-user-header", proxy.user_header, "the header that holds DIRECTORY\\user");
    add("--qlik-proxy-cookie", proxy.session_cookie, "name of the session cookie");
    add("--qlik-proxy-sessions", proxy.sessions_per_user_max, "alive at once for each user");
    add("--qlik-proxy-inactivity", inactivity, "seconds after which a session ends")
        ->check(CLI::PositiveNumber);
  }

  void Apply(SandboxOptions& options) {
    if (!on) return;
    for (const std::string& token : tokens) {
      const std::size_t equals = token.find('=');
      proxy.tokens[token.substr(equals + 1)] = token.substr(0, equals);
    }
    proxy.inactivity = std::chrono::seconds(inactivity);
    options.qlik_proxy = proxy;
  }
};

}  // namespace

int main(int argc, char** argv) {
  SandboxOptions options;
  TlsFlags tls;
  LogonFlags logon;
  ProxyFlags proxy;
  std::vector<std::string> extras;
  std::string csrf_token;
  std::int64_t date_skew = 0;
  CLI::App app("Strict in-memory upstreams of session-gateway: Symphony and the Qlik repository");
  app.add_option("--host", options.host, "address to listen on")->capture_default_str();
  app.add_option("--symphony-port", options.symphony_port, "0 takes a free one")->check(CLI::Range(0, 65535));
  app.add_option("--qlik-port", options.qlik_port, "0 takes a free one")->check(CLI::Range(0, 65535));
  app.add_option("--allow-extra", extras, "accept members of this name in every object (repeatable)");
  const CLI::Option* token =
      app.add_option("--csrf-token", csrf_token, "refuse Symphony creates without this csrftoken");
  app.add_option("--date-skew", date_skew, "seconds that the Date header is ahead");
  bool no_date = false;
  app.add_flag("--no-date", no_date, "send no Date header");
  tls.AddTo(app);
  logon.AddTo(app);
  proxy.AddTo(app);
  CLI11_PARSE(app, argc, argv);
  options.symphony_extras = extras;
  options.qlik_extras = extras;
  if (token->count() > 0) options.csrf_token = csrf_token;
  options.date_skew = std::chrono::seconds(date_skew);
  if (no_date) options.date_skew.reset();
  tls.Apply(options);
  logon.Apply(options);
  proxy.Apply(options);
  std::random_device random;
  options.seed = (std::uint64_t{random()} << 32) | random();
  return Run(std::move(options));
}
