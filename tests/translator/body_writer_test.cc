// Message -> JSON text: presence, order, and each kind of value at its extremes.
#include <cmath>
#include <limits>

#include "tests/translator/codec_fixture.h"
#include "translator/json_text.h"

namespace session_gateway::testing {
namespace {

TEST(BodyWriter, AbsentFieldsSendNothing) {
  EXPECT_EQ(Json(v1::Session()), "{}");
  EXPECT_EQ(Json(v1::ExecutionSession()), "{}");
}

TEST(BodyWriter, DefaultsThatAreSetAreSent) {
  EXPECT_EQ(JsonOfText<v1::Session>(
                "session_name: '' preemptive: false session_timeout: 0 "
                "default_resource_attribute_value: 0 parent {} resource_limit { cpu_limit: 0 }"),
            R"({"sessionName":"","parent":{},"preemptive":false,"defaultResourceAttributeValue":0.0,)"
            R"("sessionTimeout":0,"resourceLimit":{"cpuLimit":0}})");
  EXPECT_EQ(JsonOfText<v1::ExecutionSession>("id: '' created_date {} abort_reason: 0 retries: 0"),
            R"({"id":"","createdDate":"1970-01-01T00:00:00.000Z","retries":0,"abortReason":0})");
}

TEST(BodyWriter, MembersLeaveInOrderOfDeclaration) {
  v1::Session session;
  session.set_session_ttl_in_minutes(3);
  session.set_session_name("a");
  session.mutable_parent()->set_task_id("t");
  session.mutable_parent()->set_session_id("s");
  session.set_preemptive(true);
  EXPECT_EQ(Json(session), R"({"sessionName":"a","parent":{"sessionID":"s","taskID":"t"},"preemptive":true,)"
                           R"("sessionTTLInMinutes":3})");
}

TEST(BodyWriter, IntegersAreExactAndUnquoted) {
  struct Row {
    const char* text;
    const char* json;
  };
  const Row rows[] = {
      {"session_timeout: -2147483648", R"({"sessionTimeout":-2147483648})"},
      {"session_timeout: 2147483647", R"({"sessionTimeout":2147483647})"},
      {"resource_limit { cpu_limit: -9223372036854775808 }",
       R"({"resourceLimit":{"cpuLimit":-9223372036854775808}})"},
      {"resource_limit { jvm_min_heap: 9223372036854775807 jvm_max_heap: 9007199254740993 }",
       R"({"resourceLimit":{"JvmMinHeap":9223372036854775807,"JvmMaxHeap":9007199254740993}})"},
      {"service_to_slot_ratio { num_services: 0 num_slots: 4294967295 }",
       R"({"serviceToSlotRatio":{"numServices":0,"numSlots":4294967295}})"},
  };
  for (const Row& row : rows) EXPECT_EQ(JsonOfText<v1::Session>(row.text), row.json);
}

TEST(BodyWriter, DoublesLeaveInTheirShortestFormWithFractionOrExponent) {
  const std::pair<double, const char*> rows[] = {{0.0, "0.0"},
                                                 {-0.0, "-0.0"},
                                                 {5e-324, "5e-324"},
                                                 {1.7976931348623157e308, "1.7976931348623157e+308"},
                                                 {-1.7976931348623157e308, "-1.7976931348623157e+308"},
                                                 {2.2250738585072014e-308, "2.2250738585072014e-308"},
                                                 {0.1, "0.1"},
                                                 {100.123, "100.123"},
                                                 {20.0, "20.0"},
                                                 {-7.0, "-7.0"},
                                                 {1e300, "1e+300"},
                                                 {9007199254740993.0, "9007199254740992.0"},
                                                 {1.0 / 3, "0.3333333333333333"}};
  for (const auto& [value, text] : rows) {
    v1::Session session;
    session.set_default_resource_attribute_value(value);
    EXPECT_EQ(Json(session), std::string(R"({"defaultResourceAttributeValue":)") + text + "}");
  }
}

TEST(BodyWriter, DoublesThatAreNoNumberAreRefusedWithTheirPath) {
  for (double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    v1::Session session;
    session.add_resource_attribute_definition();
    session.add_resource_attribute_definition()->set_default_value(value);
    session.mutable_resource_preference()->add_resource_attribute_definition()->set_default_value(value);
    const Written out = Write(session);
    ASSERT_EQ(out.violations.size(), 2u);
    EXPECT_EQ(out.violations[0].field,
              "session.resource_preference.resource_attribute_definition[0].default_value");
    EXPECT_EQ(out.violations[1].field, "session.resource_attribute_definition[1].default_value");
  }
}

TEST(BodyWriter, StringsEscapeOnlyWhatJsonDemands) {
  const std::pair<std::string, std::string> rows[] = {
      {"a\"b\\c/d", R"("a\"b\\c/d")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {std::string("\0", 1), R"("\u0000")"},
      {"\x01\x0b\x1f", R"("\u0001\u000b\u001f")"},
      {"\x7f", "\"\x7f\""},
      {"\xc3\xa9\xe2\x80\xa8\xe2\x80\xa9\xf0\x9f\x98\x80",
       "\"\xc3\xa9\xe2\x80\xa8\xe2\x80\xa9\xf0\x9f\x98\x80\""},
      {"<script>&'", R"("<script>&'")"}};
  for (const auto& [text, json] : rows) {
    v1::Session session;
    session.set_session_name(text);
    EXPECT_EQ(Json(session), R"({"sessionName":)" + json + "}");
  }
  for (char c = 0; c < 0x20; ++c) {
    std::string json;
    AppendJsonString(std::string(1, c), json);
    EXPECT_EQ(nlohmann::json::parse(json).get<std::string>(), std::string(1, c));
  }
}

TEST(BodyWriter, EnumsLeaveAsIntegersKnownOrNot) {
  v1::ExecutionSession row;
  for (int number : {0, 7, 14, 99, -1, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
    row.mutable_execution_result()->set_status(static_cast<v1::TaskExecutionStatus>(number));
    EXPECT_EQ(Json(row), R"({"executionResult":{"status":)" + std::to_string(number) + "}}");
  }
}

TEST(BodyWriter, CommonDataLeavesAsPairsOfStringsInOrder) {
  v1::Session session;
  session.add_common_data()->set_string_chars("t\"");
  session.add_common_data()->set_string_chars("");
  session.add_common_data()->set_uint32(4294967295u);
  session.add_common_data()->set_uint32(0);
  session.add_common_data()->set_int64(std::numeric_limits<std::int64_t>::min());
  session.add_common_data()->set_int64(std::numeric_limits<std::int64_t>::max());
  session.add_common_data()->set_uint64(std::numeric_limits<std::uint64_t>::max());
  session.add_common_data()->set_bytes(std::string("\xfb\xff\x00\x01", 4));
  session.add_common_data()->set_bytes("ab");
  session.add_common_data()->set_bytes("");
  auto& other = *session.add_common_data()->mutable_other();
  other.set_type("SOAM_BYTES");
  other.set_value("Base64 encoded string");
  session.add_common_data()->mutable_other()->set_type("SOAM_X_9");
  EXPECT_EQ(
      Json(session),
      R"({"commonData":[["SOAM_STRING_CHARS","t\""],["SOAM_STRING_CHARS",""],["SOAM_UINT32","4294967295"],)"
      R"(["SOAM_UINT32","0"],["SOAM_INT64","-9223372036854775808"],["SOAM_INT64","9223372036854775807"],)"
      R"(["SOAM_UINT64","18446744073709551615"],["SOAM_BYTES","+/8AAQ=="],["SOAM_BYTES","YWI="],)"
      R"(["SOAM_BYTES",""],["SOAM_BYTES","Base64 encoded string"],["SOAM_X_9",""]]})");
}

TEST(BodyWriter, CommonDataWithoutValueOrWithABadTypeIsRefused) {
  v1::Session session;
  session.add_common_data();
  for (const char* type :
       {"", "SOAM_", "soam_INT", "SOAM_int", "SOAM_A B", "XSOAM_A", "SOAM_A-", "SOAM_\xc3\x84"}) {
    session.add_common_data()->mutable_other()->set_type(type);
  }
  session.add_common_data()->mutable_other()->set_value("v");
  const Written out = Write(session);
  ASSERT_EQ(out.violations.size(), 10u);
  EXPECT_EQ(out.violations[0].field, "session.common_data[0]");
  for (std::size_t i = 1; i < out.violations.size(); ++i) {
    EXPECT_EQ(out.violations[i].field, "session.common_data[" + std::to_string(i) + "].other.type");
  }
}

TEST(BodyWriter, DatesAreUtcWithMillisecondsCutNotRounded) {
  struct Row {
    std::int64_t seconds;
    std::int32_t nanos;
    const char* text;
  };
  const Row rows[] = {{948603367, 0, "2000-01-23T04:56:07.000Z"},
                      {948603367, 999'999'999, "2000-01-23T04:56:07.999Z"},
                      {948603367, 1'999'999, "2000-01-23T04:56:07.001Z"},
                      {948603367, 999'999, "2000-01-23T04:56:07.000Z"},
                      {-1, 0, "1969-12-31T23:59:59.000Z"},
                      {-1, 500'000'000, "1969-12-31T23:59:59.500Z"},
                      {-6847804800, 0, "1753-01-01T00:00:00.000Z"},
                      {951782400, 0, "2000-02-29T00:00:00.000Z"},
                      {-62135596800, 0, "0001-01-01T00:00:00.000Z"},
                      {253402300799, 999'999'999, "9999-12-31T23:59:59.999Z"}};
  for (const Row& row : rows) {
    v1::ExecutionSession session;
    session.mutable_abort_at()->set_seconds(row.seconds);
    session.mutable_abort_at()->set_nanos(row.nanos);
    EXPECT_EQ(Json(session), std::string(R"({"abortAt":")") + row.text + R"("})");
  }
}

TEST(BodyWriter, DatesOutsideTheirRangeAreRefused) {
  const std::pair<std::int64_t, std::int32_t> rows[] = {
      {-62135596801, 0},
      {253402300800, 0},
      {0, -1},
      {0, 1'000'000'000},
      {std::numeric_limits<std::int64_t>::min(), 0},
      {std::numeric_limits<std::int64_t>::max(), 0},
  };
  for (const auto& [seconds, nanos] : rows) {
    v1::ExecutionSession session;
    auto& time = *session.mutable_reload_task()->mutable_operational()->mutable_next_execution();
    time.set_seconds(seconds);
    time.set_nanos(nanos);
    const Written out = Write(session, "execution_session");
    ASSERT_EQ(out.violations.size(), 1u) << seconds << " " << nanos;
    EXPECT_EQ(out.violations[0].field, "execution_session.reload_task.operational.next_execution");
  }
}

TEST(BodyWriter, GuidsHaveHyphensAndNoBracesOrAreEmpty) {
  for (const char* good : {"", "00000000-0000-0000-0000-000000000000", "046b6c7f-0b8a-43b9-b35d-6489e6daee91",
                           "046B6C7F-0b8a-43B9-B35D-6489E6DAEE91"}) {
    v1::ExecutionSession row;
    row.mutable_executing_node()->set_id(good);
    EXPECT_EQ(Json(row), std::string(R"({"executingNode":{"id":")") + good + R"("}})");
  }
  for (const char* bad : {"{046b6c7f-0b8a-43b9-b35d-6489e6daee91}", "046b6c7f0b8a43b9b35d6489e6daee91", "x",
                          "046b6c7f-0b8a-43b9-b35d-6489e6daee9", "046b6c7f-0b8a-43b9-b35d-6489e6daee911",
                          "046b6c7g-0b8a-43b9-b35d-6489e6daee91", "046b6c7f00b8a-43b9-b35d-6489e6daee91",
                          "046b6c7f-0b8a-43b9-b35d-6489e6daee9\n"}) {
    v1::ExecutionSession row;
    row.mutable_execution_result()->add_details();
    row.mutable_execution_result()->add_details()->set_id(bad);
    row.mutable_execution_result()->set_file_reference_id(bad);
    const Written out = Write(row, "execution_session");
    ASSERT_EQ(out.violations.size(), 2u) << bad;
    EXPECT_EQ(out.violations[0].field, "execution_session.execution_result.file_reference_id");
    EXPECT_EQ(out.violations[1].field, "execution_session.execution_result.details[1].id");
  }
}

TEST(BodyWriter, MapEntriesLeaveInByteOrderOfTheirKeys) {
  v1::Session session;
  auto& attributes = *session.mutable_attributes();
  for (const char* key : {"b", "\xc3\xa9", "", "a\"", "B", "a"}) attributes[key] = "\n";
  EXPECT_EQ(Json(session),
            "{\"attributes\":{\"\":\"\\n\",\"B\":\"\\n\",\"a\":\"\\n\",\"a\\\"\":\"\\n\",\"b\":\"\\n\","
            "\"\xc3\xa9\":\"\\n\"}}");
}

TEST(BodyWriter, AppendsToWhatIsThere) {
  std::string out = "x";
  Violations violations;
  WriteBody(PlanOf<v1::Session>(), v1::Session(), nullptr, out, violations);
  EXPECT_EQ(out, "x{}");
}

}  // namespace
}  // namespace session_gateway::testing
