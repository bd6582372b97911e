// additional_json on its way out: where a pointer may point, which texts may be spliced, and what a refusal
// says.
#include "tests/translator/codec_fixture.h"
#include "translator/rpc_error.h"

namespace session_gateway::testing {
namespace {

std::string Nested(int depth, char open, char close) {
  const auto count = static_cast<std::size_t>(depth);
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += open == '{' && i + 1 < count ? "{\"a\":" : std::string(1, open);
  return text + std::string(count, close);
}

v1::Session With(v1::Session session, const std::string& pointer, const std::string& text) {
  (*session.mutable_additional_json())[pointer] = text;
  return session;
}

TEST(AdditionalJson, AllowedPointersAreSplicedUnchanged) {
  struct Row {
    const char* message;
    const char* pointer;
    const char* text;
    const char* json;
  };
  const Row rows[] = {
      {"", "/x", "1", R"({"x":1})"},
      {"session_name: 'a'", "/x", "[1, 2]", R"({"sessionName":"a","x":[1, 2]})"},
      {"", "/", "1", R"({"":1})"},
      {"", "/parent/", "1", R"({"parent":{"":1}})"},
      {"", "/parent/x", "{}", R"({"parent":{"x":{}}})"},
      {"parent { session_id: 's' }", "/parent/x", "null", R"({"parent":{"sessionID":"s","x":null}})"},
      {"parent {}", "/parent/taskID", "null", R"({"parent":{"taskID":null}})"},
      {"docker_mount_definition { host_dir: '/a' } docker_mount_definition {}", "/dockerMountDefinition/1/x",
       "1", R"({"dockerMountDefinition":[{"hostDir":"/a"},{"x":1}]})"},
      {"resource_preference { resource_attribute_definition {} }",
       "/resourcePreference/resourceAttributeDefinition/0/alias", "null",
       R"({"resourcePreference":{"resourceAttributeDefinition":[{"alias":null}]}})"},
      {"", "/sessionName", "null", R"({"sessionName":null})"},
      {"", "/parent", "null", R"({"parent":null})"},
      {"", "/attributes", "null", R"({"attributes":null})"},
      {"", "/commonData", "[]", R"({"commonData":[]})"},
      {"", "/commonData", "null", R"({"commonData":null})"},
      {"", "/datasetDependencies", "[]", R"({"datasetDependencies":[]})"},
      {"", "/dockerMountDefinition", "[]", R"({"dockerMountDefinition":[]})"},
      {"", "/a~1b~0c", "1", R"({"a/b~c":1})"},
      {"", "/~01", "1", R"({"~1":1})"},
      {"", "/a\"b", "1", R"({"a\"b":1})"},
      {"", "/0", "1", R"({"0":1})"},
      {"", "/x", " \t\n\r1 \n", "{\"x\": \t\n\r1 \n}"},
      {"", "/x", "1e400", R"({"x":1e400})"},
      {"", "/x", "-123456789012345678901234567890", R"({"x":-123456789012345678901234567890})"},
      {"", "/x", "8.0", R"({"x":8.0})"},
      {"", "/x", R"("\ud83d\ude00\u0000\/")", R"({"x":"\ud83d\ude00\u0000\/"})"},
      {"", "/x", "{\"a\":1,\"A\":2,\"b\":{\"a\":3}}", R"({"x":{"a":1,"A":2,"b":{"a":3}}})"},
  };
  for (const Row& row : rows) {
    const Written out = Write(With(FromText<v1::Session>(row.message), row.pointer, row.text));
    EXPECT_EQ(out.json, row.json) << row.pointer;
    EXPECT_TRUE(out.violations.empty()) << row.pointer << ": " << out.message;
  }
}

TEST(AdditionalJson, AdditionsLeaveLastInByteOrderOfTheirPointers) {
  v1::Session session;
  session.set_session_ttl_in_minutes(1);
  for (const char* pointer : {"/b", "/a", "/a~1", "/Z", "/\xc3\xa9", "/parent/z", "/parent/a", "/a0"}) {
    (*session.mutable_additional_json())[pointer] = "0";
  }
  EXPECT_EQ(
      Json(session),
      "{\"parent\":{\"a\":0,\"z\":0},\"sessionTTLInMinutes\":1,\"Z\":0,\"a\":0,\"a0\":0,\"a/\":0,\"b\":0,"
      "\"\xc3\xa9\":0}");
}

TEST(AdditionalJson, ParentsAreMadeOnEveryLevel) {
  v1::ExecutionSession row;
  (*row.mutable_additional_json())["/reloadTask/operational/lastExecutionResult/x"] = "1";
  (*row.mutable_additional_json())["/reloadTask/y"] = "2";
  EXPECT_EQ(Json(row), R"({"reloadTask":{"operational":{"lastExecutionResult":{"x":1}},"y":2}})");
}

TEST(AdditionalJson, SiblingsWithACommonPrefixDoNotMakeParents) {
  v1::ExecutionSession row;
  (*row.mutable_additional_json())["/appx"] = "1";
  (*row.mutable_additional_json())["/app"] = "null";
  EXPECT_EQ(Json(row), R"({"app":null,"appx":1})");
}

TEST(AdditionalJson, PointersThatAreNotFreeAreRefused) {
  struct Row {
    const char* message;
    const char* pointer;
    const char* text;
  };
  const Row rows[] = {
      {"session_name: 'a'", "/sessionName", "null"},
      {"session_name: ''", "/sessionName", "\"b\""},
      {"parent {}", "/parent", "null"},
      {"parent {}", "/parent", "{}"},
      {"attributes { key: 'a' value: 'b' }", "/attributes", "null"},
      {"common_data { uint32: 1 }", "/commonData", "[]"},
      {"dataset_dependencies: 'a'", "/datasetDependencies", "null"},
      {"", "/sessionName", "\"b\""},
      {"", "/sessionName", " null"},
      {"", "/sessionName", "[]"},
      {"", "/sessionName", "nul"},
      {"", "/parent", "{}"},
      {"", "/parent", "[]"},
      {"", "/attributes", "{}"},
      {"", "/attributes", "[]"},
      {"", "/commonData", "[ ]"},
      {"", "/commonData", "[[\"SOAM_INT64\",\"1\"]]"},
      {"docker_mount_definition {}", "/dockerMountDefinition/0", "{}"},
      {"docker_mount_definition {}", "/dockerMountDefinition/0", "null"},
      {"docker_mount_definition {}", "/dockerMountDefinition/1/x", "1"},
      {"docker_mount_definition {}", "/dockerMountDefinition/-/x", "1"},
      {"docker_mount_definition {}", "/dockerMountDefinition/00/x", "1"},
      {"docker_mount_definition {}", "/dockerMountDefinition/+0/x", "1"},
      {"docker_mount_definition {}", "/dockerMountDefinition//x", "1"},
      {"docker_mount_definition {}", "/dockerMountDefinition/x", "1"},
      {"docker_mount_definition {}", "/dockerMountDefinition/4294967296/x", "1"},
      {"docker_mount_definition { host_dir: '/a' }", "/dockerMountDefinition/0/hostDir", "null"},
      {"docker_mount_definition {}", "/dockerMountDefinition/0/hostDir", "\"/b\""},
      {"", "/dockerMountDefinition/0/x", "1"},
      {"common_data { uint32: 1 }", "/commonData/0", "1"},
      {"common_data { uint32: 1 }", "/commonData/0/2", "1"},
      {"dataset_dependencies: 'a'", "/datasetDependencies/1", "\"b\""},
      {"", "/x/y", "1"},
      {"", "/sessionName/x", "1"},
      {"", "/attributes/x", "\"1\""},
      {"attributes { key: 'a' value: 'b' }", "/attributes/x", "\"1\""},
      {"", "/SessionName", "1"},
      {"", "/sessionname", "null"},
      {"", "/PARENT/x", "1"},
      {"", "/parent/SessionId", "1"},
      {"", "/resourceLimit/jvmMinHeap", "1"},
      {"docker_mount_definition {}", "/dockermountdefinition/0/x", "1"},
      {"docker_mount_definition {}", "/dockerMountDefinition/0/HOSTDIR", "1"},
      {"", "", "1"},
      {"", "x", "1"},
      {"", "#/x", "1"},
      {"", "/~", "1"},
      {"", "/~2", "1"},
      {"", "/a~", "1"},
      {"", "/parent~/x", "1"},
  };
  for (const Row& row : rows) {
    const Written out = Write(With(FromText<v1::Session>(row.message), row.pointer, row.text));
    ASSERT_EQ(out.violations.size(), 1u) << row.pointer << " " << row.text << " -> " << out.json;
    EXPECT_EQ(out.violations[0].field, MapPath(PathStep{nullptr, "session.additional_json"}, row.pointer));
  }
}

TEST(AdditionalJson, OverlappingPointersAreRefused) {
  v1::Session session;
  (*session.mutable_additional_json())["/parent"] = "null";
  (*session.mutable_additional_json())["/parent/x"] = "1";
  Written out = Write(session);
  ASSERT_EQ(out.violations.size(), 1u);
  EXPECT_EQ(out.violations[0].field, "session.additional_json[\"/parent/x\"]");

  v1::ExecutionSession row;
  (*row.mutable_additional_json())["/reloadTask"] = "null";
  (*row.mutable_additional_json())["/reloadTask-"] = "1";
  (*row.mutable_additional_json())["/reloadTask/operational/id"] = "null";
  out = Write(row);
  ASSERT_EQ(out.violations.size(), 1u);
  EXPECT_EQ(out.violations[0].field, "session.additional_json[\"/reloadTask/operational/id\"]");
}

TEST(AdditionalJson, TextsThatAreNotOneJsonValueAreRefused) {
  const std::string rows[] = {
      "", " ", "nul", "nulll", "True", "tru", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN",
      "Infinity", "'a'", "\"a", "a\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "\"a\nb\"", "[", "]", "[1",
      "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:2}",
      "{\"a\" 1}", "[1}", "{\"a\":1]", "1 2", "1,", ",1", "/**/1", "1//", "\"a\" \"b\"", "[1][2]", "{}{}",
      "\xEF\xBB\xBF"
      "1",
      // splices: what would leave the member and write others
      "1,\"x\":2", "1}", "1},\"a\":{", "\"x\":1}", "\"a\":[1]}", "[\"x\":1]]", "[\"a\":1],2]",
      "{\"a\":\"x\":1}}", "1} {\"\":1", "null,\"sessionName\":\"x\"", "\"a\",\"b\":\"c\"",
      "{\"a\":\"b\":{\"c\":1}}",
      // NUL ends no text
      std::string("1\0", 2), std::string("1\0,\"x\":2", 8), std::string("\0", 1) + "1",
      std::string("\"a\0b\"", 5), std::string("[1]\0", 4), std::string("[1\0]", 4),
      // lone surrogates
      R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")", R"("\ud800x")", R"(["\ude00\ud83d"])",
      R"({"\ud800":1})", R"({"a":{"\udfff":1}})",
      // names twice, also when only unescaping shows it
      R"({"a":1,"a":1})", R"({"a":1,"\u0061":2})", R"([{"b":{"":1,"":2}}])",
      // broken UTF-8
      "\"\x80\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
      "\"\xf5\x80\x80\x80\"", "{\"\xff\":1}"};
  for (const std::string& text : rows) {
    const Written out = Write(With({}, "/x", text));
    ASSERT_EQ(out.violations.size(), 1u) << "text <" << text << "> -> " << out.json;
    EXPECT_EQ(out.violations[0].field, "session.additional_json[\"/x\"]") << text;
  }
}

TEST(AdditionalJson, DepthIsCountedAtItsPlace) {
  for (const auto& [open, close] : {std::pair{'[', ']'}, std::pair{'{', '}'}}) {
    EXPECT_TRUE(Write(With({}, "/x", Nested(63, open, close))).violations.empty());
    EXPECT_EQ(Write(With({}, "/x", Nested(64, open, close))).violations.size(), 1u);
    EXPECT_TRUE(Write(With({}, "/parent/x", Nested(62, open, close))).violations.empty());
    EXPECT_EQ(Write(With({}, "/parent/x", Nested(63, open, close))).violations.size(), 1u);
    const auto mount = FromText<v1::Session>("docker_mount_definition {}");
    EXPECT_TRUE(Write(With(mount, "/dockerMountDefinition/0/x", Nested(61, open, close))).violations.empty());
    EXPECT_EQ(Write(With(mount, "/dockerMountDefinition/0/x", Nested(62, open, close))).violations.size(),
              1u);
  }
  EXPECT_EQ(Write(With({}, "/x", Nested(100000, '[', ']'))).violations.size(), 1u);
}

TEST(AdditionalJson, WhatIsWrittenAtTheDeepestPlaceCanBeReadAgain) {
  const v1::Session session = With({}, "/parent/x", Nested(62, '[', ']'));
  EXPECT_EQ(Read<v1::Session>(Json(session)).additional_json().at("/parent/x"), Nested(62, '[', ']'));
}

TEST(AdditionalJson, KeysInPathsAreEscapedAndCut) {
  const std::pair<std::string, std::string> rows[] = {
      {"a\"\n\\", R"(a\"\n\\)"},
      {std::string(200, 'k'), std::string(128, 'k')},
      {std::string(127, 'k') + "\xc3\xa9", std::string(127, 'k')},
      {std::string(126, 'k') + "\xc3\xa9", std::string(126, 'k') + "\xc3\xa9"},
      {std::string(127, 'k') + "\n", std::string(127, 'k')},
      {std::string(123, 'k') + "\x01", std::string(123, 'k')},
      {std::string(122, 'k') + "\x01z", std::string(122, 'k') + "\\u0001"},
  };
  for (const auto& [key, shown] : rows) {
    const Written out = Write(With({}, key, "1"));
    ASSERT_EQ(out.violations.size(), 1u);
    EXPECT_EQ(out.violations[0].field, "session.additional_json[\"" + shown + "\"]");
  }
}

TEST(AdditionalJson, AtMostSixteenViolationsAndTheCountOfTheRest) {
  v1::Session session;
  for (int i = 0; i < 40; ++i) session.add_common_data();
  const Written out = Write(session);
  EXPECT_EQ(out.violations.size(), 16u);
  EXPECT_EQ(out.message, "session.common_data[0]: must have a value set (and 39 more)");
}

TEST(AdditionalJson, TheCountOfTheRestSurvivesTheLongestPath) {
  v1::ExecutionSession row;
  for (int i = 0; i < 300; ++i) {
    const std::string key =
        "/externalProgramTask/" + std::string(300, 'k') + "/" + std::to_string(i) + "/\x01";
    (*row.mutable_additional_json())[key] = "1";
  }
  const Written out = Write(row, "execution_session");
  EXPECT_NE(out.message.find("(and 299 more)"), std::string::npos) << out.message;
}

}  // namespace
}  // namespace session_gateway::testing
