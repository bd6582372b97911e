// The keys of the request ledger's Redis.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/config.h"
#include "server/redis_address.h"
#include "tests/server/config_testing.h"

namespace session_gateway {
namespace {

// A file whose third line holds the keys of creates.redis.
BadText Redis(const std::string& keys, const std::vector<std::string>& want) {
  std::vector<std::string> lines;
  for (const std::string& error : want) lines.push_back("3: creates.redis." + error);
  return {std::string(kSymphony) + "creates: {redis: {" + keys + "}}\n", lines};
}

constexpr char kOpen[] =
    "address: crosses the network without TLS; reach Redis by a Unix socket or on loopback, where a proxy "
    "can "
    "encrypt, or write creates.redis.plaintext: mesh if a mesh's sidecar protects the way";

TEST(ConfigRedisTest, EveryKeyReachesItsPlace) {
  const Config config = Parsed(std::string(kSymphony) +
                               "creates:\n  redis:\n    address: 'unix:/run/r.sock'\n    plaintext: mesh\n"
                               "    user: u\n    password_file: f\n    database: 7\n    prefix: 'p:'\n"
                               "    timeout: 100ms\n    lease: 20s\n    operations: 3\n");
  RedisConfig want;
  want.address = "unix:/run/r.sock";
  want.plaintext = RedisPlaintext::kMesh;
  want.user = "u";
  want.password_file = "f";
  want.database = 7;
  want.prefix = "p:";
  want.timeout = std::chrono::milliseconds(100);
  want.lease = std::chrono::seconds(20);
  want.operations = 3;
  EXPECT_EQ(config.creates.redis, want);
  EXPECT_EQ(Parsed(DescribeConfig(config)).creates, config.creates) << DescribeConfig(config);
  EXPECT_THAT(DescribeConfig(Parsed(kSymphony)), testing::Not(testing::HasSubstr("redis")));
}

TEST(ConfigRedisTest, WhatCrossesTheNetworkInPlainIsRefused) {
  ExpectErrors({
      Redis("address: '10.0.0.1:6379'", {kOpen}),
      Redis("address: 'redis.example:6379'", {kOpen}),
      Redis("address: '[2001:db8::1]:6379'", {kOpen}),
      Redis("address: '10.0.0.1:6379', plaintext: loopback", {kOpen}),
      Redis("address: 'redis.example:6379', plaintext: mesh", {}),
      Redis("address: '127.0.0.1:6379'", {}),
      Redis("address: 'localhost:6379'", {}),
      Redis("address: '[::1]:6379'", {}),
      Redis("address: 'unix:/run/redis.sock'", {}),
      // What nobody can read leaves open what protects the way.
      Redis("address: '10.0.0.1:6379', plaintext: x", {"plaintext: must be loopback or mesh"}),
  });
}

TEST(ConfigRedisTest, AnAddressThatIsNoneIsRefused) {
  for (const char* address : {"redis", ":6379", "127.0.0.1:0", "127.0.0.1:65536", "redis://127.0.0.1:6379",
                              "unix:", "unix:redis.sock"}) {
    EXPECT_EQ(ErrorsOf(Redis("address: '" + std::string(address) + "'", {}).text).size(), 1u) << address;
  }
  EXPECT_TRUE(ErrorsOf(Redis("address: 'unix:/" + std::string(106, 'x') + "'", {}).text).empty());
  ExpectErrors({Redis("address: 'unix:/" + std::string(107, 'x') + "'",
                      {"address: the path of a Unix socket has at most 107 bytes"})});
}

TEST(ConfigRedisTest, AnAddressWithASchemeIsToldThatItHasNone) {
  for (const char* address : {"redis://127.0.0.1:6379", "rediss://r:6379", "redis://:secret@r:1/0"}) {
    ExpectErrors({Redis("address: '" + std::string(address) + "'",
                        {"address: the address has no scheme: write unix:/path or host:port"})});
  }
}

TEST(ConfigRedisTest, TheBoundsOfTheLedgerInMemoryHaveNoEffectBesideRedis) {
  const auto creates = [](const std::string& keys) {
    return std::string(kSymphony) + "creates: {" + keys + "}\n";
  };
  const std::string none = ": has no effect with creates.redis.address; remove it";
  const std::string bounds = "ledger_entries: 7, ledger_bytes: 1MiB";
  ExpectErrors({
      {creates(bounds + ", redis: {address: 'unix:/r'}"),
       {"3: creates.ledger_entries" + none, "3: creates.ledger_bytes" + none}},
      {creates("ledger_age: 2m, redis: {address: 'unix:/r'}"), {}},
      {creates(bounds), {}},
  });
  EXPECT_THAT(DescribeConfig(Parsed(creates("redis: {address: 'unix:/r'}"))),
              testing::Not(testing::HasSubstr("ledger_entries")));
}

TEST(ConfigRedisTest, AnAddressIsTakenApart) {
  const auto socket = std::get<RedisAddress>(ParseRedisAddress("unix:/a/b"));
  EXPECT_EQ(socket.path, "/a/b");
  EXPECT_TRUE(IsLocal(socket));
  const auto host = std::get<RedisAddress>(ParseRedisAddress("redis.example:1"));
  EXPECT_EQ(host.host, (HostPort{"redis.example", 1}));
  EXPECT_TRUE(host.path.empty());
  EXPECT_FALSE(IsLocal(host));
}

TEST(ConfigRedisTest, KeysThatDoNotFitTogetherAreRefused) {
  const std::string none = ": has no effect without creates.redis.address; remove it";
  const std::string on = "address: 'unix:/r', ";
  ExpectErrors({
      Redis("plaintext: mesh, user: u, password_file: f, password_env: E, database: 1, prefix: p, timeout: "
            "100ms, lease: 5s, operations: 1",
            {"plaintext" + none, "user" + none, "password_file" + none, "password_env" + none,
             "database" + none, "prefix" + none, "timeout" + none, "lease" + none, "operations" + none}),
      Redis(on + "password_file: f, password_env: E",
            {"password_env: must not be there beside creates.redis.password_file; keep one of the two"}),
      Redis(on + "user: u, password_file: f, password_env: E",
            {"password_env: must not be there beside creates.redis.password_file; keep one of the two"}),
      Redis(on + "user: u", {"password_file: is required with creates.redis.user, or "
                             "creates.redis.password_env instead"}),
      Redis(on + "password_env: E", {}),
      Redis(on + "timeout: 1s, lease: 2.999s", {"lease: must be at least three times creates.redis.timeout"}),
      Redis(on + "timeout: 5.001s", {"timeout: must be at most a third of creates.redis.lease"}),
      Redis(on + "timeout: 5s", {}),
      Redis(on + "timeout: 49ms, lease: 999ms",
            {"timeout: must be from 50ms to 10s", "lease: must be from 1s to 10m"}),
  });
}

}  // namespace
}  // namespace session_gateway
