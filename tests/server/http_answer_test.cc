#include "server/upstream/http_answer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/server/answer_reading.h"

namespace session_gateway {
namespace {

TEST(AnswerParser, ReadsABodyByItsLength) {
  const Seen seen =
      Parse("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nCONTENT-LENGTH: 2\r\n\r\n{}");
  ExpectReply(seen, 201, "{}");
  EXPECT_TRUE(seen.reusable);
  const std::vector<HttpHeader> headers = {{"content-type", "application/json"}, {"content-length", "2"}};
  EXPECT_EQ(seen.reply.headers, headers);
}

TEST(AnswerParser, KeepsRepeatedHeadersAndTheirBytes) {
  const Seen seen = Parse(
      "HTTP/1.1 200 \r\nSet-Cookie: a=1; Path=/\r\nset-cookie:b=\x80\xff\t2  \r\nX:\r\n"
      "Content-Length: 0\r\n\r\n");
  ExpectReply(seen, 200, "");
  const std::vector<HttpHeader> headers = {
      {"set-cookie", "a=1; Path=/"}, {"set-cookie", "b=\x80\xff\t2"}, {"x", ""}, {"content-length", "0"}};
  EXPECT_EQ(seen.reply.headers, headers);
}

TEST(AnswerParser, ReadsUntilTheEndWithoutAFraming) {
  const std::string text = "HTTP/1.1 200 OK\r\n\r\n{\"a\":1}";
  const Seen open = Parse(text);
  EXPECT_EQ(open.state, State::kReading);
  EXPECT_TRUE(open.header_done);
  const Seen ended = Parse(text, Ending::kEnd);
  ExpectReply(ended, 200, "{\"a\":1}");
  EXPECT_FALSE(ended.reusable);
  ExpectReply(Parse(text, Ending::kLoss), 200, "{\"a\":1}", BodyState::kCut);
}

TEST(AnswerParser, ReadsHttp10AndDoesNotReuse) {
  const Seen seen = Parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n[]");
  ExpectReply(seen, 200, "[]");
  EXPECT_FALSE(seen.reusable);
}

TEST(AnswerParser, DoesNotReuseAfterClose) {
  EXPECT_FALSE(Parse("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n").reusable);
}

TEST(AnswerParser, DoesNotReuseWhenMoreFollows) {
  for (const std::string more : {"\n", "HTTP/1.1 408 Timeout\r\n\r\n"}) {
    const Seen sized = Parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + more);
    ExpectReply(sized, 200, "{}");
    EXPECT_FALSE(sized.reusable);
    const Seen chunked = Parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + more);
    ExpectReply(chunked, 200, "");
    EXPECT_FALSE(chunked.reusable);
    EXPECT_FALSE(Parse("HTTP/1.1 204 No\r\n\r\n" + more).reusable);
  }
}

