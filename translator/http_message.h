// The plain data that crosses the waist between translation and transport: one HTTP request, one whole answer
// or the way in which an exchange failed. No behaviour but rendering; equality is member-wise.
//
// Thread rule: values, no sharing. Never here: sockets, time, retries, the meaning of a status.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace session_gateway {

// A secret is rendered as `***` wherever a person or a log could read it.
enum class Secrecy { kPublic, kSecret };

struct QueryParam {
  std::string name;
  std::string value;  // raw; percent-encoded when rendered
  Secrecy secrecy = Secrecy::kPublic;
  bool operator==(const QueryParam&) const = default;
};

struct HttpHeader {
  std::string name;  // lower case
  std::string value;
  Secrecy secrecy = Secrecy::kPublic;
  bool operator==(const HttpHeader&) const = default;
};

// What may be done with a request a second time. Whoever makes the request of a call says it (JsonPost has no
// default for it), and only the layer that repeats (server/upstream/retry.h) asks for it.
enum class Repeat {
  kNever,          // of requests that no call is made of, such as log-ons
  kOnlyIfNotSent,  // a second one could create a second thing
  kSafe,           // it changes nothing
};

// A text that nobody changes any more: copies share it, and so a request's copies share its body.
class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
  SharedText(const char* text) : SharedText(std::string(text)) {}

  const std::string& text() const { return text_ == nullptr ? kEmpty : *text_; }
  operator const std::string&() const { return text(); }
  operator std::string_view() const { return text(); }
  std::size_t size() const { return text().size(); }
  bool empty() const { return text().empty(); }
  bool operator==(const SharedText& other) const { return text() == other.text(); }

 private:
  static inline const std::string kEmpty;
  std::shared_ptr<const std::string> text_;
};

struct HttpRequest {
  std::string method;
  std::string path;  // below the endpoint's prefix, begins with `/`
  std::vector<QueryParam> query;
  std::vector<HttpHeader> headers;
  SharedText body;
  Repeat repeat = Repeat::kNever;
  bool operator==(const HttpRequest&) const = default;
};

// What became of the body of an answer whose header arrived whole.
enum class BodyState {
  kWhole,
  kCut,        // the connection ended early
  kMalformed,  // broken chunks
  kTooLarge,   // over the limit
  kDeadline,   // the caller's time ran out between header and end
};

struct HttpReply {
  int status = 0;
  std::vector<HttpHeader> headers;  // names in lower case
  std::string body;                 // what arrived of it; its capacity has room for a parser's padding
  BodyState body_state = BodyState::kWhole;
  std::string endpoint;              // who answered: `scheme://host:port`, without prefix
  std::vector<std::string> secrets;  // what the request held of secrets: never to be shown from the body

  // The first header of that (lower-case) name, or nullptr.
  const std::string* FindHeader(std::string_view name) const;
};

// Where in a call something happened. The names are those of the public contract.
enum class Phase {
  kValidate,
  kQueue,
  kResolve,
  kConnect,
  kHandshake,
  kLogon,
  kSend,
  kWait,
  kReceive,
  kParse
};
std::string_view PhaseName(Phase phase);

// Why there is no answer header.
enum class FailureKind {
  kUnreachable,    // could not resolve, connect, shake hands or, in the phase kLogon, log on
  kTls,            // a certificate does not verify: the peer's, or one of our own that cannot be used
  kTlsAlert,       // the peer refused our certificate; nothing was created
  kLogonRefused,   // the log-on was refused, or is not tried again yet
  kLogonContract,  // the answer to the log-on is not what the API promises
  kLost,           // the connection ended or broke
  kMalformed,      // the answer broke the rules of HTTP or a limit
  kDeadline,       // the caller's time ran out
  kCancelled,      // the caller left
  kRefusedText,    // an outgoing byte was not allowed; nothing was sent
  kOverloaded,     // a bound of this process was reached; nothing was sent
};

struct SendFailure {
  FailureKind kind = FailureKind::kLost;
  Phase phase = Phase::kConnect;
  bool sent = false;     // at least one byte of the request left this process
  std::string detail;    // for people, without secrets and without upstream text
  int http_status = 0;   // of an answer that broke the rules, where it could be read; or of the refusal
                         // that came before, while nothing was sent after it
  int system_error = 0;  // errno of a failed connection, where there is one
  // An earlier attempt of this call was refused by a complete answer: nothing was created, but bytes have
  // left.
  bool refused_before = false;
};

// An answer with its whole header (a 404 is a value), or how the exchange ended without one.
using SendResult = std::variant<HttpReply, SendFailure>;

// RFC 3986 percent-encoding of everything but unreserved characters: a space is %20, never `+`.
std::string PercentEncode(std::string_view text);

// `prefix` + path + query. The masked form shows each secret as `***`.
std::string RenderTarget(std::string_view prefix, const HttpRequest& request);
std::string RenderMaskedTarget(std::string_view prefix, const HttpRequest& request);

}  // namespace session_gateway
