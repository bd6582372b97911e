#include "server/upstream/http_answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace session_gateway {
namespace {

using State = AnswerParser::State;

enum class Ending { kOpen, kEnd, kLoss };

struct Seen {
  State state = State::kReading;
  bool header_done = false;
  bool reusable = false;
  HttpReply reply;
  std::string fault;
};

void Finish(AnswerParser& parser, Ending ending, Seen& seen) {
  if (ending == Ending::kEnd) parser.FeedEnd();
  if (ending == Ending::kLoss) parser.FeedLoss();
  seen.state = parser.state();
  seen.header_done = parser.header_done();
  seen.reusable = parser.reusable();
  seen.fault = parser.fault();
  if (seen.state == State::kReply) seen.reply = parser.TakeReply();
}

Seen FeedAll(const std::vector<std::string_view>& pieces, Ending ending = Ending::kOpen,
             EngineLimits limits = {}, AnswerParser::Method method = AnswerParser::Method::kOther) {
  AnswerParser parser(limits, method);
  for (const std::string_view piece : pieces) parser.Feed(piece);
  Seen seen;
  Finish(parser, ending, seen);
  return seen;
}

void ExpectSame(const Seen& a, const Seen& b) {
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.header_done, b.header_done);
  EXPECT_EQ(a.reusable, b.reusable);
  EXPECT_EQ(a.fault, b.fault);
  EXPECT_EQ(a.reply.status, b.reply.status);
  EXPECT_EQ(a.reply.headers, b.reply.headers);
  EXPECT_EQ(a.reply.body, b.reply.body);
  EXPECT_EQ(a.reply.body_state, b.reply.body_state);
}

// The result of the text in one piece, after checking that no way to split it gives another.
Seen Parse(const std::string& text, Ending ending = Ending::kOpen, EngineLimits limits = {},
           AnswerParser::Method method = AnswerParser::Method::kOther) {
  const std::string_view view = text;
  const Seen whole = FeedAll({view}, ending, limits, method);
  for (std::size_t i = 1; i < view.size(); ++i) {
    SCOPED_TRACE("split at " + std::to_string(i));
    ExpectSame(whole, FeedAll({view.substr(0, i), view.substr(i)}, ending, limits, method));
    if (testing::Test::HasFailure()) break;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < view.size(); ++i) bytes.push_back(view.substr(i, 1));
  SCOPED_TRACE("byte by byte");
  ExpectSame(whole, FeedAll(bytes, ending, limits, method));
  return whole;
}

void ExpectReply(const Seen& seen, int status, std::string_view body,
                 BodyState body_state = BodyState::kWhole) {
  EXPECT_EQ(seen.state, State::kReply) << seen.fault;
  EXPECT_EQ(seen.reply.status, status);
  EXPECT_EQ(seen.reply.body, body);
  EXPECT_EQ(seen.reply.body_state, body_state);
  EXPECT_GE(seen.reply.body.capacity(), seen.reply.body.size() + kBodyPadding);
}

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
  const Seen head =
      Parse("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", Ending::kOpen, {}, AnswerParser::Method::kHead);
  ExpectReply(head, 200, "");
  EXPECT_TRUE(head.reusable);
}

