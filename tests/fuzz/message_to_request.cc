// Message -> HTTP request: a message is refused with the fields that are wrong, or what is sent is sound.
//
// Input: one byte of choices, then the message in protobuf's binary or text form.
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "server/upstream/request_text.h"
#include "tests/fuzz/invariant.h"
#include "translator/body_reader.h"
#include "translator/body_writer.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"
#include "translator/json_text.h"
#include "translator/rest_preview.h"
#include "translator/text_bounds.h"

namespace session_gateway::fuzzing {
namespace {

namespace v1 = sessiongateway::v1;
using nlohmann::json;

constexpr std::uint8_t kQlik = 1;
constexpr std::uint8_t kCallerBringsToken = 2;
constexpr std::uint8_t kTextForm = 4;
constexpr std::uint8_t kDefaultTtl = 8;

template <typename Translator>
const Translator& Compiled() {
  static const Translator kTranslator = std::get<Translator>(Translator::Make(DeclaredOptions));
  return kTranslator;
}

const BodyPlan& PlanOf(const google::protobuf::Descriptor& body) {
  static const BodyPlan kSession =
      std::get<BodyPlan>(BodyPlan::Compile(*v1::Session::descriptor(), DeclaredOptions));
  static const BodyPlan kRow =
      std::get<BodyPlan>(BodyPlan::Compile(*v1::ExecutionSession::descriptor(), DeclaredOptions));
  return &body == v1::Session::descriptor() ? kSession : kRow;
}

class Silent final : public google::protobuf::io::ErrorCollector {
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

// The message as the server would be handed it: gRPC refuses what is no valid message, broken UTF-8 included.
template <typename T>
bool Parse(bool is_text, const std::string& bytes, T& message) {
  if (!is_text) return message.ParseFromString(bytes);
  google::protobuf::TextFormat::Parser parser;
  Silent silent;
  parser.RecordErrorsTo(&silent);
  parser.SetRecursionLimit(32);
  T written;
  return parser.ParseFromString(bytes, &written) && message.ParseFromString(written.SerializeAsString());
}

// The members of all objects, counted while the text is parsed: each name once, nothing too deep.
json ParseStrictly(const std::string& body) {
  std::vector<std::set<std::string>> names;
  return json::parse(body, [&](int depth, json::parse_event_t event, json& parsed) {
    Require(depth <= kDepthMax, "the body is no deeper than the reader's bound");
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key)
      Require(names.back().insert(parsed.get<std::string>()).second, "no name stands twice in an object");
    return true;
  });
}

using AdditionalJson = google::protobuf::Map<std::string, std::string>;

// What was given as JSON text stands at its pointer, and every byte of it is there.
void RequireSpliced(const AdditionalJson& additional, const std::string& body, const json& document) {
  for (const auto& [pointer, text] : additional) {
    const json::json_pointer at(pointer);
    Require(document.contains(at), "each additional member is in the body", pointer);
    Require(document.at(at) == json::parse(text), "each additional member has its value", pointer);
    std::string member;
    AppendJsonString(at.back(), member);
    member.append(":").append(text);
    Require(body.find(member) != std::string::npos, "each additional text is spliced unchanged", pointer);
  }
}

// A number that no double holds is JSON; the other parser cannot take it.
bool HoldsHugeNumber(const AdditionalJson& additional) {
  for (const auto& [pointer, text] : additional) {
    try {
      const json fits = json::parse(text);
    } catch (const json::out_of_range&) {
      return true;
    } catch (const json::exception&) {
      return false;
    }
  }
  return false;
}

// The reader takes everything that the writer writes, and the writer writes it again, but for the date that
// means "not set".
template <typename T>
void RequireReadable(const std::string& body) {
  if (body.find("\"1753-01-01T00:00:00.000Z\"") != std::string::npos) return;
  T read;
  JsonReader reader;
  std::string text = body;
  const BodyPlan& plan = PlanOf(*T::descriptor());
  Require(ReadBody(plan, reader, text, read) == JsonFault::kNone, "what is written can be read");
  Require(read.additional_json().empty(), "what is written is known when it is read");
  std::string again;
  Violations violations;
  WriteBody(plan, read, nullptr, again, violations);
  Require(violations.empty() && again == body, "what is read is written as it was", again);
}

template <typename T>
void RequireSoundBody(const std::string& body, const T& content) {
  Require(IsUtf8(body), "the body is valid UTF-8");
  try {
    const json document = ParseStrictly(body);
    Require(document.is_object(), "the body is an object");
    RequireSpliced(content.additional_json(), body, document);
  } catch (const json::exception& error) {
    Require(HoldsHugeNumber(content.additional_json()), "the body is JSON", error.what());
  }
  if (content.additional_json().empty()) RequireReadable<T>(body);
}

void RequireSoundRequest(const HttpRequest& request) {
  for (const QueryParam& param : request.query) {
    Require(!HasControlCharacter(param.value), "no control character is in the query");
  }
  Endpoint endpoint{"http", "upstream", 80, "/prefix"};
  const auto head = RequestHead(endpoint, request);
  Require(std::holds_alternative<std::string>(head), "what is translated may be sent");
  const std::string& text = std::get<std::string>(head);
  std::size_t lines = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends_line = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    Require(ends_line || static_cast<unsigned char>(text[i]) >= ' ', "no control character is in the head");
    if (!ends_line) continue;
    ++lines;
    ++i;
  }
  // The request line, host, content-length, and the empty one.
  Require(lines == request.headers.size() + 4, "the head has the lines that it was given");
  const v1::RestRequest preview = PreviewRequest(endpoint.Origin(), request);
  Require(preview.body() == request.body, "the preview has the body");
  for (const QueryParam& param : request.query) {
    if (param.secrecy == Secrecy::kSecret)
      Require(preview.url().find(param.name + "=***") != std::string::npos, "the preview masks secrets");
  }
}

template <typename Translate, typename Request, typename Content>
void Check(const Translate& translate, const Request& message, const Content& content) {
  const std::variant<HttpRequest, RpcError> result = translate(message);
  // A copy has its maps in another order.
  Request copy;
  Require(copy.ParseFromString(message.SerializeAsString()), "a message can be copied");
  const std::variant<HttpRequest, RpcError> again = translate(copy);
  Require(result.index() == again.index(), "the same message gives the same result");
  if (const auto* error = std::get_if<RpcError>(&result)) {
    RequireSoundError(*error);
    const auto& other = std::get<RpcError>(again);
    Require(error->message == other.message && error->violations == other.violations,
            "the same message gives the same error");
    RequireViolations(*error);
    return;
  }
  const auto& request = std::get<HttpRequest>(result);
  Require(request == std::get<HttpRequest>(again), "the same message gives the same request");
  RequireSoundRequest(request);
  RequireSoundBody(request.body, content);
}

void Fuzz(std::uint8_t choices, const std::string& bytes) {
  const bool is_text = (choices & kTextForm) != 0;
  if ((choices & kQlik) != 0) {
    v1::CreateExecutionSessionRequest message;
    if (!Parse(is_text, bytes, message)) return;
    Check([](const auto& m) { return Compiled<CreateExecutionSessionTranslator>().Request(m, ""); }, message,
          message.execution_session());
    return;
  }
  v1::CreateSessionRequest message;
  if (!Parse(is_text, bytes, message)) return;
  const CsrfTokenFrom from =
      (choices & kCallerBringsToken) != 0 ? CsrfTokenFrom::kCaller : CsrfTokenFrom::kGateway;
  const SessionDefaults defaults{(choices & kDefaultTtl) != 0 ? 30 : 0};
  Check([&](const auto& m) { return Compiled<CreateSessionTranslator>().Request(m, from, defaults); },
        message, message.session());
}

}  // namespace
}  // namespace session_gateway::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static google::protobuf::LogHandler* const kLibraryLog = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(kLibraryLog);
  if (size == 0) return 0;
  session_gateway::fuzzing::Fuzz(data[0], std::string(data + 1, data + size));
  return 0;
}
