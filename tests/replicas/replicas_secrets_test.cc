// What a gateway says of a Redis that it cannot use, that it takes a new password while it runs, and that
// nothing secret is in what it says or in what it writes there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "absl/strings/escaping.h"
#include "tests/replicas/replica_site.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kOld[] = "canary-old-password";
constexpr char kNew[] = "canary-new-password";
constexpr char kIdentityKey[] = "canary-identity-key-0123456789";
constexpr char kAnn[] = "canary-of-ann";
constexpr char kBob[] = "canary-of-bob";
constexpr char kContent[] = "canary-of-a-request";

std::string BasicOf(const std::string& user, const std::string& password) {
  return absl::Base64Escape(user + ":" + password);
}

SandboxOptions WithCallers() {
  SandboxOptions options;
  options.symphony_logon.emplace().users = {{"ann", kAnn}, {"bob", kBob}};
  return options;
}

void Write(const TemporaryFile& file, const std::string& text) { std::ofstream(file.path()) << text; }

class ReplicasSecrets : public testing::Test {
 protected:
  ReplicasSecrets() { SetPassword(kOld); }
  ~ReplicasSecrets() override {
    for (const std::string& secret : std::vector<std::string>{kOld, kNew, kIdentityKey, kAnn, kBob, kContent,
                                                              BasicOf("ann", kAnn), BasicOf("bob", kBob)}) {
      EXPECT_THAT(said_, Not(HasSubstr(secret)));
      EXPECT_THAT(EverythingInRedis(), Not(HasSubstr(secret)));
    }
  }

  // The user that the documentation has, and no more.
  void SetPassword(const std::string& password) {
    const RedisReply reply =
        site_.redis.Ask({"ACL", "SETUSER", "gateway", "on", "resetpass", ">" + password, "resetkeys",
                         "~session-gateway:*", "resetchannels", "nocommands", "+get", "+set", "+del", "+time",
                         "+eval", "+evalsha", "+script|load", "+info", "+select"});
    EXPECT_EQ(reply.text, "OK");
  }

  std::unique_ptr<Replica> StartGateway(const std::string& redis, const std::string& more_redis) {
    return site_.Start({.redis = redis,
                        .symphony_auth = "mode: caller_basic",
                        .more_redis = ", user: gateway, password_file: " + password_.path() +
                                      ", identity_key_file: " + identity_key_.path() + more_redis});
  }
  std::unique_ptr<Replica> StartGateway() { return StartGateway(site_.redis.address(), ""); }

  // `OK 123`, `OK 123 replayed`, or the error.
  RpcResult Call(Replica& replica, const std::string& id, const std::string& user,
                 const std::string& password) {
    RpcResult result =
        CallByText(replica.callee(), "CreateSession",
                   "request_id: \"" + id + "\" application_name: \"a\" session { session_meta_data: \"" +
                       kContent + "\" }",
                   kCallPatience, {{"symphony-authorization", "Basic " + BasicOf(user, password)}});
    EXPECT_EQ(result.problems, "");
    said_ += result.text + "\n";
    return result;
  }

  void End(const std::vector<Replica*>& replicas) {
    StopAll(replicas);
    for (Replica* const replica : replicas) said_ += replica->log() + replica->program().process().output();
  }

  std::string EverythingInRedis() const {
    std::string all;
    for (const RedisReply& key : site_.redis.Ask({"KEYS", "*"}).elements) {
      all += key.text + "\n" + site_.redis.AskText({"GET", key.text}) + "\n";
    }
    return all;
  }

  ReplicaSite site_{{}, WithCallers()};
  const TemporaryFile password_{std::string(kOld) + "\n"};
  const TemporaryFile identity_key_{kIdentityKey};
  CreatesBook ids_{SandboxUpstream::kSymphony, 7};
  std::string said_;
};

TEST_F(ReplicasSecrets, EachCallerHasItsOwnEntriesAtAllGateways) {
  const auto first = StartGateway();
  const auto second = StartGateway();
  const std::string id = ids_.NewRequestId();
  const RpcResult anns = Call(*first, id, "ann", kAnn);
  const RpcResult bobs = Call(*second, id, "bob", kBob);
  EXPECT_TRUE(anns.ok && bobs.ok) << anns.text << bobs.text;
  EXPECT_THAT(bobs.text, Not(HasSubstr("replayed")));
  EXPECT_NE(anns.text, bobs.text);
  EXPECT_EQ(Call(*second, id, "ann", kAnn).text, anns.text + "\nreplayed: true");
  EXPECT_EQ(Call(*first, id, "bob", kBob).text, bobs.text + "\nreplayed: true");
  EXPECT_FALSE(Call(*first, id, "ann", kBob).ok) << "another password is another caller, who has to log on";
  EXPECT_EQ(site_.sandbox.counters(SandboxUpstream::kSymphony).creates, 2u);
  End({first.get(), second.get()});
}

