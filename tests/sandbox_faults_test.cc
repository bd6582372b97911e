// Each failure that the sandbox can be ordered to show, seen from a raw socket.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/sandbox/sandbox.h"
#include "tests/sandbox_test_client.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class SandboxFaultsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(sandbox_.Start(), std::nullopt); }

  RawReply CreateUnder(const SandboxFault& fault) {
    EXPECT_TRUE(sandbox_.AddFault(kSymphony, fault));
    return Create();
  }
  RawReply Create() { return ExchangeOnce(sandbox_.symphony_port(), SymphonyCreate()); }
  RawReply Control(const std::string& method, const std::string& name, const std::string& body = "") {
    return ExchangeOnce(sandbox_.symphony_port(), ControlRequest(method, name, body));
  }
  std::size_t Rows() { return sandbox_.rows(kSymphony).size(); }

  Sandbox sandbox_{SandboxOptions{}};
};

TEST_F(SandboxFaultsTest, DelayCreatesAndAnswersLate) {
  const auto begin = steady_clock::now();
  const RawReply reply = CreateUnder({.kind = SandboxFaultKind::kDelay, .wait = milliseconds(60)});
  EXPECT_GE(steady_clock::now() - begin, milliseconds(60));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(Rows(), 1u);
}

TEST_F(SandboxFaultsTest, DelayCanComeInTheMiddleOfTheAnswer) {
  const RawReply plain = Create();
  const auto begin = steady_clock::now();
  const RawReply late = CreateUnder(
      {.kind = SandboxFaultKind::kDelay, .wait = milliseconds(60), .after_bytes = plain.bytes.size() - 5});
  EXPECT_GE(steady_clock::now() - begin, milliseconds(60));
  EXPECT_EQ(late.bytes.size(), plain.bytes.size());
}

TEST_F(SandboxFaultsTest, StopEndsADelay) {
  ASSERT_TRUE(
      sandbox_.AddFault(kSymphony, {.kind = SandboxFaultKind::kDelay, .wait = milliseconds(500'000)}));
  RawClient client(sandbox_.symphony_port());
  client.Send(SymphonyCreate().Render());
  const auto deadline = steady_clock::now() + std::chrono::seconds(20);
  while (sandbox_.counters(kSymphony).faulted == 0 && steady_clock::now() < deadline)
    std::this_thread::yield();
  ASSERT_EQ(sandbox_.counters(kSymphony).faulted, 1u);
  sandbox_.Stop();
  EXPECT_EQ(client.Receive().bytes, "");
}

TEST_F(SandboxFaultsTest, StatusAnswersAndCreatesNothing) {
  const RawReply reply = CreateUnder(
      {.kind = SandboxFaultKind::kStatus, .status = 503, .body = "busy", .headers = {{"Retry-After", "7"}}});
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "busy");
  EXPECT_THAT(reply.bytes, HasSubstr("\r\nRetry-After: 7\r\n"));
  EXPECT_EQ(Rows(), 0u);
  EXPECT_EQ(sandbox_.counters(kSymphony).creates, 0u);
  EXPECT_EQ(Create().status, 200) << "one fault meets one request";
}

TEST_F(SandboxFaultsTest, StatusKeepsTheConnection) {
  ASSERT_TRUE(sandbox_.AddFault(kSymphony, {.kind = SandboxFaultKind::kStatus}));
  RawClient client(sandbox_.symphony_port());
  EXPECT_EQ(client.Exchange(SymphonyCreate()).status, 500);
  EXPECT_EQ(client.Exchange(SymphonyCreate()).status, 200);
}

TEST_F(SandboxFaultsTest, HtmlLooksLikeALogonPage) {
  const RawReply reply = CreateUnder({.kind = SandboxFaultKind::kHtml});
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.bytes, HasSubstr("\r\nContent-Type: text/html\r\n"));
  EXPECT_THAT(reply.body, StartsWith("<!DOCTYPE html>"));
  EXPECT_EQ(Rows(), 0u);
}

TEST_F(SandboxFaultsTest, CutEndsTheAnswerAfterItsBytes) {
  const RawReply plain = Create();
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{12}, plain.bytes.size() - 1}) {
    const RawReply cut = CreateUnder({.kind = SandboxFaultKind::kCut, .after_bytes = bytes});
    EXPECT_EQ(cut.seen, Seen::kEnd) << bytes;
    EXPECT_EQ(cut.bytes.size(), bytes);
    // The session's id differs, so the beginning is compared.
    EXPECT_EQ(cut.bytes.substr(0, 12), plain.bytes.substr(0, std::min<std::size_t>(bytes, 12)));
  }
  EXPECT_EQ(Rows(), 4u);
}

TEST_F(SandboxFaultsTest, GarbageIsNoHttp) {
  const RawReply reply = CreateUnder({.kind = SandboxFaultKind::kGarbage});
  EXPECT_EQ(reply.seen, Seen::kEnd);
  EXPECT_EQ(reply.bytes.size(), 30u);
  EXPECT_EQ(reply.bytes.front(), '\x16');
  EXPECT_EQ(Rows(), 1u);
}

TEST_F(SandboxFaultsTest, RawSendsExactlyTheBytes) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
  const RawReply reply = CreateUnder({.kind = SandboxFaultKind::kRaw, .body = bytes});
  EXPECT_EQ(reply.seen, Seen::kEnd);
  EXPECT_EQ(reply.bytes, bytes);
  EXPECT_EQ(Rows(), 0u);
}

