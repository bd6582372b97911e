#include "server/upstream/http_answer.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <utility>

namespace session_gateway {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::beast::error_code;
using Text = boost::beast::string_view;

// A body is given this much at once on the word of a Content-Length; beyond it memory follows what arrived.
constexpr std::size_t kTrustedBodyBytes = 1024 * 1024;

// The shortest rest of a chunked body, `0` and two line ends.
constexpr std::size_t kLastChunkBytes = 5;

constexpr std::string_view kVersionPrefix = "HTTP/1.";

std::string LowerCase(Text text) {
  std::string lower(text.data(), text.size());
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower;
}

// Whether `bytes` may be the beginning of the last chunk, `0` CR LF CR LF. What is wrong already is not
// waited for.
bool MayBeLastChunkCut(std::string_view bytes) {
  return bytes.size() < kLastChunkBytes && bytes.front() == '0' &&
         bytes.find_first_not_of("0\r\n") == std::string_view::npos;
}

}  // namespace

// One message, informational or final, as Beast's parser reports it.
class AnswerParser::Message final : public http::basic_parser<false> {
 public:
  Message(const EngineLimits& limits, HttpReply& reply)
      : body_limit_bytes_(limits.answer_body_bytes), reply_(reply) {
    // Both of Beast's limits are replaced: its body limit is skipped when body bytes stand in the same buffer
    // as the header's end, and `none` compares as less than any length; its header limit holds per call, not
    // per header.
    body_limit(std::numeric_limits<std::uint64_t>::max());
    header_limit(std::numeric_limits<std::uint32_t>::max());
    eager(true);
  }

  int status() const { return status_; }
  bool http11() const { return version_ == 11; }
  bool odd_transfer_coding() const {
    return transfer_codings_ > 0 && (transfer_codings_ > 1 || !chunked_only_);
  }
  bool two_framings() const { return transfer_codings_ > 0 && has_length_; }
  bool body_too_large() const { return body_too_large_; }
  bool awaits_first_chunk() const { return chunked() && !chunk_seen_; }

 private:
  void on_request_impl(http::verb, Text, Text, int, ErrorCode&) override {}

  void on_response_impl(int status, Text, int version, ErrorCode&) override {
    status_ = status;
    version_ = version;
  }

  void on_field_impl(http::field field, Text name, Text value, ErrorCode& ec) override {
    if (header_seen_) {  // a trailer
      trailer_bytes_ += name.size() + value.size();
      if (trailer_bytes_ > kChunkFramingBytes) ec = http::error::header_limit;
      return;
    }
    if (field == http::field::transfer_encoding) {
      ++transfer_codings_;
      chunked_only_ = boost::beast::iequals(value, "chunked");
    }
    if (field == http::field::content_length) has_length_ = true;
    reply_.headers.push_back({LowerCase(name), std::string(value.data(), value.size())});
  }

  void on_header_impl(ErrorCode&) override { header_seen_ = true; }

