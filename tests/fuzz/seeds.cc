#include "tests/fuzz/seeds.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <filesystem>
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
  return seeds;
}

}  // namespace

std::vector<Seed> SeedsOf(std::string_view fuzzer) {
  if (fuzzer == "message_to_request") return Messages();
  return {};
}

}  // namespace session_gateway::fuzzing
