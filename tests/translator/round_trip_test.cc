// Message -> JSON -> message over all fields: sample documents, and messages filled at random.
#include <google/protobuf/util/message_differencer.h>

#include "tests/translator/codec_fixture.h"
#include "tests/translator/message_filler.h"
#include "tests/translator/sample_documents.h"

namespace session_gateway::testing {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr int kMessages = 3000;

// Reads a document that the contract knows whole; writing it gives the same text again.
template <typename T>
T ExpectSameAgain(const std::string& json) {
  const T message = Read<T>(json);
  EXPECT_EQ(Kept(message), (std::map<std::string, std::string>{}));
  EXPECT_EQ(Json(message), json);
  return message;
}

// A field counts as read only when it is there, and not because nothing was.
int SetFields(const google::protobuf::Message& message) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return static_cast<int>(fields.size());
}

TEST(RoundTrip, SampleDocumentsComeBackByteForByte) {
  const auto session = ExpectSameAgain<v1::Session>(SymphonyBody());
  EXPECT_EQ(SetFields(session), v1::Session::descriptor()->field_count() - 1);
  EXPECT_EQ(session.resource_limit().jvm_min_heap(), 500);
  EXPECT_EQ(session.parent().task_id(), "taskID");
  EXPECT_EQ(session.session_ttl_in_minutes(), 60);
  const auto row = ExpectSameAgain<v1::ExecutionSession>(QlikBody());
  EXPECT_EQ(SetFields(row), v1::ExecutionSession::descriptor()->field_count() - 1);
  EXPECT_EQ(row.external_program_task().operational().last_execution_result().details(0).details_type(),
            v1::DETAILS_TYPE_INFORMATION);
  EXPECT_EQ(SetFields(row.app()), v1::App::descriptor()->field_count());
  EXPECT_EQ(SetFields(row.reload_task()), v1::Task::descriptor()->field_count());
  EXPECT_EQ(SetFields(row.execution_result()), v1::ExecutionResult::descriptor()->field_count());
}

TEST(RoundTrip, AnswersKeepWhatIsUnknownWhenTheyAreWrittenAgain) {
  const std::string json = R"({"user":"u","app":{"name":"n","x":1e400},"retries":1.0,"z":[1, 2]})";
  const auto row = Read<v1::ExecutionSession>(json);
  EXPECT_EQ(row.additional_json().at("/retries"), "1.0");
  auto again = row;
  again.mutable_additional_json()->erase("/retries");  // a known member takes no other value on its way out
  EXPECT_EQ(Json(again), R"({"app":{"name":"n","x":1e400},"user":"u","z":[1, 2]})");
}

template <typename T>
void RoundTripAtRandom(std::uint64_t seed) {
  Random random(seed);
  JsonReader reader;
  for (int i = 0; i < kMessages / kLoopDivisor; ++i) {
    T message;
    FillAtRandom(message, random);
    std::string json = Json(message);
    ASSERT_EQ(nlohmann::json::parse(json), ExpectedJson(message)) << message.DebugString();
    T again;
    ASSERT_EQ(ReadBody(PlanOf<T>(), reader, json, again), JsonFault::kNone) << json;
    ASSERT_TRUE(MessageDifferencer::Equals(message, again)) << json << "\n" << message.DebugString();
    ASSERT_EQ(Json(again), json);
  }
}

TEST(RoundTrip, RandomSessions) { RoundTripAtRandom<v1::Session>(1); }
TEST(RoundTrip, RandomExecutionSessions) { RoundTripAtRandom<v1::ExecutionSession>(2); }

}  // namespace
}  // namespace session_gateway::testing