TEST(AnswerParser, KnowsAnswersWithoutABody) {
  ExpectReply(Parse("HTTP/1.1 204 No Content\r\n\r\n"), 204, "");
  ExpectReply(Parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"), 304, "");
}

TEST(AnswerParser, SkipsInformationalAnswers) {
  const Seen seen = Parse(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  ExpectReply(seen, 200, "{}");
  EXPECT_TRUE(seen.reusable);
  EXPECT_EQ(seen.reply.headers.size(), 1u);
}

TEST(AnswerParser, RefusesMalformedHeaders) {
  for (const std::string text : {
           "garbage\r\n\r\n",
           "\r\nHTTP/1.1 200 OK\r\n\r\n",
           "HTTP/2.0 200 OK\r\n\r\n",
           "HTTP/1.2 200 OK\r\n\r\n",
           "http/1.1 200 OK\r\n\r\n",
           "HTTP/1.1 20 OK\r\n\r\n",
           "HTTP/1.1 2000 OK\r\n\r\n",
           "HTTP/1.1  200 OK\r\n\r\n",
           "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 600 High\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 000 Nil\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
           "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
           "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
           "HTTP/1.1 200 O\x01K\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
           "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       }) {
    SCOPED_TRACE(text);
    const Seen seen = Parse(text);
    EXPECT_EQ(seen.state, State::kMalformed);
    EXPECT_FALSE(seen.fault.empty());
    EXPECT_FALSE(seen.reusable);
  }
}

TEST(AnswerParser, AcceptsOneLengthSaidTwice) {
  ExpectReply(Parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab"), 200, "ab");
}

TEST(AnswerParser, TellsALostHeaderFromAWrongOne) {
  for (const Ending ending : {Ending::kEnd, Ending::kLoss}) {
    EXPECT_EQ(Parse("", ending).state, State::kLost);
    EXPECT_EQ(Parse("HT", ending).state, State::kLost);
    EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\nContent-Le", ending).state, State::kLost);
    EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", ending).state, State::kLost);
    EXPECT_EQ(Parse("HTTP/1.1 100 Continue\r\n\r\n", ending).state, State::kLost);
    EXPECT_EQ(Parse("HTTP/1.1 abcd", ending).state, State::kMalformed);
    EXPECT_EQ(Parse("hello", ending).state, State::kMalformed);
  }
}

TEST(AnswerParser, ReadsChunks) {
  const std::string head = kChunked;
  ExpectReply(Parse(head + "0\r\n\r\n"), 200, "");
  ExpectReply(Parse(head + "5\r\nhello\r\n0\r\n\r\n"), 200, "hello");
  ExpectReply(Parse(head + "1\r\nh\r\n001\r\ni\r\n000\r\n\r\n"), 200, "hi");
  ExpectReply(Parse(head + "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), 200, "01234567890123456789");
  EXPECT_TRUE(Parse(head + "5\r\nhello\r\n0\r\n\r\n").reusable);
}

TEST(AnswerParser, DropsExtensionsAndTrailers) {
  const Seen seen = Parse(std::string(kChunked) +
                          "5;a=b;c=\"d;\\\"\"\r\nhello\r\n0;last\r\nX-Late: 1\r\nset-cookie: evil=1\r\n\r\n");
  ExpectReply(seen, 200, "hello");
  EXPECT_TRUE(seen.reusable);
  EXPECT_EQ(seen.reply.headers.size(), 1u);
}

TEST(AnswerParser, ReportsBrokenChunks) {
  for (const std::string body : {
           "zz\r\nhello\r\n0\r\n\r\n",
           "5\nhello\r\n0\r\n\r\n",
           "5\r\nhelloXX0\r\n\r\n",
           "-5\r\nhello\r\n0\r\n\r\n",
           "0x5\r\nhello\r\n0\r\n\r\n",
           "5;\r\nhello\r\n0\r\n\r\n",
           "5 5\r\nhello\r\n0\r\n\r\n",
           "11111111111111111\r\nhello\r\n0\r\n\r\n",
           "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
           "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
       }) {
    SCOPED_TRACE(body);
    const Seen seen = Parse(kChunked + body);
    EXPECT_EQ(seen.state, State::kReply);
    EXPECT_EQ(seen.reply.status, 200);
    EXPECT_EQ(seen.reply.body_state, BodyState::kMalformed);
    EXPECT_FALSE(seen.reusable);
  }
}

TEST(AnswerParser, DoesNotGuessAtOtherCodings) {
  for (const std::string coding : {"gzip", "gzip, chunked", "chunked, gzip", "identity"}) {
    const Seen seen = Parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n");
    ExpectReply(seen, 200, "", BodyState::kMalformed);
    EXPECT_FALSE(seen.reusable);
  }
}

TEST(AnswerParser, ReportsCutBodies) {
  for (const Ending ending : {Ending::kEnd, Ending::kLoss}) {
    ExpectReply(Parse("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ending), 200, "abc",
                BodyState::kCut);
    ExpectReply(Parse("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", ending), 200, "", BodyState::kCut);
    for (const std::string body :
         {"", "5", "5\r\n", "5\r\nhe", "5\r\nhello", "5\r\nhello\r\n", "0", "0\r\n", "5\r\nhello\r\n0\r\n",
          "5\r\nhello\r\n0\r\n\r", "0\r\n\r", "0\r\nA: b\r\n"}) {
      SCOPED_TRACE(body);
      const Seen seen = Parse(kChunked + body, ending);
      EXPECT_EQ(seen.state, State::kReply);
      EXPECT_EQ(seen.reply.body_state, BodyState::kCut);
      EXPECT_FALSE(seen.reusable);
    }
  }
}

TEST(AnswerParser, FoldsContinuedHeaderLines) {
  const Seen seen = Parse("HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\td\r\nContent-Length: 0\r\n\r\n");
  ExpectReply(seen, 200, "");
  EXPECT_EQ(*seen.reply.FindHeader("a"), "b c d");
}

TEST(AnswerParser, EndsABodyOnlyAfterTheHeader) {
  AnswerParser parser(EngineLimits{});
  parser.Feed("HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(parser.EndBody(BodyState::kDeadline), State::kReading);
}

// The first chunk header of a body may be shorter than the last chunk, which is waited for whole.
TEST(AnswerParser, ABrokenFirstChunkIsFoundAtOnce) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string broken : {"ZZ\r\n", "-5\r\n", ";x\r\n"}) {
    SCOPED_TRACE(broken);
    ExpectReply(Parse(head + broken), 200, "", BodyState::kMalformed);
  }
  EXPECT_EQ(Parse(head + "0\r\n").state, State::kReading);
}

}  // namespace
}  // namespace session_gateway
