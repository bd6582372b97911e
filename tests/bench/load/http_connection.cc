// HTTP/1.1 as cheap as it can be had: the request is made once, the answer is compared in place.
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "tests/bench/load/connection.h"

namespace session_gateway::bench {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kLength = "\r\nContent-Length: ";  // as the bench's own upstream writes it

class HttpConnection final : public Connection {
 public:
  HttpConnection(std::unique_ptr<ByteStream> stream, const CallOptions& options, Meter& meter, CallBook& book)
      : stream_(std::move(stream)),
        options_(options),
        meter_(meter),
        book_(book),
        request_(options.method + " " + options.target +
                 " HTTP/1.1\r\nHost: upstream\r\nContent-Type: application/json\r\nContent-Length: " +
                 std::to_string(options.request.size()) + "\r\n\r\n" + options.request) {}

  int socket() const override { return stream_->socket(); }
  bool wants_to_send() const override { return !outbox_.empty(); }
  int in_flight() const override { return busy_ ? 1 : 0; }

  void Start() override {
    ++book_.begun;
    began_ = Clock::now();
    busy_ = true;
    outbox_.Append(request_.data(), request_.size());
    outbox_.Flush(*stream_);
  }

  bool OnReady() override {
    std::array<char, kReceiveBytes> buffer;
    for (;;) {
      const ssize_t got = stream_->Receive(buffer.data(), buffer.size());
      if (got == ByteStream::kClosed) return Lost();
      if (got == ByteStream::kBlocked) break;
      answer_.append(buffer.data(), static_cast<std::size_t>(got));
      EndWhenWhole();
      if (static_cast<std::size_t>(got) < buffer.size() && !options_.tls) break;
    }
    return outbox_.Flush(*stream_) || Lost();
  }

 private:
  bool Lost() {
    if (busy_) meter_.Count(began_, began_, "connection lost");
    busy_ = false;
    return false;
  }

  void EndWhenWhole() {
    const std::size_t head = answer_.find(kHeadEnd);
    if (head == std::string::npos) return;
    const std::size_t length_at = answer_.find(kLength);
    std::size_t length = 0;
    if (length_at < head) {
      const char* const digits = answer_.data() + length_at + kLength.size();
      std::from_chars(digits, answer_.data() + head, length);
    }
    if (answer_.size() < head + kHeadEnd.size() + length) return;
    const std::string_view body = std::string_view(answer_).substr(head + kHeadEnd.size(), length);
    const std::string_view status = std::string_view(answer_).substr(9, 3);
    if (book_.first_reply.empty()) book_.first_reply = body;
    busy_ = false;
    meter_.Count(began_, Clock::now(), FailureOf(status, body));
    answer_.clear();
    if (!meter_.over()) Start();
  }

  std::string FailureOf(std::string_view status, std::string_view body) const {
    if (status != options_.status) return "http " + std::string(status);
    return options_.reply.empty() || body == options_.reply ? "" : "the reply differs";
  }

  const std::unique_ptr<ByteStream> stream_;
  const CallOptions& options_;
  Meter& meter_;
  CallBook& book_;
  const std::string request_;
  std::string answer_;
  Outbox outbox_;
  Clock::time_point began_;
  bool busy_ = false;
};

}  // namespace

std::unique_ptr<Connection> MakeHttpConnection(std::unique_ptr<ByteStream> stream, const CallOptions& options,
                                               Meter& meter, CallBook& book) {
  return std::make_unique<HttpConnection>(std::move(stream), options, meter, book);
}

}  // namespace session_gateway::bench
