// JSON values -> fields: what each form takes, at the ends of its range, and what it leaves to
// additional_json.
#include "tests/translator/codec_fixture.h"

namespace session_gateway::testing {
namespace {

using Answer = v1::CreateSessionResponse;
using Row = v1::ExecutionSession;
using Entries = std::map<std::string, std::string>;

TEST(ValueReading, SessionIdKeepsItsDigits) {
  const std::pair<const char*, const char*> read[] = {
      {"1200", "1200"},
      {"\"1200\"", "1200"},
      {"0", "0"},
      {"-5", "-5"},
      {"18446744073709551616", "18446744073709551616"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"\"abc\\u002f\"", "abc/"},
      {"\"\"", ""}};
  for (const auto& [json, text] : read) {
    const auto answer = Read<Answer>(std::string("{\"sessionId\":") + json + "}");
    ASSERT_TRUE(answer.has_session_id()) << json;
    EXPECT_EQ(answer.session_id(), text);
    EXPECT_EQ(Kept(answer), Entries());
  }
  for (const char* json : {"1.5", "1.0", "1e3", "true", "[1]", "{}", "\"\\ud800\""}) {
    const auto answer = Read<Answer>(std::string("{\"sessionId\":") + json + "}");
    EXPECT_FALSE(answer.has_session_id()) << json;
    EXPECT_EQ(Kept(answer), (Entries{{"/sessionId", json}}));
  }
  EXPECT_FALSE(Read<Answer>(R"({"sessionId":null})").has_session_id());
  EXPECT_FALSE(Read<Answer>("{}").has_session_id());
}

TEST(ValueReading, ValuesOfAnotherTypeAreKeptAndNotRead) {
  struct Case {
    const char* member;
    std::vector<const char*> odd;
  };
  const Case cases[] = {
      {"user", {"1", "true", "[]", "{}", "1.5", "\"\\udc00\""}},
      {"id", {"1", "false", "[\"a\"]", "{}"}},
      {"createdDate", {"1", "true", "[]", "{}", "\"\"", "\"x\""}},
      {"retries",
       {"\"1\"", "8.0", "1e1", "2147483648", "-2147483649", "true", "[1]", "{}", "1E1",
        "99999999999999999999"}},
      {"abortReason", {"\"1\"", "1.0", "true", "{}", "2147483648"}},
      {"privileges",
       {"\"a\"", "1", "{}", "true", "[1]", "[\"a\",1,\"b\"]", "[[\"a\"]]", "[\"a\",null]", "[\"\\ud800\"]",
        "[{}]"}},
      {"app", {"1", "\"a\"", "[]", "[{}]", "true"}},
  };
  for (const Case& row : cases) {
    for (const char* json : row.odd) {
      const std::string name = row.member;
      const auto session = Read<Row>("{\"" + name + "\":" + json + "}");
      Row expected;
      (*expected.mutable_additional_json())["/" + name] = json;
      EXPECT_EQ(session.DebugString(), expected.DebugString());
    }
  }
}

TEST(ValueReading, ValuesOfAnotherTypeInTheSessionsForms) {
  const std::pair<const char*, const char*> rows[] = {
      {"/preemptive", "1"},
      {"/preemptive", "\"true\""},
      {"/defaultResourceAttributeValue", "1e400"},
      {"/defaultResourceAttributeValue", "\"1.0\""},
      {"/defaultResourceAttributeValue", "true"},
      {"/attributes", "[]"},
      {"/attributes", R"({"a":"b","c":1})"},
      {"/attributes", R"({"a":{}})"},
      {"/attributes", R"({"a":"\ud800"})"},
      {"/commonData", "[1]"},
      {"/commonData", R"([["SOAM_INT64"]])"},
      {"/commonData", R"([["SOAM_INT64","1","2"]])"},
      {"/commonData", R"([["SOAM_INT64",1]])"},
      {"/commonData", R"([["SOAM_INT64","1"],["INT","1"]])"},
      {"/commonData", R"([["SOAM_INT64","\ud800"]])"},
      {"/commonData", R"([[["SOAM_INT64"],"1"]])"},
      {"/dockerMountDefinition", R"([{"hostDir":"/a","x":1},2])"},
      {"/dockerMountDefinition", R"([{"hostDir":"/a"},null])"},
      {"/serviceToSlotRatio/numSlots", "4294967296"},
      {"/serviceToSlotRatio/numSlots", "-1"},
      {"/resourceLimit/cpuLimit", "9223372036854775808"},
      {"/resourceLimit/cpuLimit", "-9223372036854775809"},
      {"/resourceLimit/cpuLimit", "1.0"},
  };
  for (const auto& [pointer, json] : rows) {
    const std::string path = pointer;
    const std::size_t slash = path.find('/', 1);
    const std::string text = slash == std::string::npos ? "{\"" + path.substr(1) + "\":" + json + "}"
                                                        : "{\"" + path.substr(1, slash - 1) + "\":{\"" +
                                                              path.substr(slash + 1) + "\":" + json + "}}";
    auto session = Read<v1::Session>(text);
    EXPECT_EQ(Kept(session), (Entries{{pointer, json}})) << text;
    session.clear_additional_json();
    session.clear_service_to_slot_ratio();
    session.clear_resource_limit();
    EXPECT_EQ(session.ByteSizeLong(), 0u) << session.DebugString();
  }
}

TEST(ValueReading, NumbersAtTheEndsOfTheirRanges) {
  auto session = Read<v1::Session>(
      R"({"sessionTimeout":-2147483648,"taskTimeout":2147483647,"minServices":-0,)"
      R"("serviceToSlotRatio":{"numServices":-0,"numSlots":4294967295},)"
      R"("resourceLimit":{"cpuLimit":-9223372036854775808,"JvmMaxHeap":9223372036854775807},)"
      R"("defaultResourceAttributeValue":1.7976931348623157e308,)"
      R"("resourceAttributeDefinition":[{"defaultValue":5e-324},{"defaultValue":-0.0},)"
      R"({"defaultValue":8},{"defaultValue":1E1}]})");
  EXPECT_EQ(Kept(session), Entries());
  EXPECT_EQ(session.session_timeout(), INT32_MIN);
  EXPECT_EQ(session.task_timeout(), INT32_MAX);
  EXPECT_TRUE(session.has_min_services());
  EXPECT_TRUE(session.service_to_slot_ratio().has_num_services());
  EXPECT_EQ(session.service_to_slot_ratio().num_slots(), UINT32_MAX);
  EXPECT_EQ(session.resource_limit().cpu_limit(), INT64_MIN);
  EXPECT_EQ(session.resource_limit().jvm_max_heap(), INT64_MAX);
  EXPECT_EQ(session.default_resource_attribute_value(), 1.7976931348623157e308);
  EXPECT_EQ(session.resource_attribute_definition(0).default_value(), 5e-324);
  EXPECT_TRUE(std::signbit(session.resource_attribute_definition(1).default_value()));
  EXPECT_EQ(session.resource_attribute_definition(2).default_value(), 8.0);
  EXPECT_EQ(session.resource_attribute_definition(3).default_value(), 10.0);
}

TEST(ValueReading, TypedPairsReadAsTheAlternativeThatWritesThemAgain) {
  const auto session = Read<v1::Session>(
      R"({"commonData":[["SOAM_UINT32","4"],["SOAM_UINT32","04"],["SOAM_UINT32","4294967296"],)"
      R"(["SOAM_INT64","-0"],)"
      R"(["SOAM_INT64","-9223372036854775808"],["SOAM_UINT64","-1"],["SOAM_UINT64","18446744073709551615"],)"
      R"(["SOAM_BYTES","YWI="],["SOAM_BYTES","YWI"],["SOAM_BYTES","YW I="],["SOAM_BYTES","-_8="],)"
      R"(["SOAM_STRING_CHARS","x"],)"
      R"(["SOAM_FLOAT","1.5"]]})");
  std::string cases;
  for (const auto& value : session.common_data()) cases += static_cast<char>('0' + value.value_case());
  // 1 string, 2 uint32, 3 int64, 4 uint64, 5 bytes, 6 other
  EXPECT_EQ(cases, "2666364566616");
  EXPECT_EQ(session.common_data(7).bytes(), "ab");
  EXPECT_EQ(session.common_data(2).other().type(), "SOAM_UINT32");
  EXPECT_EQ(session.common_data(2).other().value(), "4294967296");
}

TEST(ValueReading, EnumsAreOpen) {
  for (const char* number : {"0", "3", "77", "-1", "2147483647", "-2147483648"}) {
    const auto row = Read<Row>(std::string("{\"abortReason\":") + number + "}");
    ASSERT_TRUE(row.has_abort_reason());
    EXPECT_EQ(std::to_string(static_cast<int>(row.abort_reason())), number);
  }
}

TEST(ValueReading, DatesOfTheOneForm) {
  struct Case {
    const char* text;
    std::int64_t seconds;
    std::int32_t nanos;
  };
  const Case good[] = {
      {"2000-01-23T04:56:07Z", 948603367, 0},
      {"2000-01-23T04:56:07", 948603367, 0},
      {"2000-01-23T04:56:07.1Z", 948603367, 100'000'000},
      {"2000-01-23T04:56:07.000+00:00", 948603367, 0},
      {"2000-01-23T04:56:07.123456789", 948603367, 123'456'789},
      {"2000-01-23T04:56:07.1234567-00:00", 948603367, 123'456'700},
      {"2000-01-23T06:56:07+02:00", 948603367, 0},
      {"2000-01-22T22:26:07-06:30", 948603367, 0},
      {"2000-02-29T00:00:00Z", 951782400, 0},
      {"0001-01-01T00:00:00Z", -62135596800, 0},
      {"9999-12-31T23:59:59.999999999Z", 253402300799, 999'999'999},
      {"1753-01-01T00:00:00.001Z", -6847804800, 1'000'000},
      {"1753-01-01T00:00:01Z", -6847804799, 0},
      {"1752-12-31T23:59:59.999Z", -6847804801, 999'000'000},
      {"1753-01-01T00:00:00+01:00", -6847808400, 0},
      {"1970-01-01T00:00:00\\u005a", 0, 0},
  };
  for (const Case& row : good) {
    const auto session = Read<Row>(std::string("{\"abortAt\":\"") + row.text + "\"}");
    EXPECT_TRUE(session.has_abort_at()) << row.text;
    EXPECT_EQ(session.abort_at().seconds(), row.seconds) << row.text;
    EXPECT_EQ(session.abort_at().nanos(), row.nanos) << row.text;
    EXPECT_EQ(Kept(session), Entries()) << row.text;
  }
}

TEST(ValueReading, TheRepositorysNotSetReadsAsUnset) {
  for (const char* unset :
       {"1753-01-01T00:00:00Z", "1753-01-01T00:00:00.000Z", "1753-01-01T00:00:00.000000000Z",
        "1753-01-01T00:00:00", "1753-01-01T01:00:00+01:00", "1752-12-31T18:30:00-05:30"}) {
    EXPECT_EQ(Read<Row>(std::string("{\"abortAt\":\"") + unset + "\"}").ByteSizeLong(), 0u) << unset;
  }
}

TEST(ValueReading, WhatOnlyLooksLikeADateIsKept) {
  for (const char* odd : {"2000-01-23t04:56:07Z",
                          "2000-01-23 04:56:07Z",
                          "2000-01-23T04:56:07z",
                          "2000-01-23T04:56:60Z",
                          "2000-01-23T24:00:00Z",
                          "2000-01-23T04:60:00Z",
                          "2000-01-23T04:56:07.Z",
                          "2000-01-23T04:56:07.1234567890Z",
                          "2000-01-23T04:56:07,1Z",
                          "2000-01-23T04:56Z",
                          "2000-01-23",
                          "2000-02-30T00:00:00Z",
                          "1900-02-29T00:00:00Z",
                          "2000-13-01T00:00:00Z",
                          "2000-00-01T00:00:00Z",
                          "2000-01-00T00:00:00Z",
                          "0000-01-01T00:00:00Z",
                          "10000-01-01T00:00:00Z",
                          "2000-01-23T04:56:07+2:00",
                          "2000-01-23T04:56:07+0200",
                          "2000-01-23T04:56:07+02",
                          "2000-01-23T04:56:07+24:00",
                          "2000-01-23T04:56:07+02:60",
                          "2000-01-23T04:56:07Z ",
                          " 2000-01-23T04:56:07Z",
                          "2000-01-23T04:56:07ZZ",
                          "-001-01-01T00:00:00Z",
                          "0001-01-01T00:00:00+00:01",
                          "9999-12-31T23:59:59-00:01",
                          "2000-01-23T04:56:07 Z",
                          "+000-01-01T00:00:00Z",
                          ""}) {
    const std::string text = std::string("\"") + odd + "\"";
    const auto session = Read<Row>("{\"abortAt\":" + text + "}");
    EXPECT_FALSE(session.has_abort_at()) << odd;
    EXPECT_EQ(Kept(session), (Entries{{"/abortAt", text}})) << odd;
  }
}

TEST(ValueReading, GuidsOfAnswersAreNotChecked) {
  EXPECT_EQ(Read<Row>(R"({"id":"{not a guid}"})").id(), "{not a guid}");
}

}  // namespace
}  // namespace session_gateway::testing
