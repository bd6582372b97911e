// What a good configuration becomes.

#include "server/config.h"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/server/config_testing.h"

namespace session_gateway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::string_literals::operator""s;

TEST(ConfigTest, TheSmallestFileTakesEveryDefault) {
  const Config config = Parsed(kSymphony);
  EXPECT_EQ(config.listen.address, (HostPort{"127.0.0.1", 50051}));
  EXPECT_EQ(config.listen.plaintext, ListenPlaintext::kLoopback);
  EXPECT_EQ(config.timeouts.call, seconds(60));
  EXPECT_EQ(config.timeouts.call_max, seconds(300));
  EXPECT_EQ(config.timeouts.drain, seconds(30));
  EXPECT_EQ(config.creates.linger, seconds(10));
  EXPECT_EQ(config.limits.calls, 10000u);
  EXPECT_EQ(config.limits.request_bytes, 4194304u);
  EXPECT_EQ(config.bulkhead.calls, 4000u);
  EXPECT_EQ(config.bulkhead.queue, 500u);
  EXPECT_EQ(config.retry.attempts, 3);
  EXPECT_EQ(config.retry.backoff_min, milliseconds(50));
  EXPECT_EQ(config.retry.backoff_max, seconds(1));
  EXPECT_EQ(config.retry.budget_percent, 20);
  EXPECT_EQ(config.ejection.failures, 5);
  EXPECT_EQ(config.ejection.time_min, seconds(1));
  EXPECT_EQ(config.ejection.time_max, seconds(5));
  EXPECT_EQ(config.engine.answer_header_bytes, 65536u);
  EXPECT_EQ(config.engine.answer_body_bytes, 16777216u);
  EXPECT_EQ(config.engine.informational_answers, 8);
  EXPECT_EQ(config.engine.connections, 4096u);
  EXPECT_EQ(config.engine.idle_connections, 1024u);
  EXPECT_EQ(config.engine.idle_max, seconds(10));
  EXPECT_EQ(config.engine.age_max, minutes(5));
  ASSERT_TRUE(config.symphony.has_value());
  EXPECT_EQ(config.symphony->endpoints, (std::vector<Endpoint>{{"http", "s", 1, ""}}));
  EXPECT_EQ(config.symphony->auth, SymphonyAuthConfig{});
  EXPECT_EQ(config.symphony->tls, TlsClientConfig{});
  EXPECT_EQ(config.listen.tls, ListenTlsConfig{});
  EXPECT_EQ(config.credentials_check, seconds(5));
  EXPECT_FALSE(config.qlik.has_value());
}

constexpr char kEveryKey[] = R"(
listen:
  address: "[::]:0"
  tls:
    cert_file: server.pem
    key_file: ${CREDENTIALS_DIRECTORY}/key.pem
    client_ca_file: /etc/callers.pem
  handshake_timeout: 3s
  connection_age_max: 1m
threads: 3
call_timeout: 1.5s
call_timeout_max: 2m
drain_timeout: 250ms
creates:
  linger: 0.5m
  require_request_id: on
  ledger_entries: 7
  ledger_bytes: 1MiB
  ledger_age: 2m
limits:
  calls: 1
  upstream_calls: 3
  upstream_queue: 0
  connections: 3
  request_size: 2KiB
  answer_header_size: 1024
  answer_body_size: 3MiB
  informational_answers: 0
upstream: {engine: httplib, threads: 7}
pool:
  connections: 2
  idle_connections: 0
  idle_max: 0.25m
  age_max: 24h
retry: {attempts: 10, backoff_min: 7ms, backoff_max: 1m, budget: 0}
ejection: {failures: 1, time_min: 8ms, time_max: 9ms}
credentials: {check_interval: 0.1s}
symphony:
  endpoints:
    - http://s1:8050
    - "HTTPS://[::1]:8051/a/b"
  auth:
    mode: service_account
    user: gateway
    password_file: password
    login_method: POST
    login_path: a
    renew_path: b/c
    token_key: "a: \"token\""
    token_lifetime: 4h
    logon_timeout: 1s
    renew_min_age: 2s
    lockout_min: 3s
    lockout_max: 3s
  defaults: {session_ttl_in_minutes: 90, tag_from_request_id: on}
  tls:
    ca_file: ca.pem
    server_name: Symphony.Example
    cert_file: client.pem
    key_file: client_key.pem
    password_env: KEY_PASSWORD
    version_min: 1.3
qlik:
  endpoints: ["https://q:4242"]
  auth:
    mode: certificate
    user_directory: "A \"quoted\" \\ directory: #1"
    user_id: 007
    security_context: AppAccess
  tls:
    server_name: ::1
    pfx_file: client.pfx
    password_file: pfx_password
)";

// What the others modes have beside it.
constexpr char kEveryOtherKey[] = R"(
listen: {plaintext: mesh, address: "0.0.0.0:1"}
symphony:
  endpoints: ["http://s:1"]
  auth: {mode: caller_basic, identities: 7}
