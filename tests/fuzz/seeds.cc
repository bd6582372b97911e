#include "tests/fuzz/seeds.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <stdexcept>

#include "sessiongateway/v1/qlik.pb.h"
#include "sessiongateway/v1/symphony.pb.h"
#include "tests/exchange/case_file.h"

namespace session_gateway::fuzzing {
namespace {

namespace v1 = sessiongateway::v1;

const std::filesystem::path kTests = std::filesystem::path(SESSION_GATEWAY_SOURCE_DIR) / "tests";

struct NamedCase {
  std::string name;
  bool qlik = false;
  CaseFile file;
};

std::vector<NamedCase> Cases() {
  std::vector<NamedCase> cases;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kTests / "cases")) {
    if (entry.path().extension() != ".case") continue;
    auto parsed = ParseCase(ReadWholeFile(entry.path()));
    if (const auto* fault = std::get_if<std::string>(&parsed)) throw std::runtime_error(*fault);
    CaseFile file = std::get<CaseFile>(std::move(parsed));
    const bool qlik = file.settings.at("rpc") == "CreateExecutionSession";
    cases.push_back({(qlik ? "qlik_" : "symphony_") + entry.path().stem().string(), qlik, std::move(file)});
  }
  std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return cases;
}

template <typename T>
std::string BinaryForm(const std::string& text) {
  T message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) throw std::runtime_error(text);
  return message.SerializeAsString();
}

// Each request in both forms: the text has names for the dictionary, the binary form is what a mutation
// seldom breaks.
std::vector<Seed> Messages() {
  std::vector<Seed> seeds;
  for (const NamedCase& one : Cases()) {
    const CaseSection* request = one.file.Find("request");
    if (request == nullptr) continue;
    const std::string text = ExpandMarks(request->text);
    const bool brings_token = text.find("csrf_token") != std::string::npos;
    const int choices = (one.qlik ? 1 : 0) + (brings_token ? 2 : 0);
    const std::string binary = one.qlik ? BinaryForm<v1::CreateExecutionSessionRequest>(text)
                                        : BinaryForm<v1::CreateSessionRequest>(text);
    seeds.push_back({one.name + ".text", static_cast<char>(choices + 4) + text});
    seeds.push_back({one.name + ".binary", static_cast<char>(choices) + binary});
  }
  // Texts whose every byte counts, the space around them and numbers' spelling included; at and over the
  // depth bound.
  for (const std::string& value :
       {std::string(" 1 "), std::string("\\t[ ]\\n"), std::string("1.50E+01"), std::string("-0"),
        std::string("\\\"\\\\u0041\\\\/\\\""), std::string(63, '[') + std::string(63, ']'),
        std::string(64, '[') + std::string(64, ']')}) {
    const std::string member = "additional_json { key: \"/x\" value: \"" + value + "\" } }";
    const std::string number = std::to_string(seeds.size());
    seeds.push_back({"spliced_" + number,
                     "\x04"
                     "application_name: \"a\" session { " +
                         member});
    seeds.push_back({"spliced_row_" + number,
                     "\x05"
                     "execution_session { " +
                         member});
  }
  return seeds;
}

// The bytes of all answers of a case, as they follow each other on the wire.
std::string Wire(const CaseFile& file) {
  std::string wire;
  for (const CaseSection& section : file.sections) {
    if (section.name != "answer") continue;
    const CaseMessage message = SplitText(ExpandMarks(section.text));
    wire += ReplaceAll(message.Bytes(), "<length>", std::to_string(message.body.size()));
  }
  return wire;
}

// Three ways in pieces: whole, byte by byte, and in uneven ones; each end of the stream.
std::vector<Seed> Answers() {
  std::vector<Seed> seeds;
  for (const NamedCase& one : Cases()) {
    const std::string wire = Wire(one.file);
    if (wire.empty()) continue;
    seeds.push_back({one.name + ".whole", std::string(8, '\0') + wire});
    seeds.push_back({one.name + ".bytes", "\x04" + std::string(7, '\1') + wire});
    seeds.push_back({one.name + ".pieces", "\x0b\x40\x03\x11\x07\x20\x02\x05" + wire});
    const std::size_t body = wire.find("\r\n\r\n");
    if (body == std::string::npos) continue;
    std::string told = wire;
    told.insert(body + 4, "csrftoken=CANARYtoken0123456789, \"canary-cookie\", canary p+w/d=\xc3\xbc, CnRy ");
    seeds.push_back({one.name + ".secret", "\x08" + std::string(7, '\0') + told});
  }
  return seeds;
}

