// How tests read an answer: in one piece, and in every other way that it can be split.
//
// Thread rule: pure. Never here: what an answer ought to be.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/upstream/http_answer.h"

namespace session_gateway {

using State = AnswerParser::State;

enum class Ending { kOpen, kEnd, kLoss };

struct Seen {
  State state = State::kReading;
  bool header_done = false;
  bool reusable = false;
  HttpReply reply;
  std::string fault;
  int fault_status = 0;
};

inline void Finish(AnswerParser& parser, Ending ending, Seen& seen) {
  if (ending == Ending::kEnd) parser.FeedEnd();
  if (ending == Ending::kLoss) parser.FeedLoss();
  seen.state = parser.state();
  seen.header_done = parser.header_done();
  seen.reusable = parser.reusable();
  seen.fault = parser.fault();
  seen.fault_status = parser.fault_status();
  if (seen.state == State::kReply) seen.reply = parser.TakeReply();
}

inline Seen FeedAll(const std::vector<std::string_view>& pieces, Ending ending = Ending::kOpen,
                    EngineLimits limits = {}) {
  AnswerParser parser(limits);
  for (const std::string_view piece : pieces) parser.Feed(piece);
  Seen seen;
  Finish(parser, ending, seen);
  return seen;
}

inline void ExpectSame(const Seen& a, const Seen& b) {
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.header_done, b.header_done);
  EXPECT_EQ(a.reusable, b.reusable);
  EXPECT_EQ(a.fault, b.fault);
  EXPECT_EQ(a.fault_status, b.fault_status);
  EXPECT_EQ(a.reply.status, b.reply.status);
  EXPECT_EQ(a.reply.headers, b.reply.headers);
  EXPECT_EQ(a.reply.body, b.reply.body);
  EXPECT_EQ(a.reply.body_state, b.reply.body_state);
}

// The result of the text in one piece, after checking that no way to split it gives another.
inline Seen Parse(const std::string& text, Ending ending = Ending::kOpen, EngineLimits limits = {}) {
  const std::string_view view = text;
  const Seen whole = FeedAll({view}, ending, limits);
  for (std::size_t i = 1; i < view.size(); ++i) {
    SCOPED_TRACE("split at " + std::to_string(i));
    ExpectSame(whole, FeedAll({view.substr(0, i), view.substr(i)}, ending, limits));
    if (testing::Test::HasFailure()) break;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < view.size(); ++i) bytes.push_back(view.substr(i, 1));
  SCOPED_TRACE("byte by byte");
  ExpectSame(whole, FeedAll(bytes, ending, limits));
  return whole;
}

inline void ExpectReply(const Seen& seen, int status, std::string_view body,
                        BodyState body_state = BodyState::kWhole) {
  EXPECT_EQ(seen.state, State::kReply) << seen.fault;
  EXPECT_EQ(seen.reply.status, status);
  EXPECT_EQ(seen.reply.body, body);
  EXPECT_EQ(seen.reply.body_state, body_state);
  EXPECT_GE(seen.reply.body.capacity(), seen.reply.body.size() + kBodyPadding);
}

inline constexpr char kChunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace session_gateway