  // A body that is announced over the limit is still read up to it: its begin may tell what was created.
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    if (!length) return;
    over_limit_announced_ = *length > body_limit_bytes_;
    expected_ = over_limit_announced_ ? body_limit_bytes_ : static_cast<std::size_t>(*length);
    reply_.body.reserve(std::min(expected_, kTrustedBodyBytes) + kBodyPadding);
  }

  std::size_t on_body_impl(Text piece, ErrorCode& ec) override { return Append(piece, ec); }

  void on_chunk_header_impl(std::uint64_t size, Text extensions, ErrorCode& ec) override {
    chunk_seen_ = true;
    if (extensions.size() > kChunkFramingBytes) ec = http::error::bad_chunk_extension;
    over_limit_announced_ = size > body_limit_bytes_ - reply_.body.size();
    if (!ec) RefuseFullBody(ec);
  }

  std::size_t on_chunk_body_impl(std::uint64_t, Text piece, ErrorCode& ec) override {
    return Append(piece, ec);
  }

  void on_finish_impl(ErrorCode&) override {}

  std::size_t Append(Text piece, ErrorCode& ec) {
    std::string& body = reply_.body;
    if (piece.size() > body_limit_bytes_ - body.size()) {
      RefuseBody(ec);
      piece = piece.substr(0, body_limit_bytes_ - body.size());
    }
    const std::size_t needed = body.size() + piece.size() + kBodyPadding;
    if (needed > body.capacity())
      body.reserve(std::max(needed, std::min(expected_ + kBodyPadding, 4 * needed)));
    body.append(piece.data(), piece.size());
    RefuseFullBody(ec);
    return piece.size();
  }

  // Once the body is as long as it may be, what is known to follow need not be waited for.
  void RefuseFullBody(ErrorCode& ec) {
    if (over_limit_announced_ && reply_.body.size() == body_limit_bytes_) RefuseBody(ec);
  }

  void RefuseBody(ErrorCode& ec) {
    body_too_large_ = true;
    ec = http::error::body_limit;
  }

  const std::size_t body_limit_bytes_;
  HttpReply& reply_;
  int status_ = 0;
  int version_ = 0;
  bool header_seen_ = false;
  bool has_length_ = false;
  bool chunked_only_ = false;
  bool over_limit_announced_ = false;
  bool body_too_large_ = false;
  bool chunk_seen_ = false;
  int transfer_codings_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t expected_ = 0;
};

AnswerParser::AnswerParser(const EngineLimits& limits) : limits_(limits) { BeginMessage(); }

AnswerParser::~AnswerParser() = default;

void AnswerParser::BeginMessage() {
  reply_.headers.clear();
  line_bytes_ = 0;
  message_ = std::make_unique<Message>(limits_, reply_);
}

AnswerParser::State AnswerParser::Feed(std::string_view bytes) {
  if (!bytes.empty()) started_ = true;
  while (state_ == State::kReading && !bytes.empty()) {
    if (header_done_) {
      FeedBody(bytes);
      return state_;
    }
    bytes.remove_prefix(FeedHeader(bytes));
  }
  if (!bytes.empty()) left_over_ = true;
  return state_;
}

// Collects a header block up to its empty line, so that Beast sees it whole: fed in parts, it would find some
// faults only at the end of the block, and count its limit anew for each part. Returns how many bytes belong
// to the block.
std::size_t AnswerParser::FeedHeader(std::string_view bytes) {
  for (std::size_t i = pending_.size(); i < kVersionPrefix.size() && i - pending_.size() < bytes.size();
       ++i) {
    if (bytes[i - pending_.size()] == kVersionPrefix[i]) continue;
    Malformed("an answer that is not HTTP/1");
    return bytes.size();
  }
  std::size_t begin = 0;  // of the current line in `bytes`
  for (;;) {
    const std::size_t feed = bytes.find('\n', begin);
    const std::size_t end = feed == std::string_view::npos ? bytes.size() : feed + 1;
    line_bytes_ += end - begin;
    if (pending_.size() + end > limits_.answer_header_bytes) {
      Malformed("an answer header over its limit");
      return end;
    }
    if (feed == std::string_view::npos) break;
    const char before = feed > 0 ? bytes[feed - 1] : (pending_.empty() ? '\0' : pending_.back());
    if (before != '\r') {
      Malformed("a header line that does not end in CR LF");
      return end;
    }
    begin = end;
    if (std::exchange(line_bytes_, 0) == 2) {
      if (pending_.empty()) {
        ParseHeader(bytes.substr(0, end));
      } else {
        pending_.append(bytes.substr(0, end));
        const std::string block = std::exchange(pending_, {});
        ParseHeader(block);
      }
      return end;
    }
  }
  pending_.append(bytes);
  return bytes.size();
}