// The answers again: status, headers and body apart.
std::vector<Seed> Errors() {
  std::vector<Seed> seeds;
  for (const NamedCase& one : Cases()) {
    const std::string wire = Wire(one.file);
    if (wire.size() < 12 || wire.substr(0, 7) != "HTTP/1.") continue;
    const CaseMessage message = SplitBytes(wire);
    const int code = std::atoi(wire.substr(9, 3).c_str()) - 200;
    if (code < 0) continue;
    std::string bytes = {static_cast<char>(one.qlik ? 1 : 2), static_cast<char>(code),
                         static_cast<char>(code >> 8)};
    for (std::size_t i = 1; i < message.head.size(); ++i) {
      std::string line = message.head[i];
      std::transform(
          line.begin(), line.begin() + static_cast<std::ptrdiff_t>(std::min(line.find(':'), line.size())),
          line.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      bytes += line + "\n";
    }
    seeds.push_back({one.name, bytes + "\n" + message.body});
    seeds.push_back({one.name + ".secret",
                     bytes + "\n{\"errorMessage\":\"Cookie: \\\"canary-cookie\\\"; canary%20p%2Bw%2fd=\"}" +
                         message.body});
  }
  const std::string busy = {0, static_cast<char>(229), 0};
  seeds.push_back({"retry_after_date", busy + "date: Wed, 21 Oct 2026 07:28:00 GMT\n" +
                                           "retry-after: Wed, 21 Oct 2026 07:30:00 GMT\n\nslow down"});
  return seeds;
}

std::string Part(char kind, const std::string& name, const std::string& value) {
  return kind + (static_cast<char>(name.size()) + name) + (static_cast<char>(value.size()) + value);
}

std::vector<Seed> Queries() {
  std::vector<Seed> seeds;
  for (const std::string value :
       {"app", "", "a b+c", "100%", "a&b=c#d?e", "\xc3\xbc", "\xff\x01\r\n", "%41", "***", "a;b,c/d"}) {
    const std::string number = std::to_string(seeds.size());
    seeds.push_back({"query_" + number, Part(0, "applicationName", value) + Part(1, "csrftoken", value)});
    seeds.push_back({"header_" + number, Part(1, "xrfkey", "abcdefghijklmnop") +
                                             Part(2, "x-qlik-user", value) +
                                             Part(3, "cookie", "platform.rest.token=" + value)});
  }
  return seeds;
}

std::vector<Seed> JsonTexts() {
  std::vector<Seed> seeds;
  for (const NamedCase& one : Cases()) {
    for (const CaseSection& section : one.file.sections) {
      if (section.name != "answer" && section.name != "sent") continue;
      const std::string body = SplitText(ExpandMarks(section.text)).body;
      if (!body.empty()) seeds.push_back({one.name + "." + section.name, body});
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(kTests / "data")) {
    seeds.push_back({entry.path().filename(), CompactJson(ReadWholeFile(entry.path()))});
  }
  const std::string deep(63, '[');
  for (const std::string& text : std::vector<std::string>{
           "\xEF\xBB\xBF{\"sessionId\":1}", R"({"id":1,"id":null,"id":"b"})",
           "{\"a\":" + deep + std::string(63, ']') + "}", "{\"a\":[" + deep + std::string(63, ']') + "]}",
           R"({"retries":2147483648,"duration":-9223372036854775809})",
           R"({"a":1e400,"sessionPriority":-0,"defaultResourceAttributeValue":1e999})",
           R"({"a":"\ud83d\ude00","b":"\ud83d","\ude00":1})", std::string("{\"a\":1\0,\"b\":2}", 15),
           R"({"abortAt":"1753-01-01T00:00:00Z","createdDate":"2020-01-01T00:00:00+01:00"})",
           R"({"commonData":[["SOAM_UINT32","4"],["SOAM_BYTES","AA=="],["SOAM_X","?"],["a"]]})"}) {
    seeds.push_back({"class_" + std::to_string(seeds.size()), text});
  }
  return seeds;
}

// Both names of each field below a message.
void CollectNames(const google::protobuf::Descriptor& message, std::set<std::string>& proto,
                  std::set<std::string>& rest) {
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    if (!proto.insert(field.name()).second && field.message_type() == nullptr) continue;
    const v1::RestField& options = field.options().GetExtension(v1::rest);
    if (!options.name().empty()) rest.insert(options.name());
    if (field.message_type() != nullptr) CollectNames(*field.message_type(), proto, rest);
  }
}

}  // namespace

std::string DictionaryOf(std::string_view fuzzer) {
  // Both read answers.
  const std::string_view file = fuzzer == "answer_gate" ? "answer_to_result" : fuzzer;
  std::string text = ReadWholeFile(kTests / "fuzz/dictionaries" / (std::string(file) + ".dict"));
  std::set<std::string> proto;
  std::set<std::string> rest;
  CollectNames(*v1::CreateSessionRequest::descriptor(), proto, rest);
  CollectNames(*v1::CreateSessionResponse::descriptor(), proto, rest);
  CollectNames(*v1::CreateExecutionSessionRequest::descriptor(), proto, rest);
  if (fuzzer == "message_to_request") {
    for (const std::string& name : proto) text += "\"" + name + "\"\n";
    for (const std::string& name : rest) text += "\"/" + name + "\"\n";
  }
  if (fuzzer == "json_reading" || fuzzer == "answer_to_result") {
    for (const std::string& name : rest) text += "\"\\\"" + name + "\\\":\"\n";
  }
  return text;
}

std::vector<Seed> SeedsOf(std::string_view fuzzer) {
  if (fuzzer == "answer_gate" || fuzzer == "answer_to_result") return Answers();
  if (fuzzer == "error_status") return Errors();
  if (fuzzer == "json_reading") return JsonTexts();
  if (fuzzer == "message_to_request") return Messages();
  if (fuzzer == "query_building") return Queries();
  return {};
}

}  // namespace session_gateway::fuzzing
