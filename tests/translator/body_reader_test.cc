// JSON text -> message: what is read, what is kept as text and where, and what cannot be read at all.
#include "tests/translator/codec_fixture.h"

namespace session_gateway::testing {
namespace {

using Answer = v1::CreateSessionResponse;
using Row = v1::ExecutionSession;
using Entries = std::map<std::string, std::string>;

std::string Repeat(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(BodyReader, SessionIdKeepsItsDigits) {
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

TEST(BodyReader, LocalFieldsAreNoMembers) {
  const auto answer = Read<Answer>(R"({"endpoint":"x","replayed":true,"restRequest":{},"additionalJson":1})");
  EXPECT_FALSE(answer.has_endpoint());
  EXPECT_FALSE(answer.has_replayed());
  EXPECT_EQ(
      Kept(answer),
      (Entries{
          {"/endpoint", "\"x\""}, {"/replayed", "true"}, {"/restRequest", "{}"}, {"/additionalJson", "1"}}));
}

TEST(BodyReader, UnknownMembersAreKeptAtTheirPointerWithTheirDigits) {
  const auto row = Read<Row>(
      R"({"n":1e400,"a/b~c":8.0,"":123456789012345678901234567890,"app":{"id":"x","q":[1.0, {"z":-0}],"stream":{"s":"é\n"}},)"
      R"("executionResult":{"details":[{},{"e\u0022\u002f":null,"message":"m"}]},"o" : { "a" : [ ] } })");
  EXPECT_EQ(Kept(row), (Entries{{"/n", "1e400"},
                                {"/a~1b~0c", "8.0"},
                                {"/", "123456789012345678901234567890"},
                                {"/app/q", R"([1.0, {"z":-0}])"},
                                {"/app/stream/s", R"("é\n")"},
                                {"/executionResult/details/1/e\"~1", "null"},
                                {"/o", R"({ "a" : [ ] })"}}));
  EXPECT_EQ(row.app().id(), "x");
  EXPECT_EQ(row.execution_result().details_size(), 2);
  EXPECT_EQ(row.execution_result().details(1).message(), "m");
}

TEST(BodyReader, ValuesOfAnotherTypeAreKeptAndNotRead) {
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

TEST(BodyReader, ValuesOfAnotherTypeInTheSessionsForms) {
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

TEST(BodyReader, NumbersAtTheEndsOfTheirRanges) {
  auto session = Read<v1::Session>(
      R"({"sessionTimeout":-2147483648,"taskTimeout":2147483647,"minServices":-0,)"
      R"("serviceToSlotRatio":{"numServices":-0,"numSlots":4294967295},)"
      R"("resourceLimit":{"cpuLimit":-9223372036854775808,"JvmMaxHeap":9223372036854775807},)"
      R"("defaultResourceAttributeValue":1.7976931348623157e308,)"
      R"("resourceAttributeDefinition":[{"defaultValue":5e-324},{"defaultValue":-0.0},{"defaultValue":8},{"defaultValue":1E1}]})");
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

TEST(BodyReader, TypedPairsReadAsTheAlternativeThatWritesThemAgain) {
  const auto session = Read<v1::Session>(
      R"({"commonData":[["SOAM_UINT32","4"],["SOAM_UINT32","04"],["SOAM_UINT32","4294967296"],["SOAM_INT64","-0"],)"
      R"(["SOAM_INT64","-9223372036854775808"],["SOAM_UINT64","-1"],["SOAM_UINT64","18446744073709551615"],)"
      R"(["SOAM_BYTES","YWI="],["SOAM_BYTES","YWI"],["SOAM_BYTES","YW I="],["SOAM_BYTES","-_8="],["SOAM_STRING_CHARS","x"],)"
      R"(["SOAM_FLOAT","1.5"]]})");
  std::string cases;
  for (const auto& value : session.common_data()) cases += static_cast<char>('0' + value.value_case());
  // 1 string, 2 uint32, 3 int64, 4 uint64, 5 bytes, 6 other
  EXPECT_EQ(cases, "2666364566616");
  EXPECT_EQ(session.common_data(7).bytes(), "ab");
  EXPECT_EQ(session.common_data(2).other().type(), "SOAM_UINT32");
  EXPECT_EQ(session.common_data(2).other().value(), "4294967296");
}

TEST(BodyReader, EnumsAreOpen) {
  for (const char* number : {"0", "3", "77", "-1", "2147483647", "-2147483648"}) {
    const auto row = Read<Row>(std::string("{\"abortReason\":") + number + "}");
    ASSERT_TRUE(row.has_abort_reason());
    EXPECT_EQ(std::to_string(static_cast<int>(row.abort_reason())), number);
  }
}

TEST(BodyReader, NullReadsAsUnsetEverywhere) {
  const auto row = Read<Row>(
      R"({"id":null,"createdDate":null,"privileges":null,"executingNode":null,"retries":null,"abortReason":null,)"
      R"("app":{"stream":null,"published":null,"name":null,"privileges":null},"executionResult":{"duration":null,"details":null}})");
  Row expected;
  expected.mutable_app();
  expected.mutable_execution_result();
  EXPECT_EQ(row.SerializeAsString(), expected.SerializeAsString());
  const auto session =
      Read<v1::Session>(R"({"attributes":null,"commonData":null,"defaultResourceAttributeValue":null})");
  EXPECT_EQ(session.ByteSizeLong(), 0u);
}

TEST(BodyReader, OfDuplicateKeysTheLastCounts) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"retries":1,"retries":2})", "retries: 2"},
      {R"({"retries":1,"retries":"x"})", R"(additional_json { key: "/retries" value: "\"x\"" })"},
      {R"({"retries":"x","retries":1})", "retries: 1"},
      {R"({"retries":1,"retries":null})", ""},
      {R"({"retries":"x","retries":null})", ""},
      {R"({"retries":null,"retries":3})", "retries: 3"},
      {R"({"retries":"x","retries":1,"retries":2.0})", R"(additional_json { key: "/retries" value: "2.0" })"},
      {R"({"retries":1,"user":"u","retr\u0069es":2})", "retries: 2 user: 'u'"},
      {R"({"x":1,"x":2})", R"(additional_json { key: "/x" value: "2" })"},
      {R"({"x":{"a":1},"x":null})", R"(additional_json { key: "/x" value: "null" })"},
      {R"({"app":{"id":"a","x":1,"stream":{"y":2}},"app":{"name":"n","z":3}})",
       R"(app { name: "n" } additional_json { key: "/app/z" value: "3" })"},
      {R"({"app":{"id":"a","x":1},"app":null})", ""},
      {R"({"app":{"id":"a","x":1},"app":5})", R"(additional_json { key: "/app" value: "5" })"},
      {R"({"app":5,"app":{"x":1}})", R"(app {} additional_json { key: "/app/x" value: "1" })"},
      {R"({"app":{"x":1},"appx":2,"app":{}})", R"(app {} additional_json { key: "/appx" value: "2" })"},
      {R"({"app":{"id":"a","id":"b","x":1,"x":2}})",
       R"(app { id: "b" } additional_json { key: "/app/x" value: "2" })"},
      {R"({"privileges":["a","b"],"privileges":["c"]})", "privileges: 'c'"},
      {R"({"privileges":["a"],"privileges":[]})", ""},
      {R"({"privileges":["a"],"privileges":[1]})", R"(additional_json { key: "/privileges" value: "[1]" })"},
      {R"({"privileges":[1],"privileges":["a"]})", "privileges: 'a'"},
      {R"({"abortAt":"2000-01-01T00:00:00Z","abortAt":"1753-01-01T00:00:00Z"})", ""},
      {R"({"executionResult":{"details":[{"x":1},{"id":"a"}],"details":[{"y":2}]}})",
       R"(execution_result { details {} } additional_json { key: "/executionResult/details/0/y" value: "2" })"},
      {R"({"executionResult":{"details":[{"x":1},{"y":{}}],"details":[{"y":2},3]}})",
       R"(execution_result {} additional_json { key: "/executionResult/details" value: "[{\"y\":2},3]" })"},
  };
  for (const auto& [json, text] : rows) {
    EXPECT_EQ(Read<Row>(json).DebugString(), FromText<Row>(text).DebugString()) << json;
  }
}

TEST(BodyReader, OfDuplicateAttributesTheLastCounts) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"attributes":{"a":"1","a":"2"}})", "attributes { key: 'a' value: '2' }"},
      {R"({"attributes":{"a":1,"a":"2"}})", "attributes { key: 'a' value: '2' }"},
      {R"({"attributes":{"a":"1","a":2}})",
       R"(additional_json { key: "/attributes" value: "{\"a\":\"1\",\"a\":2}" })"},
      {R"({"attributes":{"a":"1"},"attributes":{"b":"2"}})", "attributes { key: 'b' value: '2' }"},
      {R"({"attributes":{"a":1},"attributes":{"b":"2"}})", "attributes { key: 'b' value: '2' }"},
      {R"({"attributes":{"a":"1"},"attributes":null})", ""},
  };
  for (const auto& [json, text] : rows) {
    EXPECT_EQ(Read<v1::Session>(json).DebugString(), FromText<v1::Session>(text).DebugString()) << json;
  }
}

