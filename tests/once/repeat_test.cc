// Calls with a request_id that are made again after the first has ended: what is told, what is sent, what is
// counted. One suite against both upstreams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/once/once_bed.h"
#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;

class Repeat : public testing::TestWithParam<const OnceSide*> {
 protected:
  const OnceSide& side() const { return *GetParam(); }
  std::string Request(const std::string& more = "") const { return WithId(side().request, kRequestId, more); }
  RpcResult Call() { return bed_.Call(side(), Request()); }
  RpcResult Call(const std::string& request) { return bed_.Call(side(), request); }
  OnceCounts counts() { return bed_.gateway().once_counts(); }

  OnceBed bed_;
};

TEST_P(Repeat, TheFirstAnswerComesAgain) {
  bed_.StartGateway();
  const RpcResult first = Call();
  ExpectOk(first, false);
  const RpcResult again = Call();
  ExpectOk(again, true);
  EXPECT_THAT(again.text, HasSubstr(first.text.substr(0, first.text.find('\n'))));
  ExpectOk(Call(WithId(side().request, kRequestIdInCapitals)), true);
  EXPECT_EQ(bed_.Creates(side()), 1u);
  EXPECT_THAT(bed_.Requests(side()), SizeIs(1));
  EXPECT_EQ(counts().sent, 1u);
  EXPECT_EQ(counts().done, 1u);
  EXPECT_EQ(counts().replayed, 2u);
}

TEST_P(Repeat, AnotherIdIsAnotherCall) {
  bed_.StartGateway();
  ExpectOk(Call(), false);
  ExpectOk(Call(WithId(side().request, RequestIdOf(1))), false);
  ExpectOk(Call(side().request), false);
  ExpectOk(Call(side().request), false);
  EXPECT_EQ(bed_.Creates(side()), 4u);
}

TEST_P(Repeat, OtherContentIsRefused) {
  bed_.StartGateway();
  ExpectOk(Call(), false);
  const RpcResult other = Call(WithId(side().other, kRequestId));
  ExpectError(other, "INVALID_ARGUMENT", "REQUEST_ID_REUSED", "not_sent");
  EXPECT_THAT(other.text, HasSubstr("violation: request_id: "));
  EXPECT_THAT(bed_.Requests(side()), SizeIs(1));
  EXPECT_EQ(counts().other_content, 1u);
  ExpectOk(Call(), true);
}

TEST_P(Repeat, AnUnreadableAnswerIsDone) {
  const bool symphony = side().name == "symphony";
  const std::string body = symphony ? R"({"sessionId":"77",]})" : R"({"id":"77",]})";
  const std::string status = symphony ? "200 OK" : "201 Created";
  bed_.StartGateway();
  bed_.AddFault(side(), {.kind = SandboxFaultKind::kRaw,
                         .body = "HTTP/1.1 " + status + "\r\ncontent-length: " + std::to_string(body.size()) +
                                 "\r\n\r\n" + body,
                         .create = true});
  const RpcResult first = Call();
  ExpectError(first, "INTERNAL", "ANSWER_UNREADABLE", "done");
  EXPECT_THAT(first.text, HasSubstr("id: 77"));
  EXPECT_EQ(Call().text, first.text);
  EXPECT_EQ(bed_.Creates(side()), 1u);
  EXPECT_THAT(bed_.Requests(side()), SizeIs(1));
  EXPECT_EQ(counts().done, 1u);
  EXPECT_EQ(counts().replayed, 1u);
}

TEST_P(Repeat, AnUnknownOutcomeStaysSo) {
  bed_.StartGateway();
  bed_.AddFault(side(), {.kind = SandboxFaultKind::kStatus, .method = "POST", .status = 503});
  ExpectError(Call(), "UNKNOWN", "UPSTREAM_FAILED", "unknown");
  ExpectUnknown(Call());
  EXPECT_EQ(bed_.Creates(side()), 0u);
  EXPECT_EQ(counts().sent, 1u);
  EXPECT_EQ(counts().unknown, 1u);
  EXPECT_EQ(counts().still_unknown, 1u);
}

TEST_P(Repeat, WhatWasRefusedIsForgotten) {
  bed_.StartGateway();
  bed_.AddFault(side(), {.kind = SandboxFaultKind::kStatus, .status = 422});
  ExpectError(Call(), "INVALID_ARGUMENT", "UPSTREAM_REFUSED", "refused");
  // Also its content is free again.
  ExpectOk(Call(WithId(side().other, kRequestId)), false);
  EXPECT_EQ(bed_.Creates(side()), 1u);
  EXPECT_EQ(counts().refused, 1u);
  EXPECT_EQ(counts().done, 1u);
}

