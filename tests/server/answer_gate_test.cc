// The second engine's reader against the first one's: whatever comes, in whatever pieces and however it ends,
// both say the same of it.
#include "server/upstream/answer_gate.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/server/answer_readers.h"

namespace session_gateway {
namespace {

EngineLimits SmallLimits() {
  EngineLimits limits;
  limits.answer_header_bytes = 512;
  limits.answer_body_bytes = 64;
  limits.informational_answers = 2;
  return limits;
}

std::string Shown(const WireBytes& wire) {
  std::string text = "end " + std::to_string(static_cast<int>(wire.end));
  for (const std::string& piece : wire.pieces) text += "\n" + testing::PrintToString(piece);
  return text.substr(0, 2000);
}

::testing::AssertionResult BothSayTheSame(const EngineLimits& limits, const WireBytes& wire) {
  const std::string difference = Disagreement(limits, wire);
  if (difference.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "of " << Shown(wire) << "\n" << difference;
}

const std::string kStatusLines[] = {
    "HTTP/1.1 200 OK",
    "HTTP/1.0 201 Created",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 304 Not Modified",
    "HTTP/1.1 404 ",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
    "HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\nHTTP/1.1 201 OK",
    "HTTP/1.1 101 Switching",
    "HTTP/1.1 099 Low",
    "HTTP/1.1 600 High",
    "HTTP/1.1 200",
    "HTTP/2.0 200 OK",
    "HTTP/1.2 200 OK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 200 \x01",
    "HTTP/1.1 200 t\xc3\xa9l\xc3\xa9",
};

const std::string kFields[] = {
    "Content-Length: 5",
    "Content-Length: 5, 5",
    "Content-Length: 5, 6",
    "Content-Length: ,5",
    "Content-Length: +5",
    "Content-Length: 5x",
    "Content-Length: 0",
    "Content-Length: 100",
    "Content-Length: 18446744073709551615",
    "Content-Length: 18446744073709551616",
    "Content-Length:",
    "Transfer-Encoding: chunked",
    "transfer-encoding: Chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: x\"y",
    "Connection: close",
    "Connection: keep-alive, Close",
    "Connection: Upgrade",
    "Connection: a b",
    "Connection: ,,close ,",
    "Proxy-Connection: close",
    "Connection: \"close\"",
    "Content-Type: application/json",
    "Set-Cookie: a=b%2Fc; Path=/",
    "X-Empty:",
    "X-Spaces: \t a  b \t",
    "X-Folded: a\r\n  b\r\n\tc",
    "X-Folded: \r\n b",
    " X-Led: a",
    "X Spaced: a",
    "X-Colon : a",
    ": a",
    "X-Bare",
    "X-Odd\x80: a",
    "X-Value: \x7f",
    "X-Value: a\nb",
    "X-Value: \xff\xfe",
};

const std::string kBodies[] = {
    "",
    "hello",
    "hello, and more",
    "5\r\nhello\r\n0\r\n\r\n",
    "5;a=b\r\nhello\r\n0\r\n\r\n",
    "5 ; a = \"q\\\"d\" ; c\r\nhello\r\n00;x\r\n\r\n",
    "5\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n",
    "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
    "5\r\nhello\r\n0\r\nConnection: close\r\n\r\n",
    "5\r\nhello\r\n0\r\nbroken\r\n\r\n",
    "5\r\nhelloX\r\n0\r\n\r\n",
    "5\r\nhelloX\r\n",
    "5\nhello\r\n0\r\n\r\n",
    "5\rhello",
    "x\r\nhello",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "-1\r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    "5;\r\nhello\r\n0\r\n\r\n",
    "5;a=\"\x01\\\x02\";b\r\nhello\r\n0\r\n\r\n",
    "5;a=\"b\r\nhello\r\n0\r\n\r\n",
    "5;a=\"b\r\nhel\"lo\r\n0\r\n\r\n",
    "5;a=\r\nhello\r\n0\r\n\r\n",
    "fffffffffffffffff\r\n",
    "ffffffffffffffff\r\nhello",
    "5\r\nhello\r\nffffffffffffffff\r\nhello",
    "a\r\n0123456789\r\nA\r\n0123456789\r\n28\r\n0123456789012345678901234567890123456789\r\n5\r\nhello\r\n0"
    "\r\n\r\n",
    "0\r\n\r\n",
    "0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    std::string(64, 'b'),
    std::string(65, 'b'),
    std::string(100, 'b'),
};

template <typename Texts>
const std::string& AnyOf(const Texts& texts, std::mt19937& random) {
  return texts[random() % std::size(texts)];
}

std::string AnyAnswer(std::mt19937& random) {
  std::string text = AnyOf(kStatusLines, random) + "\r\n";
  for (auto fields = random() % 4; fields > 0; --fields) text += AnyOf(kFields, random) + "\r\n";
  return text + "\r\n" + AnyOf(kBodies, random);
}

void Mutate(std::string& text, std::mt19937& random) {
  constexpr std::string_view kBytes{"\r\n\0 :;,\t\"\\=09aAfFxX\x7f\x80\xff", 23};
  for (auto changes = random() % 3; changes > 0 && !text.empty(); --changes) {
    const std::size_t at = random() % text.size();
    const char byte = kBytes[random() % kBytes.size()];
    switch (random() % 4) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      case 2:
        text.erase(at, 1);
        break;
      default:
        text.resize(at);
    }
  }
}

std::vector<std::string> Split(std::string_view text, std::mt19937& random) {
  const auto manner = random() % 3;
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::size_t size = manner == 0 ? text.size() : manner == 1 ? 1 : 1 + random() % 20;
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(std::min(size, text.size()));
  }
  return pieces;
}

TEST(AnswerGate, SaysOfEachPairOfLinesWhatTheParserSays) {
  const EngineLimits limits = SmallLimits();
  for (const std::string& field : kFields) {
    for (const std::string& other : kFields) {
      const std::string text = "HTTP/1.1 200 OK\r\n" + field + "\r\n" + other + "\r\n\r\n";
      for (const std::string& body : {kBodies[1], kBodies[3]}) {
        ASSERT_TRUE(BothSayTheSame(limits, {{text + body}, WireEnd::kGoodOrder}));
      }
    }
  }
}

TEST(AnswerGate, SaysOfEachFramingWhatTheParserSays) {
  const EngineLimits limits = SmallLimits();
  for (const std::string& status : kStatusLines) {
    for (const std::string& field : kFields) {
      for (const std::string& body : kBodies) {
        ASSERT_TRUE(BothSayTheSame(limits, {{status + "\r\n" + field + "\r\n\r\n" + body}, WireEnd::kLoss}));
      }
    }
  }
}

TEST(AnswerGate, SaysOfWhateverComesWhatTheParserSays) {
  const EngineLimits limits = SmallLimits();
  std::mt19937 random(20'260'101);
  for (int i = 0; i < 100'000; ++i) {
    std::string text = AnyAnswer(random);
    Mutate(text, random);
    const WireBytes wire{Split(text, random), static_cast<WireEnd>(random() % 3)};
    ASSERT_TRUE(BothSayTheSame(limits, wire)) << "in round " << i;
  }
}

TEST(AnswerGate, KeepsTheParsersLimits) {
  EngineLimits limits;
  limits.answer_header_bytes = 200;
  const std::string lead = "HTTP/1.1 200 OK\r\nX: ";
  for (const std::size_t size : {150U, 174U, 175U, 176U, 177U, 300U}) {
    const std::string text = lead + std::string(size, 'v') + "\r\n\r\n";
    ASSERT_TRUE(BothSayTheSame(limits, {{text}, WireEnd::kGoodOrder}));
    ASSERT_TRUE(BothSayTheSame(limits, {{text.substr(0, 100), text.substr(100)}, WireEnd::kGoodOrder}));
  }
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::size_t size : {1000U, 60'000U, 70'000U}) {
    const std::string extension = chunked + "5;" + std::string(size, 'e') + "\r\nhello\r\n0\r\n\r\n";
    ASSERT_TRUE(BothSayTheSame(limits, {{extension}, WireEnd::kGoodOrder}));
    const std::string trailer = chunked + "0\r\nX: " + std::string(size, 't') + "\r\n\r\n";
    ASSERT_TRUE(BothSayTheSame(limits, {{trailer}, WireEnd::kGoodOrder}));
  }
}

// A reason of any length would be a recursion of that depth in the library.
TEST(AnswerGate, ShowsTheLibraryNoWordOfTheStatusLine) {
  AnswerGate gate{EngineLimits()};
  gate.Feed("HTTP/1.1 200 " + std::string(60'000, 'r') + "\r\nX-A: b\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(gate.text(), "HTTP/1.1 200 -\r\nContent-Length: 2\r\n\r\n{}");
}

}  // namespace
}  // namespace session_gateway
