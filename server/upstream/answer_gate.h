// Stands between the bytes of an upstream and cpp-httplib's reader: what passes is one well-formed answer
// within its limits, worded anew, and of its header only what says where the body ends.
//
// The library's reader crashes on a long status line, takes a 1xx answer for the final one, changes the
// values of headers and takes some broken chunks for whole (docs/decisions/engines.md). So the judgement is
// made here, the same as in http_answer.h; a test holds the two against each other. Without I/O. Thread rule:
// one owner. Never here: sockets, time, the body (whoever reads `text` has it).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/upstream/answer_head.h"
#include "server/upstream/engine_limits.h"
#include "translator/http_message.h"

namespace session_gateway {

class AnswerGate {
 public:
  enum class State {
    kReading,
    kReply,      // body_state() says what became of the body
    kMalformed,  // no answer: the rules of HTTP or a limit were broken before the header's end
    kLost,       // no answer: the connection ended before the header's end
  };

  explicit AnswerGate(const EngineLimits& limits) : limits_(limits) {}

  void Feed(std::string_view bytes);
  void FeedEnd();   // the peer ended the stream in good order
  void FeedLoss();  // the stream broke

  // What the reader may have, to be taken from its beginning. Bound: what was fed since it was empty, and a
  // line for each chunk and the header.
  std::string_view text() const { return std::string_view(text_).substr(taken_); }
  void Take(std::size_t bytes);

  State state() const { return state_; }
  bool started() const { return started_; }          // any byte came
  bool header_done() const { return header_done_; }  // the header of the final answer is whole
  int status() const { return head_.status; }
  const std::vector<HttpHeader>& headers() const { return head_.headers; }
  BodyState body_state() const { return body_state_; }
  std::size_t body_bytes() const { return body_bytes_; }  // that have passed

  // As in AnswerParser.
  bool reusable() const;
  std::string_view fault() const { return fault_; }
  int fault_status() const { return state_ == State::kMalformed ? head_.status : 0; }

 private:
  enum class Body { kLength, kToEnd, kChunkLine, kChunk, kChunkEnd, kTrailers };

  void Malformed(std::string_view fault);
  void Finish(BodyState body_state);
  std::size_t FeedHeader(std::string_view bytes);
  void EndHeader(std::string_view block);
  void BeginBody();
  std::uint64_t ToldSize() const;
  std::size_t FeedBody(std::string_view bytes);
  std::size_t FeedData(std::string_view bytes);
  std::size_t FeedChunkLine(std::string_view bytes);
  std::size_t FeedChunkEnd(std::string_view bytes);
  std::size_t FeedTrailers(std::string_view bytes);
  void BeginChunk(std::string_view line);
  bool is_full() const { return body_bytes_ == limits_.answer_body_bytes; }

  const EngineLimits limits_;
  State state_ = State::kReading;
  bool started_ = false;
  bool header_done_ = false;
  bool left_over_ = false;
  std::string_view fault_;
  int informational_ = 0;
  std::size_t line_bytes_ = 0;  // of the header line that is being read
  std::string pending_;         // an incomplete header, chunk line or trailer
  AnswerHead head_;
  Body body_ = Body::kLength;
  std::uint64_t left_ = 0;   // of the body or the chunk
  bool over_limit_ = false;  // what is announced is more than may come
  std::size_t body_bytes_ = 0;
  BodyState body_state_ = BodyState::kWhole;
  std::string text_;
  std::size_t taken_ = 0;  // of it
};

}  // namespace session_gateway