TEST_P(Repeat, WhatWasNotSentIsForgotten) {
  RawPort port;
  (side().name == "symphony" ? bed_.setup().symphony : bed_.setup().qlik) =
      Endpoint{"http", "127.0.0.1", port.number(), ""};
  bed_.StartGateway();
  ExpectError(Call(), "UNAVAILABLE", "UPSTREAM_UNREACHABLE", "not_sent");
  std::atomic<int> requests = 0;
  RawServer upstream(
      [&requests](RawConnection& peer) {
        while (!peer.ReadRequest().empty()) {
          ++requests;
          peer.Send("HTTP/1.1 400 x\r\ncontent-length: 0\r\n\r\n");
        }
      },
      std::move(port));
  ExpectError(Call(), "INVALID_ARGUMENT", "UPSTREAM_REFUSED", "refused");
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(counts().sent, 2u);
  EXPECT_EQ(counts().not_sent, 1u);
  bed_.EndGateway();
}

TEST_P(Repeat, ARequestIdCanBeRequired) {
  bed_.setup().require_request_id = true;
  bed_.StartGateway();
  for (const std::string more : {"", "validate_only: true"}) {
    const RpcResult without = Call(side().request + " " + more);
    ExpectError(without, "INVALID_ARGUMENT", "INVALID_FIELD", "not_sent");
    EXPECT_THAT(without.text, HasSubstr("violation: request_id: is required"));
  }
  EXPECT_THAT(bed_.Requests(side()), SizeIs(0));
  ExpectOk(Call(), false);
}

TEST_P(Repeat, ValidateOnlyLeavesNoTraceAndSeesNone) {
  bed_.StartGateway();
  EXPECT_TRUE(Call(Request("validate_only: true")).ok);
  ExpectOk(Call(WithId(side().other, kRequestId)), false);
  // Another content than what is remembered, and it is only shown.
  EXPECT_TRUE(Call(Request("validate_only: true")).ok);
  EXPECT_EQ(counts().sent, 1u);
  EXPECT_EQ(counts().other_content, 0u);
  EXPECT_EQ(bed_.Creates(side()), 1u);
}

TEST_P(Repeat, AFullLedgerRefusesAndDropsNothingYoung) {
  bed_.setup().ledger.entries = 2;
  bed_.StartGateway();
  ExpectOk(Call(WithId(side().request, RequestIdOf(1))), false);
  ExpectOk(Call(WithId(side().request, RequestIdOf(2))), false);
  for (int i = 0; i < 3; ++i) {
    ExpectError(Call(WithId(side().request, RequestIdOf(3))), "RESOURCE_EXHAUSTED", "OVERLOADED", "not_sent");
  }
  ExpectOk(Call(WithId(side().request, RequestIdOf(1))), true);
  ExpectOk(Call(WithId(side().request, RequestIdOf(2))), true);
  ExpectOk(Call(side().request), false);  // without an id there is nothing to remember
  EXPECT_EQ(bed_.Creates(side()), 3u);
  EXPECT_EQ(counts().full, 3u);
}

TEST_P(Repeat, BytesAreBoundedToo) {
  bed_.setup().ledger.bytes = MemoryLedger::kEntryBytes + 200;
  bed_.StartGateway();
  ExpectOk(Call(WithId(side().request, RequestIdOf(1))), false);
  ExpectError(Call(WithId(side().request, RequestIdOf(2))), "RESOURCE_EXHAUSTED", "OVERLOADED", "not_sent");
  ExpectOk(Call(WithId(side().request, RequestIdOf(1))), true);
}

TEST_P(Repeat, WhatIsTooOldIsForgotten) {
  bed_.setup().ledger.age = std::chrono::milliseconds(1);
  bed_.StartGateway();
  bed_.AddFault(side(), {.kind = SandboxFaultKind::kStatus, .method = "POST", .status = 500});
  EXPECT_EQ(Call().outcome, "unknown");
  RpcResult repeat = Call();
  while (repeat.outcome == "unknown") repeat = Call();
  ExpectOk(repeat, false);
  EXPECT_EQ(bed_.Creates(side()), 1u);
}

INSTANTIATE_TEST_SUITE_P(Both, Repeat, testing::Values(&kSymphonyOnce, &kQlikOnce),
                         [](const auto& test) { return test.param->name; });

