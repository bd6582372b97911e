#include "server/upstream/answer_gate.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "server/upstream/http_answer.h"

namespace session_gateway {
namespace {

constexpr std::string_view kVersionPrefix = "HTTP/1.";
constexpr std::string_view kEmptyLine = "\r\n\r\n";

std::string Hexadecimal(std::uint64_t number) {
  char digits[std::numeric_limits<std::uint64_t>::digits / 4];
  return {digits, std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr};
}

// Whether `bytes` breaks at a CR that no LF follows; else where its first line ends, or 0.
struct Line {
  std::size_t end = 0;
  bool broken = false;
};

Line FindLine(std::string_view bytes) {
  const std::size_t cr = bytes.find('\r');
  if (cr == std::string_view::npos || cr + 1 == bytes.size()) return {};
  if (bytes[cr + 1] != '\n') return {0, true};
  return {cr + 2, false};
}

}  // namespace

void AnswerGate::Take(std::size_t bytes) {
  taken_ += bytes;
  if (taken_ < text_.size()) return;
  text_.clear();
  taken_ = 0;
}

void AnswerGate::Feed(std::string_view bytes) {
  if (!bytes.empty()) started_ = true;
  while (state_ == State::kReading && !bytes.empty()) {
    bytes.remove_prefix(header_done_ ? FeedBody(bytes) : FeedHeader(bytes));
  }
  if (!bytes.empty()) left_over_ = true;
}

// Collects a header block up to its empty line. Returns how many bytes belong to it.
std::size_t AnswerGate::FeedHeader(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size() && pending_.size() + i < kVersionPrefix.size(); ++i) {
    if (bytes[i] == kVersionPrefix[pending_.size() + i]) continue;
    Malformed("an answer that is not HTTP/1");
    return bytes.size();
  }
  const std::size_t room = limits_.answer_header_bytes - pending_.size();
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t feed = bytes.find('\n', begin);
    const std::size_t end = feed == std::string_view::npos ? bytes.size() : feed + 1;
    line_bytes_ += end - begin;
    begin = end;
    if (end > room) {
      Malformed("an answer header over its limit");
      return bytes.size();
    }
    if (feed == std::string_view::npos) break;
    const char before = feed > 0 ? bytes[feed - 1] : (pending_.empty() ? '\0' : pending_.back());
    if (before != '\r') {
      Malformed("a header line that does not end in CR LF");
      return end;
    }
    if (std::exchange(line_bytes_, 0) != 2) continue;
    pending_.append(bytes.substr(0, end));
    EndHeader(std::exchange(pending_, {}));
    return end;
  }
  pending_.append(bytes);
  return bytes.size();
}

void AnswerGate::EndHeader(std::string_view block) {
  head_ = {};
  if (ReadHead(block, head_) != HeadState::kWhole) return Malformed("a malformed status line or header");
  if (head_.status < 100 || head_.status > 599) return Malformed("a status outside 100 to 599");
  if (head_.status == 101) return Malformed("a change of protocol that was not asked for");
  const AnswerFraming& framing = head_.framing;
  if (framing.transfer_codings > 0 && framing.length) {
    return Malformed("an answer with a length and a transfer coding");
  }
  if (head_.status < 200) {
    if (++informational_ > limits_.informational_answers) Malformed("too many informational answers");
    if (state_ == State::kReading) head_ = {};
    return;
  }
  header_done_ = true;
  BeginBody();
}

// The reader is told the status and the framing, in the simplest words.
void AnswerGate::BeginBody() {
  const AnswerFraming& framing = head_.framing;
  text_ += "HTTP/1.1 " + std::to_string(head_.status) + " -\r\n";
  if (head_.status == 204 || head_.status == 304 || framing.length == 0) {
    text_ += "Content-Length: 0\r\n\r\n";
    return Finish(BodyState::kWhole);
  }
  if (framing.transfer_codings > 1 || (framing.transfer_codings > 0 && !framing.chunked_only)) {
    // A body in a coding that was not asked for cannot be told from what follows it.
    text_ += "Content-Length: 0\r\n\r\n";
    return Finish(BodyState::kMalformed);
  }
  if (framing.chunked) {
    text_ += "Transfer-Encoding: chunked\r\n\r\n";
    body_ = Body::kChunkLine;
  } else if (framing.length) {
    body_ = Body::kLength;
    left_ = *framing.length;
    over_limit_ = left_ > limits_.answer_body_bytes;
    text_ += "Content-Length: " + std::to_string(ToldSize()) + "\r\n\r\n";
  } else {
    text_ += "\r\n";
    body_ = Body::kToEnd;
  }
}

// The reader takes the largest of all numbers for a fault. What comes ends before this one does.
std::uint64_t AnswerGate::ToldSize() const {
  return over_limit_ ? std::uint64_t{limits_.answer_body_bytes - body_bytes_} + 1 : left_;
}

std::size_t AnswerGate::FeedBody(std::string_view bytes) {
  switch (body_) {
    case Body::kLength:
    case Body::kToEnd:
    case Body::kChunk:
      return FeedData(bytes);
    case Body::kChunkLine:
      return FeedChunkLine(bytes);
    case Body::kChunkEnd:
      return FeedChunkEnd(bytes);
    case Body::kTrailers:
      return FeedTrailers(bytes);
  }
  return bytes.size();
}

