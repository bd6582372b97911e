// HTTP bytes -> message or status: whatever comes from an upstream, in whatever pieces.
//
// Input: eight bytes (choices, then the sizes of the pieces in turn, 0 for all that is left), then the bytes
// of the wire.
#include <cstdint>
#include <nlohmann/json.hpp>

#include "server/upstream/http_answer.h"
#include "tests/fuzz/answer_oracle.h"
#include "tests/fuzz/invariant.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"
#include "translator/text_bounds.h"

namespace session_gateway::fuzzing {
namespace {

namespace v1 = sessiongateway::v1;
using nlohmann::json;

constexpr std::size_t kHeadBytes = 8;
constexpr std::uint8_t kCallersCredential = 1;
constexpr std::uint8_t kSmallLimits = 2;
constexpr int kEndShift = 2;  // two bits

enum class End { kGoodOrder, kLoss, kDeadline, kNone };

struct Input {
  CredentialOwner owner = CredentialOwner::kGateway;
  EngineLimits limits;
  End end = End::kNone;
  std::string_view sizes;
  std::string_view wire;
};

Input Decode(std::string_view data) {
  Input input;
  const auto choices = static_cast<std::uint8_t>(data[0]);
  if ((choices & kCallersCredential) != 0) input.owner = CredentialOwner::kCaller;
  if ((choices & kSmallLimits) != 0) {
    input.limits.answer_header_bytes = 256;
    input.limits.answer_body_bytes = 128;
    input.limits.informational_answers = 1;
  }
  input.end = static_cast<End>((choices >> kEndShift) & 3);
  input.sizes = data.substr(1, kHeadBytes - 1);
  input.wire = data.substr(kHeadBytes);
  return input;
}

// All that the parser says in the end.
struct Parsed {
  AnswerParser::State state = AnswerParser::State::kReading;
  bool started = false;
  bool header_done = false;
  bool reusable = false;
  std::string fault;
  int fault_status = 0;
  HttpReply reply;