TEST_F(ReplicasSecrets, ANewPasswordIsTakenWhileItRuns) {
  const auto gateway = StartGateway();
  const std::string id = ids_.NewRequestId();
  EXPECT_TRUE(Call(*gateway, id, "ann", kAnn).ok);
  SetPassword(kNew);
  // Who is logged on stays so; who comes anew is refused.
  EXPECT_TRUE(Call(*gateway, id, "ann", kAnn).ok);
  site_.redis.Ask({"CLIENT", "KILL", "USER", "gateway"});
  EXPECT_THAT(gateway->WaitForLog("AUTH: Redis refuses the user or the password"),
              HasSubstr(R"("msg":"ledger_unusable")"));
  // On several lanes the one of this call may still have to try.
  const auto refused_by = std::chrono::steady_clock::now() + kCallPatience;
  RpcResult refused;
  do {
    refused = Call(*gateway, id, "ann", kAnn);
    EXPECT_EQ(refused.code + " " + refused.outcome, "UNAVAILABLE not_sent");
  } while (refused.text.find("refuses the user or the password") == std::string::npos &&
           std::chrono::steady_clock::now() < refused_by);
  EXPECT_THAT(refused.text, HasSubstr("refuses the user or the password"));

  Write(password_, kNew);
  gateway->program().process().Signal(SIGHUP);
  EXPECT_THAT(gateway->WaitForLog("credentials_reloaded"), HasSubstr("creates.redis"));
  const auto end = std::chrono::steady_clock::now() + kCallPatience;
  RpcResult told = refused;
  while (!told.ok && std::chrono::steady_clock::now() < end) told = Call(*gateway, id, "ann", kAnn);
  EXPECT_THAT(told.text, HasSubstr("replayed: true"));
  EXPECT_EQ(site_.sandbox.counters(SandboxUpstream::kSymphony).creates, 1u);
  End({gateway.get()});
}

TEST_F(ReplicasSecrets, AnEmptyPasswordFileIsRefusedAndTheOldOneStays) {
  const auto gateway = StartGateway();
  const std::string id = ids_.NewRequestId();
  EXPECT_TRUE(Call(*gateway, id, "ann", kAnn).ok);
  Write(password_, "");
  gateway->program().process().Signal(SIGHUP);
  EXPECT_THAT(gateway->WaitForLog("credentials_refused"), HasSubstr("creates.redis"));
  site_.redis.Ask({"CLIENT", "KILL", "USER", "gateway"});
  const auto end = std::chrono::steady_clock::now() + kCallPatience;
  RpcResult told = Call(*gateway, id, "ann", kAnn);
  while (!told.ok && std::chrono::steady_clock::now() < end) told = Call(*gateway, id, "ann", kAnn);
  EXPECT_THAT(told.text, HasSubstr("replayed: true"));
  End({gateway.get()});
}

TEST_F(ReplicasSecrets, AWrongPasswordAtTheStartIsSaid) {
  Write(password_, kNew);
  const auto gateway = StartGateway();
  EXPECT_THAT(gateway->WaitForLog("AUTH: Redis refuses the user or the password"),
              HasSubstr(R"("level":"warning","msg":"ledger_unusable")"));
  EXPECT_EQ(Call(*gateway, ids_.NewRequestId(), "ann", kAnn).outcome, "not_sent");
  Write(password_, kOld);
  gateway->program().process().Signal(SIGHUP);
  EXPECT_THAT(gateway->WaitForLog("ledger_usable"), HasSubstr(R"("level":"info")"));
  End({gateway.get()});
}

TEST_F(ReplicasSecrets, APrefixThatTheUserMayNotTouchIsSaid) {
  const auto gateway = StartGateway(site_.redis.address(), ", prefix: \"elsewhere:\"");
  EXPECT_THAT(gateway->WaitForLog("ledger_unusable"),
              HasSubstr("key elsewhere:token: the access list of Redis does not let this user do that"));
  const RpcResult told = Call(*gateway, ids_.NewRequestId(), "ann", kAnn);
  EXPECT_EQ(told.code + " " + told.outcome, "UNAVAILABLE not_sent");
  EXPECT_THAT(told.text, HasSubstr("the access list of Redis"));
  End({gateway.get()});
}

TEST_F(ReplicasSecrets, APathWithoutARedisIsSaidUntilThereIsOne) {
  site_.redis.Kill();
  const auto gateway = StartGateway();
  const std::string line = gateway->WaitForLog("ledger_unusable");
  EXPECT_THAT(line, HasSubstr("cannot connect"));
  EXPECT_EQ(Call(*gateway, ids_.NewRequestId(), "ann", kAnn).outcome, "not_sent");
  site_.redis.Start();
  SetPassword(kOld);
  gateway->WaitForLog("ledger_usable");
  End({gateway.get()});
}

}  // namespace
}  // namespace session_gateway
