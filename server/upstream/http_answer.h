// Reads one answer of HTTP/1.x from bytes as they come, the 1xx answers before it included, within its
// limits.
//
// Without I/O, so that it can be fed byte by byte by tests and fuzzers; where the bytes are split makes no
// difference. Thread rule: one owner. Never here: sockets, time, decoding of bodies, answers to HEAD,
// trailers (they are read and dropped), the meaning of a status.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/upstream/engine_limits.h"
#include "translator/http_message.h"

namespace session_gateway {

// Bytes that a JSON parser may touch behind the end of a body: simdjson's padding.
inline constexpr std::size_t kBodyPadding = 64;

// What chunk headers with their extensions, or the trailers, may take beside the body.
inline constexpr std::size_t kChunkFramingBytes = 64 * 1024;

class AnswerParser {
 public:
  enum class State {
    kReading,
    kReply,      // TakeReply has the answer; its body_state says what became of the body
    kMalformed,  // no answer: the rules of HTTP or a limit were broken before the header's end
    kLost,       // no answer: the connection ended before the header's end
  };

  explicit AnswerParser(const EngineLimits& limits);
  ~AnswerParser();
  AnswerParser(const AnswerParser&) = delete;
  AnswerParser& operator=(const AnswerParser&) = delete;

  State Feed(std::string_view bytes);
  State FeedEnd();                  // the peer ended the stream in good order
  State FeedLoss();                 // the stream broke
  State EndBody(BodyState reason);  // the caller stops reading; only after header_done()

  State state() const { return state_; }
  bool started() const { return started_; }          // any byte came
  bool header_done() const { return header_done_; }  // the header of the final answer is whole
  int status() const { return reply_.status; }       // once header_done()

  // The connection may carry another exchange: the answer is whole, nothing follows it, and the peer keeps it
  // open.
  bool reusable() const;

  // For people, after kMalformed; without text of the peer.
  std::string_view fault() const { return fault_; }
  // After kMalformed: the status of the answer that is at fault, or 0 when it could not be read.
  int fault_status() const;

  // After kReply, once. The body's capacity leaves room for kBodyPadding.
  HttpReply TakeReply();
  // A copy of what has come, as EndBody with that reason would end it; only after header_done().
  HttpReply PeekReply(BodyState reason) const;

 private:
  class Message;

  State Malformed(std::string_view fault);
  State Finish(BodyState body_state);
  void BeginMessage();
  std::size_t FeedHeader(std::string_view bytes);
  void ParseHeader(std::string_view block);
  void FeedBody(std::string_view bytes);
  std::size_t PutBody(std::string_view bytes);

  const EngineLimits limits_;
  State state_ = State::kReading;
  bool started_ = false;
  bool header_done_ = false;
  bool left_over_ = false;
  std::string_view fault_;
  int informational_ = 0;
  std::size_t line_bytes_ = 0;  // of the header line that is being read
  std::string pending_;         // an incomplete header, chunk header or trailer
  std::unique_ptr<Message> message_;
  HttpReply reply_;
};

}  // namespace session_gateway