qlik:
  endpoints: ["https://q:443/jwt"]
  auth:
    mode: jwt
    token_env: TOKEN
    cookie_name: X-Qlik-Session-jwt
    security_context: ManagementAccess
    logon_timeout: 1s
    renew_min_age: 2s
    lockout_min: 3s
    lockout_max: 4s
)";

constexpr char kHeaderMode[] = R"(
listen: {tls: {cert_file: c, key_file: k, client_ca_file: a}}
symphony:
  endpoints: ["http://s:1"]
  auth: {mode: service_account, user: u, password_env: P}
qlik:
  endpoints: ["https://q:443/hdr"]
  auth: {mode: header, header_name: Hdr-Usr, user_from: client_certificate, user_directory: d, identities: 9}
)";

TEST(ConfigTest, EveryKeyArrivesAtItsPlace) {
  const Config config = Parsed(kEveryKey);
  EXPECT_EQ(config.listen.address, (HostPort{"::", 0}));
  EXPECT_EQ(config.listen.tls,
            (ListenTlsConfig{"server.pem", "${CREDENTIALS_DIRECTORY}/key.pem", "/etc/callers.pem"}));
  EXPECT_EQ(config.credentials_check, milliseconds(100));
  EXPECT_EQ(config.threads, 3u);
  EXPECT_EQ(config.timeouts.call, milliseconds(1500));
  EXPECT_EQ(config.timeouts.call_max, minutes(2));
  EXPECT_EQ(config.timeouts.drain, milliseconds(250));
  EXPECT_EQ(config.creates, (CreatesConfig{seconds(30), Switch::kOn, 7, 1024 * 1024, minutes(2)}));
  EXPECT_EQ(config.limits.calls, 1u);
  EXPECT_EQ(config.limits.request_bytes, 2048u);
  EXPECT_EQ(config.engine.answer_header_bytes, 1024u);
  EXPECT_EQ(config.engine.answer_body_bytes, 3u * 1024 * 1024);
  EXPECT_EQ(config.bulkhead.calls, 3u);
  EXPECT_EQ(config.bulkhead.queue, 0u);
  EXPECT_EQ(config.retry.attempts, 10);
  EXPECT_EQ(config.retry.backoff_min, milliseconds(7));
  EXPECT_EQ(config.retry.backoff_max, minutes(1));
  EXPECT_EQ(config.retry.budget_percent, 0);
  EXPECT_EQ(config.ejection.failures, 1);
  EXPECT_EQ(config.ejection.time_min, milliseconds(8));
  EXPECT_EQ(config.ejection.time_max, milliseconds(9));
  EXPECT_EQ(config.engine.informational_answers, 0);
  EXPECT_EQ(config.engine.connections, 2u);
  EXPECT_EQ(config.engine.idle_connections, 0u);
  EXPECT_EQ(config.engine.idle_max, seconds(15));
  EXPECT_EQ(config.engine.age_max, hours(24));
}

TEST(ConfigTest, EveryKeyOfTheUpstreamsArrivesAtItsPlace) {
  const Config config = Parsed(kEveryKey);
  ASSERT_TRUE(config.symphony && config.qlik);
  EXPECT_EQ(config.symphony->endpoints,
            (std::vector<Endpoint>{{"http", "s1", 8050, ""}, {"https", "::1", 8051, "/a/b"}}));
  EXPECT_EQ(config.symphony->tag_from_request_id, Switch::kOn);
  EXPECT_EQ(config.symphony->session_ttl_in_minutes, 90);
  SymphonyAuthConfig auth;
  auth.mode = SymphonyAuthMode::kServiceAccount;
  auth.user = "gateway";
  auth.password_file = "password";
  auth.login_method = LogonMethod::kPost;
  auth.login_path = "a";
  auth.renew_path = "b/c";
  auth.token_key = "a: \"token\"";
  auth.token_lifetime = hours(4);
  auth.limits = {seconds(1), seconds(2), seconds(3), seconds(3), 1000};
  EXPECT_EQ(config.symphony->auth, auth);
  TlsClientConfig tls;
  tls.ca_file = "ca.pem";
  tls.server_name = "Symphony.Example";
  tls.cert_file = "client.pem";
  tls.key_file = "client_key.pem";
  tls.password_env = "KEY_PASSWORD";
  tls.version_min = TlsVersion::k13;
  EXPECT_EQ(config.symphony->tls, tls);
  EXPECT_EQ(config.qlik->endpoints, (std::vector<Endpoint>{{"https", "q", 4242, ""}}));
  EXPECT_EQ(config.qlik->auth.user_directory, "A \"quoted\" \\ directory: #1");
  EXPECT_EQ(config.qlik->auth.user_id, "007");
  EXPECT_EQ(config.qlik->auth.security_context, QlikSecurityContext::kAppAccess);
  EXPECT_EQ(config.qlik->tls.server_name, "::1");
  EXPECT_EQ(config.qlik->tls.pfx_file, "client.pfx");
  EXPECT_EQ(config.qlik->tls.password_file, "pfx_password");
}

