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
      R"({"n":1e400,"a/b~c":8.0,"":123456789012345678901234567890,"app":{"id":"x","q":[1.0, {"z":-0}],)"
      R"("stream":{"s":"é\n"}},)"
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

TEST(BodyReader, NullReadsAsUnsetEverywhere) {
  const auto row =
      Read<Row>(R"({"id":null,"createdDate":null,"privileges":null,"executingNode":null,"retries":null,)"
                R"("abortReason":null,)"
                R"("app":{"stream":null,"published":null,"name":null,"privileges":null},)"
                R"("executionResult":{"duration":null,"details":null}})");
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
)"
       R"(       R"(execution_result { details {} } additional_json { key: "/executionResult/details/0/y" value: "2" })"},
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
      R"({"user":"a\ud800","x":["\udc00"],"privileges":["a","\ud83d"],"app":{"name":"\ud83d\u0041",)"
      R"("id":"\ud83d\ude00"}})");
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