TEST(BodyReader, KeysAreComparedUnescapedAndWithTheirCase) {
  const auto row =
      Read<Row>(R"({"\u0075ser":"u","User":"x","\u0052etries":1,"app":{"\u0069d":"i","ID":"j"}})");
  EXPECT_EQ(row.user(), "u");
  EXPECT_EQ(row.app().id(), "i");
  EXPECT_EQ(Kept(row), (Entries{{"/User", "\"x\""}, {"/Retries", "1"}, {"/app/ID", "\"j\""}}));
}

TEST(BodyReader, AByteOrderMarkIsSkipped) {
  EXPECT_EQ(Read<Row>("\xEF\xBB\xBF{\"user\":\"u\",\"x\":1}").user(), "u");
  Row row;
  EXPECT_NE(ReadInto("\xEF\xBB\xBF\xEF\xBB\xBF{}", row), JsonFault::kNone);
  EXPECT_NE(ReadInto(" \xEF\xBB\xBF{}", row), JsonFault::kNone);
  EXPECT_NE(ReadInto("\xEF\xBB\xBF", row), JsonFault::kNone);
}

TEST(BodyReader, LoneSurrogatesInValuesAreKept) {
  const auto row = Read<Row>(
      R"({"user":"a\ud800","x":["\udc00"],"privileges":["a","\ud83d"],"app":{"name":"\ud83d\u0041","id":"\ud83d\ude00"}})");
  EXPECT_EQ(Kept(row), (Entries{{"/user", R"("a\ud800")"},
                                {"/x", R"(["\udc00"])"},
                                {"/privileges", R"(["a","\ud83d"])"},
                                {"/app/name", R"("\ud83d\u0041")"}}));
  EXPECT_EQ(row.app().id(), "\xf0\x9f\x98\x80");
}

