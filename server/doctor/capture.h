// What was exchanged with an upstream, kept so that it can be shown to others: a layer directly above the
// engine, and the text of what it saw with every secret as stars.
//
// Answers to a log-on bring secrets that nobody has named yet. Therefore only headers known to be harmless
// show their value, and of JSON every text whose name or exchange speaks of credentials is starred. Bounds:
// kExchangesMax, kCapturedBodyBytesMax. Thread rule: loop thread only. Never here: a secret in what Text
// gives.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/upstream/transport.h"

namespace session_gateway {

inline constexpr std::size_t kExchangesMax = 64;
inline constexpr std::size_t kCapturedBodyBytesMax = 16 * 1024;

struct CapturedExchange {
  std::string origin;  // `scheme://host:port/prefix`
  HttpRequest request;
  SendResult result;
};

class Capture {
 public:
  void Add(CapturedExchange exchange) {
    if (exchanges_.size() < kExchangesMax) exchanges_.push_back(std::move(exchange));
  }
  const std::vector<CapturedExchange>& exchanges() const { return exchanges_; }
  std::string Text() const;

 private:
  std::vector<CapturedExchange> exchanges_;
};

// A file that only its owner may read; false when it cannot be written.
[[nodiscard]] bool WritePrivateFile(const std::string& path, const std::string& text);

// Adds what request and answer hold of secrets to those that are never shown from the answer's body: those of
// a log-on are noted by nobody else.
void NoteSecrets(const HttpRequest& request, HttpReply& reply);

class CapturingTransport final : public Transport {
 public:
  CapturingTransport(std::string origin, Transport& next, Capture& capture)
      : origin_(std::move(origin)), next_(next), capture_(capture) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override {
    SendResult result = co_await next_.Send(request, context);
    if (auto* reply = std::get_if<HttpReply>(&result)) NoteSecrets(request, *reply);
    capture_.Add({origin_, request, result});
    co_return result;
  }

 private:
  const std::string origin_;
  Transport& next_;
  Capture& capture_;
};

}  // namespace session_gateway