TEST_F(SandboxFaultsTest, RawCanCreate) {
  CreateUnder({.kind = SandboxFaultKind::kRaw, .body = "HTTP/1.1 200 OK\r\n\r\n", .create = true});
  EXPECT_EQ(Rows(), 1u);
}

TEST_F(SandboxFaultsTest, ResetAfterTheRowIsCreated) {
  EXPECT_EQ(CreateUnder({.kind = SandboxFaultKind::kReset}).seen, Seen::kReset);
  EXPECT_EQ(Rows(), 1u);
}

TEST_F(SandboxFaultsTest, ResetBeforeTheRowIsCreated) {
  const RawReply reply = CreateUnder({.kind = SandboxFaultKind::kReset, .create = false});
  EXPECT_EQ(reply.seen, Seen::kReset);
  EXPECT_EQ(reply.bytes, "");
  EXPECT_EQ(Rows(), 0u);
}

TEST_F(SandboxFaultsTest, CountSaysHowManyRequestsItMeets) {
  ASSERT_TRUE(sandbox_.AddFault(kSymphony, {.kind = SandboxFaultKind::kStatus, .count = 2, .status = 502}));
  ASSERT_TRUE(sandbox_.AddFault(kSymphony, {.kind = SandboxFaultKind::kStatus, .status = 504}));
  EXPECT_EQ(Create().status, 502);
  EXPECT_EQ(Create().status, 502);
  EXPECT_EQ(Create().status, 504);
  EXPECT_EQ(Create().status, 200);
  EXPECT_EQ(sandbox_.counters(kSymphony).faulted, 3u);
}

TEST_F(SandboxFaultsTest, RefusedRequestsMeetNoFault) {
  ASSERT_TRUE(sandbox_.AddFault(kSymphony, {.kind = SandboxFaultKind::kStatus, .status = 502}));
  EXPECT_EQ(ExchangeOnce(sandbox_.symphony_port(), SymphonyCreate("[]")).status, 400);
  EXPECT_EQ(Create().status, 502);
}

TEST_F(SandboxFaultsTest, MethodLimitsAFault) {
  ASSERT_TRUE(
      sandbox_.AddFault(SandboxUpstream::kQlik, {.kind = SandboxFaultKind::kStatus, .method = "GET"}));
  EXPECT_EQ(ExchangeOnce(sandbox_.qlik_port(), QlikCreate()).status, 201);
  EXPECT_EQ(ExchangeOnce(sandbox_.qlik_port(), QlikGet("/qrs/about")).status, 500);
}

TEST_F(SandboxFaultsTest, AreOrderedOverHttp) {
  EXPECT_EQ(
      Control("POST", "faults",
              R"({"kind":"status","status":429,"body":"slow down","headers":{"Retry-After":"3"},"count":2})")
          .status,
      200);
  const RawReply reply = Create();
  EXPECT_EQ(reply.status, 429);
  EXPECT_THAT(reply.bytes, HasSubstr("Retry-After: 3"));
  EXPECT_EQ(Control("DELETE", "faults").status, 200);
  EXPECT_EQ(Create().status, 200);
  const auto requests = sandbox_.requests(kSymphony);
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].fault, "status");
  EXPECT_EQ(requests[0].status, 429);
  EXPECT_EQ(requests[1].fault, "");
}

TEST_F(SandboxFaultsTest, ResetForgetsThem) {
  ASSERT_TRUE(sandbox_.AddFault(kSymphony, {.kind = SandboxFaultKind::kReset}));
  sandbox_.Reset(kSymphony);
  EXPECT_EQ(Create().status, 200);
}

TEST_F(SandboxFaultsTest, BadOrdersAreRefusedInWords) {
  const std::pair<const char*, const char*> kCases[] = {
      {"{", "one JSON object"},
      {"[]", "one JSON object"},
      {"{}", "kind: missing"},
      {R"({"kind":"boom"})", "kind: not a value"},
      {R"({"kind":"delay","ms":-1})", "ms: not a value"},
      {R"({"kind":"delay","ms":600001})", "ms: not a value"},
      {R"({"kind":"cut","after_bytes":"1"})", "after_bytes: not a value"},
      {R"({"kind":"status","headers":{"a":1}})", "headers: not a value"},
      {R"({"kind":"status","status":99})", "out of its bounds"},
      {R"({"kind":"status","count":0})", "out of its bounds"},
      {R"({"kind":"status","create":true})", "out of its bounds"},
      {R"({"kind":"reset","create":false,"after_bytes":1})", "out of its bounds"},
      {R"({"kind":"status","when":1})", "when: unknown member"},
  };
  for (const auto& [order, words] : kCases) {
    const RawReply reply = Control("POST", "faults", order);
    EXPECT_EQ(reply.status, 400) << order;
    EXPECT_THAT(reply.body, HasSubstr(words)) << order;
  }
  EXPECT_EQ(Create().status, 200);
}

TEST_F(SandboxFaultsTest, TheQueueIsBounded) {
  int added = 0;
  while (added < 1000 && sandbox_.AddFault(kSymphony, {})) ++added;
  EXPECT_EQ(added, 64);
  sandbox_.ClearFaults(kSymphony);
  EXPECT_EQ(Create().status, 200);
}

}  // namespace
}  // namespace session_gateway