void AnswerParser::ParseHeader(std::string_view block) {
  ErrorCode ec;
  const std::size_t used = message_->put(boost::asio::const_buffer(block.data(), block.size()), ec);
  if (ec || used != block.size() || !message_->is_header_done()) {
    Malformed("a malformed status line or header");
    return;
  }
  const int status = message_->status();
  if (status < 100 || status > 599) {
    Malformed("a status outside 100 to 599");
    return;
  }
  if (status == 101) {
    Malformed("a change of protocol that was not asked for");
    return;
  }
  if (message_->two_framings()) {
    Malformed("an answer with a length and a transfer coding");
    return;
  }
  if (status < 200) {
    if (++informational_ > limits_.informational_answers) {
      Malformed("too many informational answers");
      return;
    }
    BeginMessage();
    return;
  }
  header_done_ = true;
  reply_.status = status;
  if (message_->is_done()) {
    Finish(BodyState::kWhole);
  } else if (message_->odd_transfer_coding()) {
    // A body in a coding that was not asked for cannot be told from what follows it.
    Finish(BodyState::kMalformed);
  }
}

void AnswerParser::FeedBody(std::string_view bytes) {
  if (pending_.empty()) {
    const std::size_t used = PutBody(bytes);
    if (state_ != State::kReading) {
      left_over_ = used < bytes.size();
      return;
    }
    pending_.assign(bytes.substr(used));
  } else {
    pending_.append(bytes);
    const std::size_t used = PutBody(pending_);
    if (state_ != State::kReading) {
      left_over_ = used < pending_.size();
      return;
    }
    pending_.erase(0, used);
  }
  // What the parser leaves is an unfinished chunk header or trailer: everything else it takes at once.
  if (pending_.size() > kChunkFramingBytes) Finish(BodyState::kMalformed);
}

std::size_t AnswerParser::PutBody(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    // Beast asserts that it is not called between the line ends of a body that is nothing but its last chunk.
    if (message_->awaits_first_chunk() && MayBeLastChunkCut(bytes.substr(used))) return used;
    ErrorCode ec;
    const std::size_t n =
        message_->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    used += n;
    if (message_->body_too_large()) {
      Finish(BodyState::kTooLarge);
      return used;
    }
    if (ec && ec != http::error::need_more) {
      Finish(BodyState::kMalformed);
      return used;
    }
    if (message_->is_done()) {
      Finish(BodyState::kWhole);
      return used;
    }
    if (ec || n == 0) return used;
  }
  return used;
}

AnswerParser::State AnswerParser::FeedEnd() {
  if (state_ != State::kReading) return state_;
  if (header_done_) return Finish(message_->need_eof() ? BodyState::kWhole : BodyState::kCut);
  if (pending_.empty()) return state_ = State::kLost;
  // A header that was wrong before it was cut is wrong.
  ErrorCode ec;
  message_->put(boost::asio::const_buffer(pending_.data(), pending_.size()), ec);
  if (ec && ec != http::error::need_more) return Malformed("a malformed status line or header");
  return state_ = State::kLost;
}

AnswerParser::State AnswerParser::FeedLoss() {
  if (state_ != State::kReading) return state_;
  if (header_done_) return Finish(BodyState::kCut);
  return FeedEnd();
}

AnswerParser::State AnswerParser::EndBody(BodyState reason) {
  if (state_ == State::kReading && header_done_) Finish(reason);
  return state_;
}

AnswerParser::State AnswerParser::Malformed(std::string_view fault) {
  fault_ = fault;
  return state_ = State::kMalformed;
}

AnswerParser::State AnswerParser::Finish(BodyState body_state) {
  reply_.body_state = body_state;
  return state_ = State::kReply;
}

int AnswerParser::fault_status() const { return state_ == State::kMalformed ? message_->status() : 0; }

bool AnswerParser::reusable() const {
  return state_ == State::kReply && reply_.body_state == BodyState::kWhole && !left_over_ &&
         message_->http11() && message_->keep_alive();
}

HttpReply AnswerParser::TakeReply() {
  reply_.body.reserve(reply_.body.size() + kBodyPadding);
  return std::move(reply_);
}

HttpReply AnswerParser::PeekReply(BodyState reason) const {
  HttpReply reply = reply_;
  reply.body.reserve(reply.body.size() + kBodyPadding);
  if (state_ == State::kReading) reply.body_state = reason;
  return reply;
}

}  // namespace session_gateway