TEST(BodyReader, LoneSurrogatesInKeysCannotBeRead) {
  for (const char* json : {R"({"\ud800":1})", R"({"x":{"\udc00":1}})", R"({"x":[{"a":{"\ud800a":1}}]})",
                           R"({"app":{"\ud83d":1}})", R"({"x":[[{"\ud83d\ud83d":1}]]})"}) {
    Row row;
    EXPECT_EQ(ReadInto(json, row), JsonFault::kKeySurrogate) << json;
  }
  v1::Session session;
  EXPECT_EQ(ReadInto(std::string(R"({"attributes":{"\ud800":"1"}})"), session), JsonFault::kKeySurrogate);
}

TEST(BodyReader, Dates) {
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
  for (const char* unset :
       {"1753-01-01T00:00:00Z", "1753-01-01T00:00:00.000Z", "1753-01-01T00:00:00.000000000Z",
        "1753-01-01T00:00:00", "1753-01-01T01:00:00+01:00", "1752-12-31T18:30:00-05:30"}) {
    EXPECT_EQ(Read<Row>(std::string("{\"abortAt\":\"") + unset + "\"}").ByteSizeLong(), 0u) << unset;
  }
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

TEST(BodyReader, GuidsOfAnswersAreNotChecked) {
  EXPECT_EQ(Read<Row>(R"({"id":"{not a guid}"})").id(), "{not a guid}");
}

TEST(BodyReader, DepthSixtyFourIsReadAndSixtyFiveIsNot) {
  const auto nested = [](const std::string& open, const std::string& close, int depth) {
    return "{\"x\":" + Repeat(open, depth - 1) + "1" + Repeat(close, depth - 1) + "}";
  };
  for (const auto& [open, close] : {std::pair<std::string, std::string>{"[", "]"}, {"{\"a\":", "}"}}) {
    Row row;
    EXPECT_EQ(ReadInto(nested(open, close, 64), row), JsonFault::kNone);
    EXPECT_EQ(row.additional_json_size(), 1);
    EXPECT_EQ(ReadInto(nested(open, close, 65), row), JsonFault::kDepth);
    EXPECT_EQ(ReadInto(nested(open, close, 1'000'000), row), JsonFault::kDepth);
  }
  Row row;
  EXPECT_NE(ReadInto("{\"x\":" + Repeat("[", 1'000'000), row), JsonFault::kNone);
  // Inside a list of a known field, which is odd as a whole.
  EXPECT_EQ(ReadInto("{\"privileges\":" + Repeat("[", 63) + Repeat("]", 63) + "}", row), JsonFault::kNone);
  EXPECT_EQ(ReadInto("{\"privileges\":" + Repeat("[", 64) + Repeat("]", 64) + "}", row), JsonFault::kDepth);
}

TEST(BodyReader, WhatIsNoObjectCannotBeRead) {
  const std::string rows[] = {"",
                              " ",
                              "null",
                              "true",
                              "1",
                              "\"a\"",
                              "[]",
                              "[{}]",
                              "{",
                              "}",
                              "{}{}",
                              "{} x",
                              "{},",
                              "{}]",
                              "nul",
                              "{\"a\"}",
                              "{\"a\":1,}",
                              "{,}",
                              "{\"a\":1 \"b\":2}",
                              "{'a':1}",
                              "{a:1}",
                              "{\"a\":nul}",
                              "{\"a\":[1 2]}",
                              "{\"a\":01}",
                              "{\"a\":\"\\x\"}",
                              "{\"user\":\"\\x\"}",
                              "{\"\\x\":1}",
                              "{\"a\":\"\n\"}",
                              "{\"a\":\"x\":1}}",
                              "{\"o\":{\"a\":\"x\":1},\"b\":2}}",
                              "{\"user\":\"x\":1}}",
                              "{\"privileges\":[\"x\":1]]}",
                              "{\"a\":[\"x\":1]]}",
                              std::string("{}\0", 3),
                              std::string("{\"a\":1\0}", 8),
                              std::string("\0{}", 3),
                              std::string("{\"a\":\"\0\"}", 9)};
  for (const std::string& json : rows) {
    Row row;
    EXPECT_NE(ReadInto(json, row), JsonFault::kNone) << json;
  }
  Row row;
  EXPECT_EQ(ReadInto("{\"a\":\"\xff\"}", row), JsonFault::kUtf8);
  EXPECT_EQ(ReadInto("{\"a\":\"\xed\xa0\x80\"}", row), JsonFault::kUtf8);
  EXPECT_EQ(ReadInto("[]", row), JsonFault::kNotObject);
}

TEST(BodyReader, OneReaderReadsManyTexts) {
  JsonReader reader;
  for (int i = 0; i < 100; ++i) {
    std::string bad = "{\"x\":[[[";
    Row ignored;
    EXPECT_NE(ReadBody(PlanOf<Row>(), reader, bad, ignored), JsonFault::kNone);
    std::string text = "{\"user\":\"" + std::to_string(i) + "\",\"pad\":\"" + Repeat("y", i * 50) + "\"}";
    const std::string before = text;
    Row row;
    EXPECT_EQ(ReadBody(PlanOf<Row>(), reader, text, row), JsonFault::kNone);
    EXPECT_EQ(text, before);
    EXPECT_EQ(row.user(), std::to_string(i));
  }
}

}  // namespace
}  // namespace session_gateway::testing
