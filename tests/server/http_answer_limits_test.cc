// The bounds of the answer parser, and answers that are damaged at random.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server/upstream/http_answer.h"
#include "tests/server/answer_reading.h"

namespace session_gateway {
namespace {

TEST(AnswerParser, BoundsInformationalAnswers) {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
  const std::string end = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  EngineLimits limits;
  limits.informational_answers = 2;
  ExpectReply(Parse(hint + hint + end, Ending::kOpen, limits), 200, "");
  EXPECT_EQ(Parse(hint + hint + hint + end, Ending::kOpen, limits).state, State::kMalformed);
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
  AnswerParser flood(EngineLimits{});
  flood.Feed("HTTP/1.1 200 OK\r\n");
  std::size_t fed = 17;
  while (flood.Feed("a: b\r\n") == State::kReading && fed < 1024 * 1024) fed += 6;
  EXPECT_EQ(flood.state(), State::kMalformed);
  EXPECT_LE(fed, EngineLimits{}.answer_header_bytes);
}

TEST(AnswerParser, BoundsTheBodyInEveryFraming) {
  EngineLimits limits;
  limits.answer_body_bytes = 10;
  const std::string ten = "0123456789";
  const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: ";
  ExpectReply(Parse(sized + "10\r\n\r\n" + ten, Ending::kOpen, limits), 200, ten);
  // Header and body in one buffer: Beast's own limit would be skipped. What fits is kept, in either framing.
  ExpectReply(Parse(sized + "11\r\n\r\n" + ten + "x", Ending::kOpen, limits), 200, ten, BodyState::kTooLarge);
  ExpectReply(Parse(sized + "18446744073709551615\r\n\r\n" + ten, Ending::kOpen, limits), 200, ten,
              BodyState::kTooLarge);
  // An announcement alone is no reason to stop, for the begin may still tell what was created.
  EXPECT_EQ(Parse(sized + "11\r\n\r\n012345678", Ending::kOpen, limits).state, State::kReading);
  ExpectReply(Parse(sized + "11\r\n\r\n012345678", Ending::kLoss, limits), 200, "012345678", BodyState::kCut);

  const std::string chunked = kChunked;
  ExpectReply(Parse(chunked + "a\r\n" + ten + "\r\n0\r\n\r\n", Ending::kOpen, limits), 200, ten);
  const Seen second = Parse(chunked + "9\r\n012345678\r\n2\r\n9b\r\n0\r\n\r\n", Ending::kOpen, limits);
  ExpectReply(second, 200, ten, BodyState::kTooLarge);
  ExpectReply(Parse(chunked + "a\r\n" + ten + "\r\n1\r\n", Ending::kOpen, limits), 200, ten,
              BodyState::kTooLarge);
  ExpectReply(Parse(chunked + "b\r\n" + ten, Ending::kOpen, limits), 200, ten, BodyState::kTooLarge);
  ExpectReply(Parse(chunked + "ffffffffffffffff\r\n" + ten, Ending::kOpen, limits), 200, ten,
              BodyState::kTooLarge);
  EXPECT_EQ(Parse(chunked + "ffffffffffffffff\r\nabc", Ending::kOpen, limits).state, State::kReading);

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
    AnswerParser parser(EngineLimits{});
    parser.Feed(kChunked + begin);
    std::size_t fed = 0;
    while (parser.Feed("eeeeeeee") == State::kReading && fed < flood.size()) fed += 8;
    EXPECT_LE(fed, kChunkFramingBytes);
    ASSERT_EQ(parser.state(), State::kReply);
    EXPECT_EQ(parser.TakeReply().body_state, BodyState::kMalformed);
  }
}

TEST(AnswerParser, TrustsALengthOnlySoFar) {
  AnswerParser parser(EngineLimits{});
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

}  // namespace
}  // namespace session_gateway
