// The error on the wire: google.rpc.Status with its details, and small enough for every client and proxy.
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/translator/codec_fixture.h"
#include "translator/rpc_error.h"
#include "translator/text_bounds.h"
#include "translator/upstream_status.h"

namespace session_gateway::testing {
namespace {

// What a server may send of trailers that every client and proxy accepts.
constexpr std::size_t kTrailerBytesMax = 4096;

google::rpc::Status Details(const RpcError& error) {
  google::rpc::Status status;
  EXPECT_TRUE(status.ParseFromString(SerializeDetails(error)));
  return status;
}

template <typename T>
std::vector<T> Unpack(const google::rpc::Status& status) {
  std::vector<T> found;
  for (const auto& any : status.details()) {
    if (T detail; any.UnpackTo(&detail)) found.push_back(std::move(detail));
  }
  return found;
}

// All trailers of a failed call as they count for HTTP/2: name, value and 32 bytes each.
std::size_t TrailerBytes(const RpcError& error) {
  const auto entry = [](std::size_t name, std::size_t value) { return name + value + 32; };
  std::size_t message = 0;
  for (char c : error.message) message += c >= 0x20 && c < 0x7F && c != '%' ? 1 : 3;
  return entry(7, 3) + entry(11, 2) + entry(12, 16) + entry(12, message) +
         entry(23, (SerializeDetails(error).size() + 2) / 3 * 4) + entry(23, 8) + entry(22, 2);
}

TEST(ErrorDetails, NameWhatHappened) {
  RpcError error;
  error.code = absl::StatusCode::kResourceExhausted;
  error.reason = Reason::kUpstreamRefused;
  error.outcome = Outcome::kRefused;
  error.phase = Phase::kReceive;
  error.upstream = Upstream::kQlik;
  error.message = "m";
  error.http_status = 429;
  error.retry_after_seconds = 7;
  const auto status = Details(error);
  EXPECT_EQ(status.code(), 8);
  EXPECT_EQ(status.message(), "m");
  const auto infos = Unpack<google::rpc::ErrorInfo>(status);
  ASSERT_EQ(infos.size(), 1u);
  EXPECT_EQ(infos[0].reason(), "UPSTREAM_REFUSED");
  EXPECT_EQ(infos[0].domain(), "sessiongateway.v1");
  const std::map<std::string, std::string> metadata(infos[0].metadata().begin(), infos[0].metadata().end());
  EXPECT_EQ(metadata,
            (std::map<std::string, std::string>{
                {"upstream", "qlik"}, {"outcome", "refused"}, {"phase", "receive"}, {"http_status", "429"}}));
  const auto retries = Unpack<google::rpc::RetryInfo>(status);
  ASSERT_EQ(retries.size(), 1u);
  EXPECT_EQ(retries[0].retry_delay().seconds(), 7);
  EXPECT_TRUE(Unpack<google::rpc::BadRequest>(status).empty());
}

TEST(ErrorDetails, NameTheIdByItsUpstream) {
  RpcError error;
  error.created_id = "12";
  error.upstream = Upstream::kSymphony;
  EXPECT_EQ(Unpack<google::rpc::ErrorInfo>(Details(error)).at(0).metadata().at("session_id"), "12");
  EXPECT_EQ(Unpack<google::rpc::ErrorInfo>(Details(error)).at(0).metadata().count("http_status"), 0u);
  error.upstream = Upstream::kQlik;
  EXPECT_EQ(Unpack<google::rpc::ErrorInfo>(Details(error)).at(0).metadata().at("id"), "12");
  error.created_id.clear();
  EXPECT_EQ(Unpack<google::rpc::ErrorInfo>(Details(error)).at(0).metadata().count("id"), 0u);
}

TEST(ErrorDetails, NamesAreThoseOfTheContract) {
  const std::pair<Reason, const char*> reasons[] = {
      {Reason::kInvalidField, "INVALID_FIELD"},
      {Reason::kUnsupported, "UNSUPPORTED"},
      {Reason::kUpstreamNotConfigured, "UPSTREAM_NOT_CONFIGURED"},
      {Reason::kUpstreamUnreachable, "UPSTREAM_UNREACHABLE"},
      {Reason::kLogonRefused, "LOGON_REFUSED"},
      {Reason::kUpstreamRefused, "UPSTREAM_REFUSED"},
      {Reason::kUpstreamFailed, "UPSTREAM_FAILED"},
      {Reason::kUpstreamContract, "UPSTREAM_CONTRACT"},
      {Reason::kAnswerUnreadable, "ANSWER_UNREADABLE"},
      {Reason::kOutcomeUnknown, "OUTCOME_UNKNOWN"},
      {Reason::kDeadline, "DEADLINE"},
      {Reason::kOverloaded, "OVERLOADED"},
      {Reason::kDraining, "DRAINING"},
      {Reason::kRequestIdReused, "REQUEST_ID_REUSED"},
      {Reason::kLedgerUnavailable, "LEDGER_UNAVAILABLE"}};
  for (const auto& [reason, name] : reasons) EXPECT_EQ(ReasonName(reason), name);
  const std::pair<Outcome, const char*> outcomes[] = {{Outcome::kNotSent, "not_sent"},
                                                      {Outcome::kRefused, "refused"},
                                                      {Outcome::kDone, "done"},
                                                      {Outcome::kUnknown, "unknown"}};
  for (const auto& [outcome, name] : outcomes) {
    EXPECT_EQ(OutcomeName(outcome), name);
    RpcError error;
    error.outcome = outcome;
    EXPECT_EQ(ForbidsRetry(error), outcome == Outcome::kDone || outcome == Outcome::kUnknown);
  }
  const char* const phases[] = {"validate", "queue", "resolve", "connect", "handshake",
                                "logon",    "send",  "wait",    "receive", "parse"};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(PhaseName(static_cast<Phase>(i)), phases[i]);
}

TEST(ErrorDetails, ViolationsBecomeABadRequest) {
  Violations violations;
  violations.Add("a.b[1]", "must be so");
  violations.Add("c", "must not");
  const RpcError error = std::move(violations).ToError(Upstream::kSymphony);
  EXPECT_EQ(error.message, "a.b[1]: must be so (and 1 more)");
  const auto bad = Unpack<google::rpc::BadRequest>(Details(error));
  ASSERT_EQ(bad.size(), 1u);
  ASSERT_EQ(bad[0].field_violations_size(), 2);
  EXPECT_EQ(bad[0].field_violations(0).field(), "a.b[1]");
  EXPECT_EQ(bad[0].field_violations(0).description(), "must be so");
}

TEST(ErrorDetails, SixteenOrdinaryViolationsFit) {
  v1::Session session;
  for (int i = 0; i < 20; ++i) session.add_common_data();
  Violations violations;
  std::string out;
  WriteBody(PlanOf<v1::Session>(), session, nullptr, out, violations);
  const RpcError error = std::move(violations).ToError(Upstream::kSymphony);
  EXPECT_EQ(Unpack<google::rpc::BadRequest>(Details(error)).at(0).field_violations_size(), 16);
}

TEST(ErrorDetails, TheLongestViolationsStayBelowTheBound) {
  // Keys of two-byte characters: each byte costs three in the status message.
  std::string key = "/externalProgramTask/";
  for (int i = 0; i < 200; ++i) key += "\xc3\xa9";
  v1::ExecutionSession row;
  for (int i = 0; i < 100; ++i) (*row.mutable_additional_json())[key + std::to_string(i) + "/x"] = "1";
  Violations violations;
  std::string out;
  const PathStep path{nullptr, "execution_session"};
  WriteBody(PlanOf<v1::ExecutionSession>(), row, &path, out, violations);
  const RpcError error = std::move(violations).ToError(Upstream::kQlik);
  EXPECT_GE(Unpack<google::rpc::BadRequest>(Details(error)).at(0).field_violations_size(), 4);
  EXPECT_TRUE(IsUtf8(error.message));
  EXPECT_LT(TrailerBytes(error), kTrailerBytesMax);
}

TEST(ErrorDetails, TheLongestUpstreamTextStaysBelowTheBound) {
  HttpReply reply;
  reply.status = 429;
  reply.headers = {{"retry-after", "86400"}};
  for (int i = 0; i < 5000; ++i) reply.body += "\xc3\xa9";
  EXPECT_LT(TrailerBytes(ErrorFromStatus(Upstream::kSymphony, CredentialOwner::kGateway, reply)),
            kTrailerBytesMax);
  reply.body = "{\"sessionId\":\"" + std::string(128, '%') + "\",";
  const RpcError error = UnreadableAnswer(Upstream::kSymphony, "sessionId", "is cut", reply);
  EXPECT_EQ(error.created_id.size(), 128u);
  EXPECT_LT(TrailerBytes(error), kTrailerBytesMax);
}

}  // namespace
}  // namespace session_gateway::testing
