// What a good configuration becomes, and the rules of single values.

#include "server/config.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
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
  EXPECT_EQ(config.limits.calls, 10000u);
  EXPECT_EQ(config.limits.request_bytes, 4194304u);
  EXPECT_EQ(config.engine.answer_header_bytes, 65536u);
  EXPECT_EQ(config.engine.answer_body_bytes, 16777216u);
  EXPECT_EQ(config.engine.informational_answers, 8);
  EXPECT_EQ(config.engine.connections, 4096u);
  EXPECT_EQ(config.engine.idle_connections, 1024u);
  EXPECT_EQ(config.engine.idle_max, seconds(10));
  EXPECT_EQ(config.engine.age_max, minutes(5));
  ASSERT_TRUE(config.symphony.has_value());
  EXPECT_EQ(config.symphony->endpoints, (std::vector<Endpoint>{{"http", "s", 1, ""}}));
  EXPECT_FALSE(config.qlik.has_value());
}

constexpr char kEveryKey[] = R"(
listen:
  address: "[::]:0"
  plaintext: mesh
call_timeout: 1.5s
call_timeout_max: 2m
drain_timeout: 250ms
limits:
  calls: 1
  request_size: 2KiB
  answer_header_size: 1024
  answer_body_size: 3MiB
  informational_answers: 0
pool:
  connections: 2
  idle_connections: 0
  idle_max: 0.25m
  age_max: 24h
symphony:
  endpoints:
    - http://s1:8050
    - "http://[::1]:8051/a/b"
  auth:
    mode: none
  tls: {}
qlik:
  endpoints: ["http://q:4242"]
  auth:
    mode: certificate
    user_directory: "A \"quoted\" \\ directory: #1"
    user_id: 007
)";

TEST(ConfigTest, EveryKeyArrivesAtItsPlace) {
  const Config config = Parsed(kEveryKey);
  EXPECT_EQ(config.listen.address, (HostPort{"::", 0}));
  EXPECT_EQ(config.listen.plaintext, ListenPlaintext::kMesh);
  EXPECT_EQ(config.timeouts.call, milliseconds(1500));
  EXPECT_EQ(config.timeouts.call_max, minutes(2));
  EXPECT_EQ(config.timeouts.drain, milliseconds(250));
  EXPECT_EQ(config.limits.calls, 1u);
  EXPECT_EQ(config.limits.request_bytes, 2048u);
  EXPECT_EQ(config.engine.answer_header_bytes, 1024u);
  EXPECT_EQ(config.engine.answer_body_bytes, 3u * 1024 * 1024);
  EXPECT_EQ(config.engine.informational_answers, 0);
  EXPECT_EQ(config.engine.connections, 2u);
  EXPECT_EQ(config.engine.idle_connections, 0u);
  EXPECT_EQ(config.engine.idle_max, seconds(15));
  EXPECT_EQ(config.engine.age_max, hours(24));
  ASSERT_TRUE(config.symphony && config.qlik);
  EXPECT_EQ(config.symphony->endpoints,
            (std::vector<Endpoint>{{"http", "s1", 8050, ""}, {"http", "::1", 8051, "/a/b"}}));
  EXPECT_EQ(config.qlik->endpoints, (std::vector<Endpoint>{{"http", "q", 4242, ""}}));
  EXPECT_EQ(config.qlik->auth.user_directory, "A \"quoted\" \\ directory: #1");
  EXPECT_EQ(config.qlik->auth.user_id, "007");
}

TEST(ConfigTest, TheDescriptionIsAValidFileOfTheSameConfiguration) {
  for (const std::string_view text : {std::string_view(kSymphony), std::string_view(kEveryKey)}) {
    const Config config = Parsed(text);
    const std::string description = DescribeConfig(config);
    const Config again = Parsed(description);
    EXPECT_EQ(DescribeConfig(again), description);
    EXPECT_EQ(again.listen, config.listen);
    EXPECT_EQ(again.timeouts, config.timeouts);
    EXPECT_EQ(again.limits, config.limits);
    EXPECT_EQ(again.symphony, config.symphony);
    EXPECT_EQ(again.qlik, config.qlik);
  }
}