TEST(ConfigTest, EveryKeyOfTheOtherModesArrivesAtItsPlace) {
  const Config config = Parsed(kEveryOtherKey);
  EXPECT_EQ(config.listen.plaintext, ListenPlaintext::kMesh);
  EXPECT_EQ(config.symphony->auth.mode, SymphonyAuthMode::kCallerBasic);
  EXPECT_EQ(config.symphony->auth.limits.identities, 7u);
  QlikAuthConfig auth;
  auth.mode = QlikAuthMode::kJwt;
  auth.token_env = "TOKEN";
  auth.cookie_name = "X-Qlik-Session-jwt";
  auth.security_context = QlikSecurityContext::kManagementAccess;
  auth.limits = {seconds(1), seconds(2), seconds(3), seconds(4), 1000};
  EXPECT_EQ(config.qlik->auth, auth);

  const Config by_header = Parsed(kHeaderMode);
  EXPECT_EQ(by_header.symphony->auth.password_env, "P");
  auth = {};
  auth.mode = QlikAuthMode::kHeader;
  auth.header_name = "Hdr-Usr";
  auth.user_from = QlikUserFrom::kClientCertificate;
  auth.user_directory = "d";
  auth.limits.identities = 9;
  EXPECT_EQ(by_header.qlik->auth, auth);

  EXPECT_EQ(Parsed("symphony: {endpoints: ['http://s:1'], auth: {mode: caller_session}}").symphony->auth.mode,
            SymphonyAuthMode::kCallerSession);
  EXPECT_EQ(
      Parsed("qlik: {endpoints: ['http://q:1'], auth: {mode: jwt, token_file: /t}}").qlik->auth.token_file,
      "/t");
}

TEST(ConfigTest, TheDescriptionIsAValidFileOfTheSameConfiguration) {
  for (const std::string_view text :
       std::initializer_list<std::string_view>{kSymphony, kEveryKey, kEveryOtherKey, kHeaderMode}) {
    const Config config = Parsed(text);
    const std::string description = DescribeConfig(config);
    const Config again = Parsed(description);
    EXPECT_EQ(DescribeConfig(again), description);
    EXPECT_EQ(again.listen, config.listen);
    EXPECT_EQ(again.timeouts, config.timeouts);
    EXPECT_EQ(again.creates, config.creates);
    EXPECT_EQ(again.limits, config.limits);
    EXPECT_EQ(again.credentials_check, config.credentials_check);
    EXPECT_EQ(again.symphony, config.symphony);
    EXPECT_EQ(again.qlik, config.qlik);
  }
}

constexpr char kDescription[] = R"(listen:
  address: "[::]:0"
  tls:
    cert_file: "server.pem"
    key_file: "${CREDENTIALS_DIRECTORY}/key.pem"
    client_ca_file: "/etc/callers.pem"
  handshake_timeout: 3s
  connection_age_max: 1m
threads: 3
call_timeout: 1500ms
call_timeout_max: 2m
drain_timeout: 250ms
creates:
  linger: 30s
  require_request_id: on
  ledger_entries: 7
  ledger_bytes: 1MiB
  ledger_age: 2m
limits:
  calls: 1
  upstream_calls: 3
  upstream_queue: 0
  connections: 3
  request_size: 2KiB
  answer_header_size: 1KiB
  answer_body_size: 3MiB
  informational_answers: 0
upstream:
  engine: httplib
  threads: 7
pool:
  connections: 2
  idle_connections: 0
  idle_max: 15s
  age_max: 24h
retry:
  attempts: 10
  backoff_min: 7ms
  backoff_max: 1m
  budget: 0
ejection:
  failures: 1
  time_min: 8ms
  time_max: 9ms
credentials:
  check_interval: 100ms
symphony:
  endpoints:
    - "http://s1:8050"
    - "https://[::1]:8051/a/b"
  auth:
    mode: service_account
    user: "gateway"
    password_file: "password"
    login_method: POST
    login_path: "a"
    renew_path: "b/c"
    token_key: "a: \"token\""
    token_lifetime: 4h
    logon_timeout: 1s
    renew_min_age: 2s
    lockout_min: 3s
    lockout_max: 3s
  defaults:
    session_ttl_in_minutes: 90
    tag_from_request_id: on
  tls:
    ca_file: "ca.pem"
    server_name: "Symphony.Example"
    cert_file: "client.pem"
    key_file: "client_key.pem"
    password_env: "KEY_PASSWORD"
    version_min: "1.3"
qlik:
  endpoints:
    - "https://q:4242"
  auth:
    mode: certificate
    user_from: config
    user_directory: "A \"quoted\" \\ directory: #1"
    user_id: "007"
    security_context: AppAccess
  tls:
    server_name: "::1"
    pfx_file: "client.pfx"
    password_file: "pfx_password"
    version_min: "1.2"
)";

TEST(ConfigTest, TheDescriptionShowsEveryEffectiveValue) {
  EXPECT_EQ(DescribeConfig(Parsed(kEveryKey)), kDescription);
}

TEST(ConfigTest, SectionsMayBeEmpty) {
  EXPECT_EQ(DescribeConfig(Parsed("listen:\nlimits: {}\npool: ~\n"s + kSymphony + "  auth:\n")),
            DescribeConfig(Parsed(kSymphony)));
}

}  // namespace
}  // namespace session_gateway
