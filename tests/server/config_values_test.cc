// The rules of single values.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "server/config.h"
#include "tests/server/config_testing.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::string_literals::operator""s;

TEST(ConfigValuesTest, DurationsHaveAFormAndARange) {
  ExpectErrors({
      Top("call_timeout: 60", "call_timeout: "s + kDurationRule),
      Top("call_timeout: s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: ''", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1 s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1S", "call_timeout: "s + kDurationRule),
      Top("call_timeout: -1s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: +1s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1d", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1m30s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1e3s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: .5s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1.s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1.5.0s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1.5ms", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 1.0001s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 9999999999s", "call_timeout: "s + kDurationRule),
      Top("call_timeout: 0s", "call_timeout: must be from 1ms to 5m"),
      Top("call_timeout: 0.0h", "call_timeout: must be from 1ms to 5m"),
      Top("call_timeout: 999999999h", "call_timeout: must be from 1ms to 5m"),
      Top("call_timeout_max: 300001ms", "call_timeout_max: must be from 1ms to 5m"),
      Top("drain_timeout: 61m", "drain_timeout: must be from 1ms to 1h"),
      In("pool", "idle_max: 2h", "idle_max: must be from 1ms to 1h"),
      In("pool", "idle_max: 0ms", "idle_max: must be from 1ms to 1h"),
      In("pool", "age_max: 25h", "age_max: must be from 1ms to 24h"),
  });
  EXPECT_EQ(Parsed("call_timeout: 1ms\n"s + kSymphony).timeouts.call, milliseconds(1));
  EXPECT_EQ(Parsed("call_timeout_max: 0.05h\n"s + kSymphony).timeouts.call_max, minutes(3));
  EXPECT_EQ(Parsed("drain_timeout: 0.000250000h\n"s + kSymphony).timeouts.drain, milliseconds(900));
}

TEST(ConfigValuesTest, CountsAndSizesHaveAFormAndARange) {
  ExpectErrors({
      In("limits", "calls: many", "calls: must be a whole number"),
      In("limits", "calls: 1.0", "calls: must be a whole number"),
      In("limits", "calls: -1", "calls: must be a whole number"),
      In("limits", "calls: 1_000", "calls: must be a whole number"),
      In("limits", "calls: 0x10", "calls: must be a whole number"),
      In("limits", "calls: 99999999999999999999", "calls: must be a whole number"),
      In("limits", "calls: 0", "calls: must be from 1 to 1000000"),
      In("limits", "calls: 1000001", "calls: must be from 1 to 1000000"),
      In("limits", "request_size: 4MB", "request_size: "s + kSizeRule),
      In("limits", "request_size: 4 MiB", "request_size: "s + kSizeRule),
      In("limits", "request_size: 1.5MiB", "request_size: "s + kSizeRule),
      In("limits", "request_size: MiB", "request_size: "s + kSizeRule),
      In("limits", "request_size: 9999999999999MiB", "request_size: "s + kSizeRule),
      In("limits", "request_size: 1023", "request_size: must be from 1KiB to 256MiB"),
      In("limits", "request_size: 257MiB", "request_size: must be from 1KiB to 256MiB"),
      In("limits", "request_size: 999999999999MiB", "request_size: must be from 1KiB to 256MiB"),
      In("limits", "answer_header_size: 2MiB", "answer_header_size: must be from 1KiB to 1MiB"),
      In("limits", "answer_body_size: 1", "answer_body_size: must be from 1KiB to 256MiB"),
      In("limits", "informational_answers: 101", "informational_answers: must be from 0 to 100"),
      In("limits", "upstream_calls: 0", "upstream_calls: must be from 1 to 1000000"),
      In("retry", "attempts: 0", "attempts: must be from 1 to 10"),
      In("retry", "budget: 101", "budget: must be from 0 to 100"),
      In("retry", "budget: 20%", "budget: must be a whole number"),
      In("ejection", "failures: 0", "failures: must be from 1 to 1000"),
      In("pool", "connections: 0", "connections: must be from 1 to 65535"),
      In("pool", "idle_connections: 65536", "idle_connections: must be from 0 to 65535"),
  });
}

TEST(ConfigValuesTest, WhatDoublesBeginsBelowItsEnd) {
  ExpectErrors({
      In("retry", "backoff_min: 2s", "backoff_min: must not exceed retry.backoff_max"),
      In("retry", "backoff_max: 49ms",
         "backoff_min: its default must not exceed retry.backoff_max; set both"),
      In("ejection", "time_min: 6s", "time_min: must not exceed ejection.time_max"),
      In("ejection", "time_max: 999ms", "time_min: its default must not exceed ejection.time_max; set both"),
  });
}

TEST(ConfigValuesTest, TheCallTimeoutStaysBelowItsCap) {
  ExpectErrors({
      {"call_timeout_max: 10s\ncall_timeout: 10001ms\n"s + kSymphony,
       {"2: call_timeout: must not exceed call_timeout_max"}},
      Top("call_timeout_max: 59s", "call_timeout: its default must not exceed call_timeout_max; set both"),
  });
  EXPECT_EQ(Parsed("call_timeout: 10s\ncall_timeout_max: 10s\n"s + kSymphony).timeouts.call, seconds(10));
}

TEST(ConfigValuesTest, AnOpenListenerNeedsTheWordMesh) {
  for (const std::string address :
       {"0.0.0.0:50051", "'[::]:50051'", "10.1.2.3:1", "'[fe80::1]:1'", "gateway:1"}) {
    ExpectErrors({In("listen", "address: " + address, "address: "s + kListenerRule)});
    ExpectErrors({{"listen:\n  plaintext: loopback\n  address: " + address + "\n" + kSymphony,
                   {"3: listen.address: "s + kListenerRule}}});
    Parsed("listen:\n  plaintext: mesh\n  address: " + address + "\n" + kSymphony);
  }
  for (const std::string address : {"127.0.0.1:0", "127.9.9.9:1", "'[::1]:50051'", "localhost:50051"}) {
    Parsed("listen:\n  address: " + address + "\n" + kSymphony);
    Parsed("listen:\n  plaintext: mesh\n  address: " + address + "\n" + kSymphony);
  }
  ExpectErrors({
      In("listen", "address: 127.0.0.1", "address: the port is missing: write host:port"),
      In("listen", "address: :50051", "address: the host is missing"),
      In("listen", "address: 127.0.0.1:65536", "address: the port must be from 0 to 65535"),
      In("listen", "address: ::1:50051", "address: an IPv6 address must stand in brackets"),
      In("listen", "plaintext: yes", "plaintext: must be loopback or mesh"),
      In("listen", "plaintext: Mesh", "plaintext: must be loopback or mesh"),
      // A key that failed by itself is not blamed a second time, nor does it excuse another.
      {"listen:\n  address: 0.0.0.0:1\n  plaintext: x\n"s + kSymphony,
       {"3: listen.plaintext: must be loopback or mesh"}},
      {"listen:\n  address: 0.0.0.0:1\nlisten.address: 1\n"s + kSymphony,
       {"2: listen.address: "s + kListenerRule,
        "3: listen.address: unknown key; write it nested: each part between the dots is a section of its "
        "own"}},
  });
}

TEST(ConfigValuesTest, TheListenAddressOfTheCommandLineFollowsTheSameRule) {
  Config config = Parsed(kSymphony);
  EXPECT_EQ(OverrideListenAddress("127.0.0.1:0", config), std::nullopt);
  EXPECT_EQ(config.listen.address, (HostPort{"127.0.0.1", 0}));
  EXPECT_EQ(OverrideListenAddress("0.0.0.0:1", config), kListenerRule);
  EXPECT_EQ(OverrideListenAddress("h", config), "the port is missing: write host:port");
  EXPECT_EQ(config.listen.address, (HostPort{"127.0.0.1", 0}));
  config.listen.tls.cert_file = "c";
  EXPECT_EQ(OverrideListenAddress("0.0.0.0:2", config), std::nullopt);
  config.listen.tls.cert_file = "";
  config.listen.plaintext = ListenPlaintext::kMesh;
  EXPECT_EQ(OverrideListenAddress("0.0.0.0:1", config), std::nullopt);
  EXPECT_EQ(config.listen.address, (HostPort{"0.0.0.0", 1}));
}

TEST(ConfigValuesTest, LogOnsAndCredentialsHaveRanges) {
  const auto symphony = [](const std::string& line, const std::string& want) {
    return BadText{kSymphony + "  auth:\n    mode: caller_basic\n    "s + line + "\n",
                   {"5: symphony.auth." + want}};
  };
  ExpectErrors({
      In("credentials", "check_interval: 99ms", "check_interval: must be from 100ms to 1h"),
      symphony("token_lifetime: 999ms", "token_lifetime: must be from 1s to 168h"),
      symphony("logon_timeout: 0s", "logon_timeout: must be from 1ms to 5m"),
      symphony("renew_min_age: 99ms", "renew_min_age: must be from 100ms to 1h"),
      symphony("lockout_min: 1.9s", "lockout_min: must be from 2s to 1h"),
      symphony("lockout_max: 25h", "lockout_max: must be from 1s to 24h"),
      symphony("identities: 0", "identities: must be from 1 to 100000"),
      symphony("login_method: PUT", "login_method: must be GET or POST"),
      symphony("token_key: ''", "token_key: must be 1 to 256 bytes long"),
      symphony("token_key: \"a\\nb\"", "token_key: must not hold control characters"),
  });
  ExpectErrors({
      {kSymphony + "  auth: {mode: basic}\n"s,
       {"3: symphony.auth.mode: must be none, service_account, caller_basic or caller_session"}},
      {"qlik: {endpoints: ['http://q:1'], auth: {user_directory: a, user_id: b, security_context: x, "
       "user_from: y}}",
       {"1: qlik.auth.security_context: must be none, ManagementAccess or AppAccess",
        "1: qlik.auth.user_from: must be config or client_certificate"}},
      {"symphony: {endpoints: ['https://s:1'], tls: {version_min: 1.1}}\n",
       {"1: symphony.tls.version_min: must be 1.2 or 1.3"}},
  });
}

TEST(ConfigValuesTest, PathsAreRelativeAndWhole) {
  constexpr char kRule[] =
      "login_path: must be a relative path such as auth/login, without a query: names of letters, digits and "
      "-._~!$&'()*+,;=:@ between single slashes, none of them . or ..";
  for (const char* path :
       {"/auth", "auth/", "a//b", "../a", "a/./b", "a?b", "a#b", "a b", "a%2fb", "http://h/"}) {
    ExpectErrors({{kSymphony + "  auth: {mode: caller_basic, login_path: '"s + path + "'}\n",
                   {"3: symphony.auth."s + kRule}}});
  }
}

TEST(ConfigValuesTest, HeadersAreTokensAndNotTheGatewaysOwn) {
  const auto header = [](const std::string& name, const std::string& want) {
    return BadText{
        "qlik:\n  endpoints: ['http://q:1']\n  auth:\n    mode: header\n    user_id: u\n    header_name: '" +
            name + "'\n",
        {"6: qlik.auth.header_name: " + want}};
  };
  const std::string own = "must not be a header that the gateway or HTTP itself uses";
  const std::string token = "must hold letters, digits and !#$%&'*+-.^_`|~ only";
  ExpectErrors({
      header("Host", own),
      header("content-LENGTH", own),
      header("Cookie", own),
      header("Authorization", own),
      header("Transfer-Encoding", own),
      header("X-Qlik-User", own),
      header("x-qlik-anything", own),
      header("a b", token),
      header("a:", token),
      header("\u00e9", token),
  });
  ExpectErrors({{"qlik: {endpoints: ['http://q:1'], auth: {mode: jwt, token_env: T, cookie_name: 'a=b'}}",
                 {"1: qlik.auth.cookie_name: " + token}}});
}

TEST(ConfigValuesTest, VariablesFilesAndHostsHaveAForm) {
  const auto tls = [](const std::string& line, const std::string& want) {
    return BadText{"symphony:\n  endpoints: ['https://s:1']\n  tls:\n    pfx_file: p\n    " + line + "\n",
                   {"5: symphony.tls." + want}};
  };
  const std::string variable =
      "password_env: must be the name of a variable: letters, digits and underscores, no digit at the "
      "beginning";
  const std::string file =
      "ca_file: may hold no variable but ${CREDENTIALS_DIRECTORY}, at its beginning and followed by a slash";
  const std::string host = "server_name: must be a host name or an IP address, without a port or brackets";
  ExpectErrors({
      tls("password_env: 1A", variable),
      tls("password_env: A-B", variable),
      tls("password_env: $A", variable),
      tls("ca_file: ${HOME}/a", file),
      tls("ca_file: a${CREDENTIALS_DIRECTORY}/a", file),
      tls("ca_file: ${CREDENTIALS_DIRECTORY}", file),
      tls("ca_file: ${CREDENTIALS_DIRECTORY}x/a", file),
      tls("ca_file: ${CREDENTIALS_DIRECTORY}/${A}", file),
      tls("ca_file: a/", "ca_file: must be the name of a file, not of a folder"),
      tls("ca_file: ''", "ca_file: must be 1 to 4096 bytes long"),
      tls("server_name: h:1", host),
      tls("server_name: '[::1]'", host),
      tls("server_name: a_b..c", host),
      tls("server_name: 1.2.3", host),
      tls("server_name: 'a b'", host),
  });
}

}  // namespace
}  // namespace session_gateway