std::size_t AnswerGate::FeedData(std::string_view bytes) {
  if (body_ != Body::kToEnd && bytes.size() > left_) bytes = bytes.substr(0, left_);
  const std::size_t room = limits_.answer_body_bytes - body_bytes_;
  const bool is_over = bytes.size() > room;
  if (is_over) bytes = bytes.substr(0, room);
  text_ += bytes;
  body_bytes_ += bytes.size();
  if (body_ != Body::kToEnd) left_ -= bytes.size();
  // Once the body is as long as it may be, what is known to follow need not be waited for.
  if (is_over || (over_limit_ && is_full())) {
    Finish(BodyState::kTooLarge);
  } else if (body_ == Body::kLength && left_ == 0) {
    Finish(BodyState::kWhole);
  } else if (body_ == Body::kChunk && left_ == 0) {
    text_ += "\r\n";
    body_ = Body::kChunkEnd;
  }
  return bytes.size();
}

std::size_t AnswerGate::FeedChunkLine(std::string_view bytes) {
  const std::size_t before = pending_.size();
  pending_.append(bytes);
  const Line line = FindLine(pending_);
  if (line.broken || (line.end == 0 && pending_.size() > kChunkFramingBytes)) {
    Finish(BodyState::kMalformed);
    return bytes.size();
  }
  if (line.end == 0) return bytes.size();
  pending_.resize(line.end);
  BeginChunk(std::string_view(pending_).substr(0, line.end - 2));
  if (body_ != Body::kTrailers) pending_.clear();
  return line.end - before;
}

void AnswerGate::BeginChunk(std::string_view line) {
  const auto size = TakeChunkSize(line);
  if (!size) return Finish(BodyState::kMalformed);
  if (*size == 0) {
    // The line is judged with the trailers.
    body_ = Body::kTrailers;
    return;
  }
  const bool is_countable = *size <= std::numeric_limits<std::uint64_t>::max() - body_bytes_;
  if (!is_countable || !IsChunkExtension(line) || line.size() > kChunkFramingBytes)
    return Finish(BodyState::kMalformed);
  over_limit_ = *size > limits_.answer_body_bytes - body_bytes_;
  if (over_limit_ && is_full()) return Finish(BodyState::kTooLarge);
  left_ = *size;
  text_ += Hexadecimal(ToldSize()) + "\r\n";
  body_ = Body::kChunk;
}

std::size_t AnswerGate::FeedChunkEnd(std::string_view bytes) {
  const std::size_t before = pending_.size();
  const std::size_t used = std::min<std::size_t>(bytes.size(), 2 - before);
  pending_.append(bytes.substr(0, used));
  if (pending_.size() < 2) return used;
  if (std::exchange(pending_, {}) != "\r\n") {
    Finish(BodyState::kMalformed);
  } else {
    body_ = Body::kChunkLine;
  }
  return used;
}

// They are read and dropped.
std::size_t AnswerGate::FeedTrailers(std::string_view bytes) {
  const std::size_t before = pending_.size();
  pending_.append(bytes);
  const std::size_t found = pending_.find(kEmptyLine, before < kEmptyLine.size() ? 0 : before - 3);
  if (found == std::string::npos) {
    if (pending_.size() > kChunkFramingBytes) Finish(BodyState::kMalformed);
    return bytes.size();
  }
  const std::size_t end = found + kEmptyLine.size();
  pending_.resize(end);
  const std::string block = std::exchange(pending_, {});
  const std::size_t line = block.find("\r\n");
  std::string_view extension = std::string_view(block).substr(0, line);
  TakeChunkSize(extension);
  const bool sound =
      block.size() <= kChunkFramingBytes && IsChunkExtension(extension) &&
      ReadTrailers(std::string_view(block).substr(line + 2), head_.framing) == HeadState::kWhole;
  if (sound) text_ += "0\r\n\r\n";
  Finish(sound ? BodyState::kWhole : BodyState::kMalformed);
  return end - before;
}

void AnswerGate::FeedEnd() {
  if (state_ != State::kReading) return;
  if (header_done_) return Finish(body_ == Body::kToEnd ? BodyState::kWhole : BodyState::kCut);
  // A header that was wrong before it was cut is wrong.
  head_ = {};
  if (ReadHead(pending_, head_) == HeadState::kMalformed) {
    return Malformed("a malformed status line or header");
  }
  state_ = State::kLost;
}

void AnswerGate::FeedLoss() {
  if (state_ == State::kReading && header_done_) return Finish(BodyState::kCut);
  FeedEnd();
}

void AnswerGate::Malformed(std::string_view fault) {
  fault_ = fault;
  state_ = State::kMalformed;
}

void AnswerGate::Finish(BodyState body_state) {
  body_state_ = body_state;
  state_ = State::kReply;
}

bool AnswerGate::reusable() const {
  return state_ == State::kReply && body_state_ == BodyState::kWhole && !left_over_ &&
         body_ != Body::kToEnd && head_.http11 && !head_.framing.says_close;
}

}  // namespace session_gateway