TEST(ConfigTest, TheDescriptionShowsEveryEffectiveValue) {
  EXPECT_EQ(DescribeConfig(Parsed(kEveryKey)), R"(listen:
  address: "[::]:0"
  plaintext: mesh
call_timeout: 1500ms
call_timeout_max: 2m
drain_timeout: 250ms
limits:
  calls: 1
  request_size: 2KiB
  answer_header_size: 1KiB
  answer_body_size: 3MiB
  informational_answers: 0
pool:
  connections: 2
  idle_connections: 0
  idle_max: 15s
  age_max: 24h
symphony:
  endpoints:
    - "http://s1:8050"
    - "http://[::1]:8051/a/b"
  auth:
    mode: none
qlik:
  endpoints:
    - "http://q:4242"
  auth:
    mode: certificate
    user_directory: "A \"quoted\" \\ directory: #1"
    user_id: "007"
)");
}

TEST(ConfigTest, SectionsMayBeEmpty) {
  EXPECT_EQ(DescribeConfig(Parsed("listen:\nlimits: {}\npool: ~\n"s + kSymphony + "  auth:\n")),
            DescribeConfig(Parsed(kSymphony)));
}

TEST(ConfigTest, DurationsHaveAFormAndARange) {
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

TEST(ConfigTest, CountsAndSizesHaveAFormAndARange) {
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
      In("pool", "connections: 0", "connections: must be from 1 to 65535"),
      In("pool", "idle_connections: 65536", "idle_connections: must be from 0 to 65535"),
  });
}

TEST(ConfigTest, TheCallTimeoutStaysBelowItsCap) {
  ExpectErrors({
      {"call_timeout_max: 10s\ncall_timeout: 10001ms\n"s + kSymphony,
       {"2: call_timeout: must not exceed call_timeout_max"}},
      Top("call_timeout_max: 59s", "call_timeout: its default must not exceed call_timeout_max; set both"),
  });
  EXPECT_EQ(Parsed("call_timeout: 10s\ncall_timeout_max: 10s\n"s + kSymphony).timeouts.call, seconds(10));
}

TEST(ConfigTest, AnOpenListenerNeedsTheWordMesh) {
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

TEST(ConfigTest, TheListenAddressOfTheCommandLineFollowsTheSameRule) {
  Config config = Parsed(kSymphony);
  EXPECT_EQ(OverrideListenAddress("127.0.0.1:0", config), std::nullopt);
  EXPECT_EQ(config.listen.address, (HostPort{"127.0.0.1", 0}));
  EXPECT_EQ(OverrideListenAddress("0.0.0.0:1", config), kListenerRule);
  EXPECT_EQ(OverrideListenAddress("h", config), "the port is missing: write host:port");
  EXPECT_EQ(config.listen.address, (HostPort{"127.0.0.1", 0}));
  config.listen.plaintext = ListenPlaintext::kMesh;
  EXPECT_EQ(OverrideListenAddress("0.0.0.0:1", config), std::nullopt);
  EXPECT_EQ(config.listen.address, (HostPort{"0.0.0.0", 1}));
}

// A folder that is gone at the end of the test.
class ConfigFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "config_test_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& text) const {
    const std::string path = folder_ + "/gateway.yaml";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static std::string OnlyError(const std::string& path) {
    const auto loaded = LoadConfig(path);
    const auto* errors = std::get_if<ConfigErrors>(&loaded);
    return errors != nullptr && errors->size() == 1 ? errors->front().ToString() : "not one error";
  }

  std::string folder_;
};

TEST_F(ConfigFileTest, AFileIsReadAndNamedInErrors) {
  EXPECT_TRUE(std::holds_alternative<Config>(LoadConfig(Write(kSymphony))));
  const std::string path = Write("\nlisten:\n");
  EXPECT_EQ(OnlyError(path), path + ":1: at least one of symphony and qlik must be configured");
}

TEST_F(ConfigFileTest, AFileThatCannotBeReadIsAnError) {
  EXPECT_EQ(OnlyError(folder_ + "/none"), folder_ + "/none: cannot be opened: No such file or directory");
  EXPECT_EQ(OnlyError(folder_), folder_ + ": cannot be read: Is a directory");
}

TEST_F(ConfigFileTest, AFileHasABoundedSize) {
  std::string text = kSymphony;
  text += std::string(kConfigBytesMax - text.size(), '#');
  EXPECT_TRUE(std::holds_alternative<Config>(LoadConfig(Write(text))));
  const std::string path = Write(text + "#");
  EXPECT_EQ(OnlyError(path), path + ": must not be larger than 256KiB");
}

}  // namespace
}  // namespace session_gateway