TEST(RepeatOfATaggedSession, HasTheSameTag) {
  OnceBed bed;
  bed.setup().tag_from_request_id = true;
  bed.StartGateway();
  ExpectOk(bed.Call(kSymphonyOnce, WithId(kSymphonyOnce.request, kRequestIdInCapitals)), false);
  ExpectOk(bed.Call(kSymphonyOnce, WithId(kSymphonyOnce.request, kRequestId)), true);
  const auto rows = bed.sandbox().rows(SandboxUpstream::kSymphony);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_THAT(rows[0], HasSubstr(R"("sessionTag":")" + std::string(kRequestId) + '"'));
}

// Base64 of `ego:s:ecret`, `alter:s:ecret`.
constexpr char kEgo[] = "Basic ZWdvOnM6ZWNyZXQ=";
constexpr char kAlter[] = "Basic YWx0ZXI6czplY3JldA==";

TEST(RepeatOfCallersWithTheirOwnPasswords, IsNobodyElses) {
  SandboxOptions options;
  options.symphony_logon = SandboxSymphonyLogon{.users = {{"ego", "s:ecret"}, {"alter", "s:ecret"}}};
  OnceBed bed(options);
  bed.setup().symphony_auth.mode = SymphonyAuthMode::kCallerBasic;
  bed.StartGateway();
  const auto call = [&bed](const char* credentials) {
    return bed.Call(kSymphonyOnce, WithId(kSymphonyOnce.request, kRequestId), seconds(60),
                    {{"symphony-authorization", credentials}});
  };
  const RpcResult ego = call(kEgo);
  const RpcResult alter = call(kAlter);
  ExpectOk(ego, false);
  ExpectOk(alter, false);
  EXPECT_NE(ego.text, alter.text);
  EXPECT_EQ(bed.Creates(kSymphonyOnce), 2u);
  ExpectOk(call(kEgo), true);
  EXPECT_THAT(call(kAlter).text, HasSubstr(alter.text.substr(0, alter.text.find('\n'))));
  // Another password is another caller, who is not told what the first one made.
  const RpcResult wrong = call("Basic ZWdvOndyb25n");
  EXPECT_FALSE(wrong.ok) << wrong.text;
  EXPECT_EQ(bed.Creates(kSymphonyOnce), 2u);
}

// Puts a verified name in the place of the caller's.
class Named final : public SessionGatewayHandler {
 public:
  Named(SessionGatewayHandler& inner, const std::atomic<const std::string*>& name)
      : inner_(inner), name_(name) {}

  Task<std::optional<RpcError>> CreateSession(sessiongateway::v1::CreateSessionRequest& request,
                                              sessiongateway::v1::CreateSessionResponse& response,
                                              CallContext& context) override {
    Rename(context);
    co_return co_await inner_.CreateSession(request, response, context);
  }
  Task<std::optional<RpcError>> CreateExecutionSession(
      sessiongateway::v1::CreateExecutionSessionRequest& request,
      sessiongateway::v1::CreateExecutionSessionResponse& response, CallContext& context) override {
    Rename(context);
    co_return co_await inner_.CreateExecutionSession(request, response, context);
  }

 private:
  void Rename(CallContext& context) const {
    Caller caller = context.caller();
    caller.identity = *name_.load();
    context.set_caller(caller);
  }

  SessionGatewayHandler& inner_;
  const std::atomic<const std::string*>& name_;
};

class RepeatOfNamedCallers : public testing::TestWithParam<const OnceSide*> {};

TEST_P(RepeatOfNamedCallers, IsNobodyElses) {
  OnceBed bed;
  std::atomic<const std::string*> name;  // changed between calls only
  bed.setup().around = [&name](SessionGatewayHandler& inner) { return std::make_unique<Named>(inner, name); };
  bed.StartGateway();
  std::vector<std::string> answers;
  const std::vector<std::string> names = {"",      "anonymous", "certificate:anonymous", "credential:00",
                                          "Alice", "alice",     "certificate:"};
  for (const std::string& next : names) {
    name = &next;
    const RpcResult result = bed.Call(*GetParam(), WithId(GetParam()->request, kRequestId));
    ExpectOk(result, false);
    answers.push_back(result.text);
  }
  EXPECT_EQ(bed.Creates(*GetParam()), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    name = &names[i];
    const RpcResult again = bed.Call(*GetParam(), WithId(GetParam()->request, kRequestId));
    ExpectOk(again, true);
    EXPECT_THAT(again.text, HasSubstr(answers[i].substr(0, answers[i].find('\n')))) << names[i];
  }
  bed.EndGateway();
}

INSTANTIATE_TEST_SUITE_P(Both, RepeatOfNamedCallers, testing::Values(&kSymphonyOnce, &kQlikOnce),
                         [](const auto& test) { return test.param->name; });

}  // namespace
}  // namespace session_gateway