TEST(AnswerParser, SkipsInformationalAnswers) {
  const Seen seen = Parse(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  ExpectReply(seen, 200, "{}");
  EXPECT_TRUE(seen.reusable);
  EXPECT_EQ(seen.reply.headers.size(), 1u);
}

TEST(AnswerParser, BoundsInformationalAnswers) {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
  const std::string end = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  EngineLimits limits;
  limits.informational_answers = 2;
  ExpectReply(Parse(hint + hint + end, Ending::kOpen, limits), 200, "");
  EXPECT_EQ(Parse(hint + hint + hint + end, Ending::kOpen, limits).state, State::kMalformed);
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

TEST(AnswerParser, BoundsEachHeaderBlock) {
  const std::string begin = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: ";
  const std::string end = "\r\n\r\n";
  EngineLimits limits;
  limits.answer_header_bytes = 100;
  const std::string fits(100 - begin.size() - end.size(), 'x');
  ExpectReply(Parse(begin + fits + end + "{}", Ending::kOpen, limits), 200, "{}");
  EXPECT_EQ(Parse(begin + fits + "x" + end + "{}", Ending::kOpen, limits).state, State::kMalformed);
  EXPECT_EQ(Parse(begin + fits + "xxxxx", Ending::kOpen, limits).state, State::kMalformed);
  // Each block counts for itself.
  const std::string hint = "HTTP/1.1 103 Hints\r\nA: " + std::string(70, 'y') + end;
  ExpectReply(Parse(hint + hint + begin + fits + end + "{}", Ending::kOpen, limits), 200, "{}");
  EXPECT_EQ(Parse("HTTP/1.1 103 Hints\r\nA: " + std::string(90, 'y') + end, Ending::kOpen, limits).state,
            State::kMalformed);
}

TEST(AnswerParser, EndsAnEndlessHeader) {
  const std::string reason = "HTTP/1.1 200 " + std::string(300 * 1024, 'R') + "\r\n\r\n";
  EXPECT_EQ(FeedAll({reason}).state, State::kMalformed);
  AnswerParser flood({}, AnswerParser::Method::kOther);
  flood.Feed("HTTP/1.1 200 OK\r\n");
  std::size_t fed = 17;
  while (flood.Feed("a: b\r\n") == State::kReading && fed < 1024 * 1024) fed += 6;
  EXPECT_EQ(flood.state(), State::kMalformed);
  EXPECT_LE(fed, EngineLimits{}.answer_header_bytes);
}

constexpr char kChunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

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

TEST(AnswerParser, BoundsTheBodyInEveryFraming) {
  EngineLimits limits;
  limits.answer_body_bytes = 10;
  const std::string ten = "0123456789";
  const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: ";
  ExpectReply(Parse(sized + "10\r\n\r\n" + ten, Ending::kOpen, limits), 200, ten);
  // Header and body in one buffer: Beast's own limit would be skipped.
  ExpectReply(Parse(sized + "11\r\n\r\n" + ten + "x", Ending::kOpen, limits), 200, "", BodyState::kTooLarge);
  ExpectReply(Parse(sized + "18446744073709551615\r\n\r\n" + ten, Ending::kOpen, limits), 200, "",
              BodyState::kTooLarge);

  const std::string chunked = kChunked;
  ExpectReply(Parse(chunked + "a\r\n" + ten + "\r\n0\r\n\r\n", Ending::kOpen, limits), 200, ten);
  const Seen second = Parse(chunked + "9\r\n012345678\r\n2\r\nab\r\n0\r\n\r\n", Ending::kOpen, limits);
  ExpectReply(second, 200, "012345678", BodyState::kTooLarge);
  // Five bytes are read before a chunk is looked at.
  ExpectReply(Parse(chunked + "00b\r\n", Ending::kOpen, limits), 200, "", BodyState::kTooLarge);
  ExpectReply(Parse(chunked + "ffffffffffffffff\r\nabc", Ending::kOpen, limits), 200, "",
              BodyState::kTooLarge);

  const std::string endless = "HTTP/1.1 200 OK\r\n\r\n";
  ExpectReply(Parse(endless + ten, Ending::kEnd, limits), 200, ten);
  EXPECT_EQ(Parse(endless + ten + "x", Ending::kOpen, limits).reply.body_state, BodyState::kTooLarge);
}

TEST(AnswerParser, BoundsChunkExtensionsAndTrailers) {
  const std::string flood(3 * 1024 * 1024, 'e');
  EXPECT_EQ(FeedAll({kChunked, "5;" + flood + "\r\nhello\r\n0\r\n\r\n"}).reply.body_state,
            BodyState::kMalformed);
  EXPECT_EQ(FeedAll({kChunked, "0\r\nA: " + flood + "\r\n\r\n"}).reply.body_state, BodyState::kMalformed);
  for (const std::string begin : {"5;", "5\r\nhello\r\n0\r\nA: ", "0;a=\""}) {
    AnswerParser parser({}, AnswerParser::Method::kOther);
    parser.Feed(kChunked + begin);
    std::size_t fed = 0;
    while (parser.Feed("eeeeeeee") == State::kReading && fed < flood.size()) fed += 8;
    EXPECT_LE(fed, kChunkFramingBytes);
    ASSERT_EQ(parser.state(), State::kReply);
    EXPECT_EQ(parser.TakeReply().body_state, BodyState::kMalformed);
  }
}

TEST(AnswerParser, TrustsALengthOnlySoFar) {
  AnswerParser parser({}, AnswerParser::Method::kOther);
  parser.Feed("HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\nx");
  parser.EndBody(BodyState::kDeadline);
  const HttpReply reply = parser.TakeReply();
  EXPECT_EQ(reply.body_state, BodyState::kDeadline);
  EXPECT_EQ(reply.body, "x");
  EXPECT_LE(reply.body.capacity(), 3u * 1024 * 1024);
}

TEST(AnswerParser, ReadsABodyUpToItsFullLimit) {
  const std::string body(16 * 1024 * 1024, 'b');
  const Seen seen = FeedAll({"HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n", body});
  EXPECT_EQ(seen.state, State::kReply);
  EXPECT_EQ(seen.reply.body_state, BodyState::kWhole);
  EXPECT_TRUE(seen.reply.body == body);
  EXPECT_GE(seen.reply.body.capacity(), body.size() + kBodyPadding);
}

// Answers with random damage, in random pieces: what comes out hangs on the bytes alone.
TEST(AnswerParser, ReadsDamagedAnswersTheSameInAnyPieces) {
  const std::vector<std::string> answers = {
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n c\r\n\r\nhelloHTTP/1.1 ",
      std::string(kChunked) + "5;a=\"b;\\\"\" ; c\r\nhello\r\n3\r\nabc\r\n0;x=y\r\nT: u\r\n\r\nHTTP/1.1 408 ",
      std::string(kChunked) + "0\r\n\r\n",
      "HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\nto the end",
  };
  const std::string odd = "\r\n:;=\", 019afzHC\t\0\x7f\xff";
  EngineLimits limits;
  limits.answer_body_bytes = 9;
  limits.answer_header_bytes = 80;
  std::mt19937 random(1);
  const auto below = [&](std::size_t n) { return random() % n; };
  int replies = 0;
  constexpr int kMutants = 20000;
  for (int i = 0; i < kMutants; ++i) {
    std::string text = answers[below(answers.size())];
    for (std::size_t damage = below(4); damage > 0; --damage) {
      const std::size_t at = below(text.size());
      const std::size_t kind = below(3);
      if (kind == 0) text[at] = odd[below(odd.size())];
      if (kind == 1) text.erase(at, 1 + below(4));
      if (kind == 2) text.insert(at, 1 + below(2), odd[below(odd.size())]);
      if (text.empty()) text = "H";
    }
    std::vector<std::string_view> pieces;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t n = std::min(rest.size(), 1 + below(12));
      pieces.push_back(rest.substr(0, n));
      rest.remove_prefix(n);
    }
    const Ending ending = std::array{Ending::kOpen, Ending::kEnd, Ending::kLoss}[below(3)];
    const Seen whole = FeedAll({text}, ending, limits);
    ExpectSame(whole, FeedAll(pieces, ending, limits));
    if (whole.state == State::kReply) ++replies;
    ASSERT_FALSE(HasFailure()) << testing::PrintToString(text);
  }
  EXPECT_GT(replies, kMutants / 5);
  EXPECT_LT(replies, kMutants);
}

TEST(AnswerParser, FoldsContinuedHeaderLines) {
  const Seen seen = Parse("HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\td\r\nContent-Length: 0\r\n\r\n");
  ExpectReply(seen, 200, "");
  EXPECT_EQ(*seen.reply.FindHeader("a"), "b c d");
}

TEST(AnswerParser, EndsABodyOnlyAfterTheHeader) {
  AnswerParser parser({}, AnswerParser::Method::kOther);
  parser.Feed("HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(parser.EndBody(BodyState::kDeadline), State::kReading);
}

}  // namespace
}  // namespace session_gateway
