// What is wrong with the keys that a ledger is made with, for the person who starts the program.

#include "server/ledger/make_ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "tests/server/redis_fixture.h"

namespace session_gateway {
namespace {

class MakeLedgerTest : public RedisLedgerTest {
 protected:
  MakeLedgerTest() { std::ofstream(path_) << "short\n"; }
  ~MakeLedgerTest() override { std::remove(path_.c_str()); }

  std::string ProblemOf(const RedisConfig& redis) {
    session_gateway::Config config;
    config.creates.redis = redis;
    CredentialFiles files(loop_, clock_, std::chrono::seconds(1), nullptr);
    const AuthenticationParts parts{loop_, clock_, random_, files,
                                    [](const std::string&) { return Secret("short"); }};
    auto made = LoadLedgerSecrets(config, parts);
    const auto* problem = std::get_if<std::string>(&made);
    return problem == nullptr ? "none" : *problem;
  }

  const std::string path_ = testing::TempDir() + "identity_key_" + std::to_string(getpid());
};

TEST_F(MakeLedgerTest, AShortIdentityKeyIsNamedByItsKeyOfTheConfiguration) {
  RedisConfig redis = Config("unix:/nowhere");
  redis.identity_key_file = path_;
  EXPECT_EQ(ProblemOf(redis), "creates.redis.identity_key_file: the key is shorter than 16 bytes");
  redis.identity_key_file.clear();
  redis.identity_key_env = "IDENTITY";
  EXPECT_EQ(ProblemOf(redis), "creates.redis.identity_key_env: IDENTITY: the key is shorter than 16 bytes");
}

}  // namespace
}  // namespace session_gateway
