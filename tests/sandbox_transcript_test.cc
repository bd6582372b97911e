#include <gtest/gtest.h>

#include "tests/sandbox/transcript.h"

namespace session_gateway::sandbox {
namespace {

TEST(SandboxTranscript, ShowsRequestAndAnswerWithTheDigitsThatWereSent) {
  SandboxRequest request{.method = "POST", .target = "/x?y=1", .headers = {{"host", "h"}}, .body = {}};
  request.body = R"({"a":1e400,"b":[],"c":["}\"",{}]})";
  request.status = 201;
  request.answer = "no { json";
  EXPECT_EQ(Transcript({request}),
            "POST /x?y=1\nhost: h\n\n"
            "{\"a\":1e400,\"b\":[],\"c\":[\"}\\\"\",{}]}\n\n"  // the library takes 1e400 for no JSON: shown
                                                               // as it is
            "HTTP 201\nno { json\n");
  request.body = R"({"a":20.0,"b":[],"c":["}\"",{}]})";
  EXPECT_EQ(Transcript({request}),
            "POST /x?y=1\nhost: h\n\n"
            "{\n  \"a\": 20.0,\n  \"b\": [],\n  \"c\": [\n    \"}\\\"\",\n    {}\n  ]\n}\n\n"
            "HTTP 201\nno { json\n");
}

TEST(SandboxTranscript, SaysWhenAFaultTookTheAnswersPlace) {
  SandboxRequest request{.method = "POST", .target = "/x", .headers = {}, .body = {}};
  request.fault = "reset";
  EXPECT_EQ(Transcript({request}), "POST /x\n\n\n\nno whole answer (fault: reset)\n\n");
}

TEST(SandboxCompare, NullsOfTheRowCountAsAbsent) {
  const std::vector<std::string> rows = {R"({"id":"old"})", R"({"id":"a","app":null,"t":{"x":null,"n":1}})"};
  EXPECT_EQ(DifferenceFromNewestRow(R"({"t":{"n":1},"id":"a"})", rows), "");
}

TEST(SandboxCompare, NamesWhatDiffers) {
  const std::vector<std::string> rows = {R"({"id":"a","n":9007199254740993})"};
  EXPECT_NE(DifferenceFromNewestRow(R"({"id":"a","n":9007199254740992})", rows).find("/n"),
            std::string::npos);
  EXPECT_NE(DifferenceFromNewestRow(R"({"id":"a"})", rows).find("/n"), std::string::npos);
  EXPECT_NE(DifferenceFromNewestRow(R"({"id":"a","n":9007199254740993,"x":1})", rows).find("/x"),
            std::string::npos);
  EXPECT_NE(DifferenceFromNewestRow("{", rows), "");
  EXPECT_NE(DifferenceFromNewestRow("{}", {}), "");
}

}  // namespace
}  // namespace session_gateway::sandbox