  bool operator==(const Parsed& other) const {
    return state == other.state && started == other.started && header_done == other.header_done &&
           reusable == other.reusable && fault == other.fault && fault_status == other.fault_status &&
           reply.status == other.reply.status && reply.headers == other.reply.headers &&
           reply.body == other.reply.body && reply.body_state == other.reply.body_state;
  }
};

void Finish(AnswerParser& parser, End end) {
  switch (end) {
    case End::kGoodOrder:
      parser.FeedEnd();
      break;
    case End::kLoss:
      parser.FeedLoss();
      break;
    case End::kDeadline:
      if (parser.header_done()) parser.EndBody(BodyState::kDeadline);
      break;
    case End::kNone:
      break;
  }
}

Parsed Parse(const Input& input, std::string_view sizes) {
  AnswerParser parser(input.limits);
  std::string_view rest = input.wire;
  for (std::size_t i = 0; !rest.empty(); ++i) {
    std::size_t size = sizes.empty() ? 0 : static_cast<std::uint8_t>(sizes[i % sizes.size()]);
    if (size == 0) size = rest.size();
    // Each piece in memory of its own, so that a look behind its end is seen.
    const std::vector<char> piece(rest.begin(),
                                  rest.begin() + static_cast<std::ptrdiff_t>(std::min(size, rest.size())));
    parser.Feed({piece.data(), piece.size()});
    rest.remove_prefix(piece.size());
  }
  Finish(parser, input.end);
  Parsed parsed;
  parsed.state = parser.state();
  parsed.started = parser.started();
  parsed.header_done = parser.header_done();
  parsed.reusable = parser.reusable();
  parsed.fault = parser.fault();
  parsed.fault_status = parser.fault_status();
  if (parsed.state == AnswerParser::State::kReply) parsed.reply = parser.TakeReply();
  return parsed;
}

void RequireSoundReply(const Input& input, const Parsed& parsed) {
  const HttpReply& reply = parsed.reply;
  Require(reply.status >= 200 && reply.status <= 599, "a final status");
  Require(reply.body.size() <= input.limits.answer_body_bytes, "the body has its bound");
  Require(reply.body.capacity() - reply.body.size() >= kBodyPadding, "the body has room for a parser");
  std::size_t header_bytes = 0;
  for (const HttpHeader& header : reply.headers) {
    header_bytes += header.name.size() + header.value.size();
    for (char c : header.name)
      Require(c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z'), "names are in lower case");
    Require(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
            "a header's value is one line");
  }
  Require(header_bytes <= input.limits.answer_header_bytes, "the header has its bound");
  if (reply.body_state != BodyState::kWhole) return;
  const auto body = FramedBody(input.wire, reply, input.end == End::kGoodOrder);
  Require(body.has_value(), "a body is whole only when all of it is there");
  Require(*body == reply.body, "a body is what its framing says");
}

// What the engine makes of it.
SendResult ToResult(const Parsed& parsed) {
  switch (parsed.state) {
    case AnswerParser::State::kReply: {
      HttpReply reply = parsed.reply;
      reply.body.reserve(reply.body.size() + kBodyPadding);
      reply.endpoint = "http://upstream:80";
      reply.secrets = Canaries();
      return reply;
    }
    case AnswerParser::State::kMalformed:
      return SendFailure{FailureKind::kMalformed, Phase::kWait, true, parsed.fault, parsed.fault_status};
    case AnswerParser::State::kLost:
      return SendFailure{FailureKind::kLost, Phase::kWait, true, "the connection was lost"};
    case AnswerParser::State::kReading:
      break;
  }
  return SendFailure{FailureKind::kDeadline, Phase::kWait, true, "the deadline passed"};
}

// The answer of a call that is OK, by the other parser. What that one cannot take is left to json_reading.
void RequireReadable(const HttpReply& reply, const char* id_member) {
  Require(reply.body_state == BodyState::kWhole && !SaysHtml(reply), "OK comes from a whole message");
  try {
    const json document = json::parse(reply.body);
    Require(document.is_object(), "OK comes from an object");
    if (id_member == nullptr) return;
    Require(document.contains(id_member), "OK has an id");
    const json& id = document.at(id_member);
    Require(id.is_number() || (id.is_string() && !id.get_ref<const std::string&>().empty()),
            "OK has a usable id");
  } catch (const json::out_of_range&) {
  } catch (const json::parse_error& error) {
    Require(std::string_view(error.what()).find("surrogate") != std::string_view::npos, "OK comes from JSON",
            error.what());
  }
}

void RequireFailure(const RpcError& error, const SendFailure& failure) {
  RequireSoundError(error);
  Require(error.outcome == Outcome::kUnknown, "without an answer nobody knows");
  Require(error.http_status == failure.http_status, "the status is the one that could be read");
  const absl::StatusCode code = failure.kind == FailureKind::kMalformed  ? absl::StatusCode::kInternal
                                : failure.kind == FailureKind::kDeadline ? absl::StatusCode::kDeadlineExceeded
                                                                         : absl::StatusCode::kUnknown;
  Require(error.code == code, "the code is the table's");
}

void RequireSoundEnd(Upstream upstream, CredentialOwner owner, const SendResult& sent,
                     const std::optional<RpcError>& error, bool has_id) {
  const int success = upstream == Upstream::kQlik ? 201 : 200;
  if (const auto* failure = std::get_if<SendFailure>(&sent)) {
    Require(error.has_value(), "no answer is no success");
    RequireFailure(*error, *failure);
    return;
  }
  const auto& reply = std::get<HttpReply>(sent);
  if (reply.status != success) {
    Require(error.has_value(), "only the success set is a success");
    RequireErrorOfStatus(*error, upstream, owner, reply);
  } else if (error) {
    RequireErrorOfSuccess(*error, reply);
  } else {
    Require(upstream == Upstream::kQlik || has_id, "no session without its id");
    RequireReadable(reply, upstream == Upstream::kQlik ? nullptr : "sessionId");
  }
}

void Fuzz(const Input& input) {
  const Parsed parsed = Parse(input, input.sizes);
  Require(parsed == Parse(input, {}), "where the bytes are split makes no difference");
  if (parsed.state == AnswerParser::State::kReply) RequireSoundReply(input, parsed);

  static const auto kSymphony =
      std::get<CreateSessionTranslator>(CreateSessionTranslator::Make(DeclaredOptions));
  static const auto kQlik =
      std::get<CreateExecutionSessionTranslator>(CreateExecutionSessionTranslator::Make(DeclaredOptions));
  const SendResult sent = ToResult(parsed);
  JsonReader reader;
  SendResult result = sent;
  v1::CreateSessionResponse session;
  auto error = kSymphony.Response(result, input.owner, reader, session);
  RequireSoundEnd(Upstream::kSymphony, input.owner, sent, error, !session.session_id().empty());
  result = sent;
  v1::CreateExecutionSessionResponse row;
  error = kQlik.Response(result, reader, row);
  RequireSoundEnd(Upstream::kQlik, CredentialOwner::kGateway, sent, error, false);
}

}  // namespace
}  // namespace session_gateway::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzzing = session_gateway::fuzzing;
  if (size < fuzzing::kHeadBytes) return 0;
  fuzzing::Fuzz(fuzzing::Decode({reinterpret_cast<const char*>(data), size}));
  return 0;
}
