// Whole exchanges: a client's message → the exact HTTP request → an upstream's exact answer → message or
// status. Each case is a file under tests/cases/, played over real sockets through everything that the
// program is made of.
//
// SESSION_GATEWAY_REWRITE_CASES=1 writes what happened into the files in place of what was expected; read the
// difference before you keep it.
#include "tests/exchange/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/rpc/library_settings.h"
#include "tests/exchange/channel.h"
#include "tests/exchange/exact_json.h"

namespace session_gateway {
namespace {

constexpr char kRewriteVariable[] = "SESSION_GATEWAY_REWRITE_CASES";
const std::filesystem::path kCases = std::filesystem::path(SESSION_GATEWAY_SOURCE_DIR) / "tests" / "cases";

std::vector<std::string> AllCases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kCases)) {
    if (entry.path().extension() == ".case") names.push_back(entry.path().lexically_relative(kCases));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.rfind('.'));
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

// A request in the words of a case; its length is said by a mark, so that a body can be edited.
std::string SentText(const std::string& request) {
  CaseMessage message = SplitBytes(request);
  const std::string length = "content-length: " + std::to_string(message.body.size());
  std::replace(message.head.begin(), message.head.end(), length, std::string("content-length: <length>"));
  return message.Text();
}

// `nothing`, `a part` or a whole request.
std::string NothingSent(const Exchange& exchange) { return exchange.part_arrived ? "a part" : "nothing"; }

bool IsSent(const std::string& text, const std::string& request) {
  return text != "nothing" && text != "a part" && SplitText(text).Bytes() == request;
}

std::vector<const CaseSection*> SentSections(const CaseFile& file) {
  std::vector<const CaseSection*> found;
  for (const CaseSection& section : file.sections) {
    if (section.name == "sent") found.push_back(&section);
  }
  return found;
}

void ExpectSent(const CaseFile& file, const Exchange& exchange) {
  const std::vector<const CaseSection*> sections = SentSections(file);
  ASSERT_FALSE(sections.empty()) << "the case does not say what is sent";
  if (exchange.sent.empty()) {
    EXPECT_EQ(NothingSent(exchange), sections.front()->text);
    EXPECT_EQ(sections.size(), 1u) << "requests are missing";
    return;
  }
  EXPECT_FALSE(exchange.part_arrived);
  ASSERT_EQ(exchange.sent.size(), sections.size());
  for (std::size_t i = 0; i < sections.size(); ++i) {
    EXPECT_EQ(exchange.sent[i], SplitText(sections[i]->text).Bytes()) << "request " << i + 1;
  }
}

void ExpectResult(const CaseFile& file, const Exchange& exchange) {
  const CaseSection* const response = file.Find("response");
  const CaseSection* const error = file.Find("error");
  ASSERT_TRUE((response == nullptr) != (error == nullptr)) << "a case has either a response or an error";
  if (error != nullptr) {
    EXPECT_EQ(exchange.result.text, error->text);
    return;
  }
  std::string problems;
  EXPECT_EQ(exchange.result.text, CanonicalResponse(file.settings.at("rpc"), response->text, problems));
  EXPECT_EQ(problems, "");
  EXPECT_EQ(exchange.result.code, "OK");
}

bool IsCreate(const std::string& request) { return request.starts_with("POST "); }

// Whether the case answers its n-th request with a whole 401 or 3xx.
bool AsksForNewLogon(const CaseFile& file, std::size_t n) {
  std::size_t sent = 0;
  for (const CaseSection& section : file.sections) {
    if (section.name == "sent") ++sent;
    if (section.name != "answer" || sent != n + 1) continue;
    return section.text.starts_with("HTTP/1.1 401") || section.text.starts_with("HTTP/1.1 3");
  }
  return false;
}

// A create leaves once, and a second time only after a complete answer that asked for another log-on.
void ExpectOneCreate(const CaseFile& file, const Exchange& exchange) {
  int allowed = 1;
  int creates = 0;
  for (std::size_t i = 0; i < exchange.sent.size(); ++i) {
    if (!IsCreate(exchange.sent[i])) continue;
    if (++creates == 1 && AsksForNewLogon(file, i)) ++allowed;
  }
  EXPECT_LE(creates, allowed) << "a create was sent again";
  if (exchange.result.ok) return;
  const bool may_have_left = creates > 0 || exchange.part_arrived;
  const bool certificate_refused = file.settings.contains("tls");  // what it read, the peer could not tell
  if (exchange.result.outcome == "not_sent") {
    EXPECT_FALSE(may_have_left);
  } else {
    EXPECT_TRUE(may_have_left || certificate_refused) << exchange.result.outcome;
  }
}

// What holds of every exchange, whatever its case expects.
void ExpectInvariants(const CaseFile& file, const Exchange& exchange) {
  EXPECT_EQ(exchange.result.problems, "");
  ExpectOneCreate(file, exchange);
  EXPECT_LE(static_cast<std::size_t>(exchange.connections), std::max<std::size_t>(exchange.sent.size(), 1));
  EXPECT_TRUE(exchange.leaks.empty()) << testing::PrintToString(exchange.leaks);
  EXPECT_EQ(exchange.log.find(R"("msg":"call")"), exchange.log.rfind(R"("msg":"call")"))
      << "more than one line for one call:\n"
      << exchange.log;
  EXPECT_NE(exchange.log.find(R"("msg":"call")"), std::string::npos) << exchange.log;
}

void SetSection(CaseFile& file, const std::string& name, std::string text, bool is_wanted) {
  const auto at = std::find_if(file.sections.begin(), file.sections.end(),
                               [&name](const CaseSection& section) { return section.name == name; });
  if (!is_wanted) {
    if (at != file.sections.end()) file.sections.erase(at);
  } else if (at != file.sections.end()) {
    at->text = std::move(text);
  } else {
    file.sections.push_back({name, std::move(text)});
  }
}

// The first follows the request, where the case does not say it at all.
void RewriteSent(CaseFile& file, const Exchange& exchange) {
  if (file.Find("sent") == nullptr) file.sections.insert(file.sections.begin() + 1, {"sent", ""});
  std::size_t i = 0;
  for (CaseSection& section : file.sections) {
    if (section.name != "sent") continue;
    const bool is_there = i < exchange.sent.size();
    if (!is_there) section.text = NothingSent(exchange);
    if (is_there && !IsSent(section.text, exchange.sent[i])) section.text = SentText(exchange.sent[i]);
    ++i;
  }
}

void Rewrite(const std::filesystem::path& path, CaseFile file, const Exchange& exchange) {
  RewriteSent(file, exchange);
  SetSection(file, "response", exchange.result.text, exchange.result.ok);
  SetSection(file, "error", exchange.result.text, !exchange.result.ok);
  std::ofstream(path, std::ios::binary) << RenderCase(file);
}

class HoldsGrpc final : public testing::Environment {
 public:
  void SetUp() override { HoldGrpc(); }
};
const testing::Environment* const kHoldsGrpc = testing::AddGlobalTestEnvironment(new HoldsGrpc);

class ExchangeTest : public testing::TestWithParam<std::string> {};

TEST_P(ExchangeTest, Plays) {
  const std::filesystem::path path = kCases / GetParam();
  const auto parsed = ParseCase(ReadWholeFile(path));
  ASSERT_TRUE(std::holds_alternative<CaseFile>(parsed)) << std::get<std::string>(parsed);
  const auto& file = std::get<CaseFile>(parsed);
  const auto played = PlayCase(file);
  ASSERT_TRUE(std::holds_alternative<Exchange>(played)) << std::get<std::string>(played);
  const auto& exchange = std::get<Exchange>(played);

  ExpectInvariants(file, exchange);
  if (std::getenv(kRewriteVariable) != nullptr) {
    Rewrite(path, file, exchange);
    GTEST_SKIP() << "rewritten";
  }
  ExpectSent(file, exchange);
  ExpectResult(file, exchange);
}

INSTANTIATE_TEST_SUITE_P(Case, ExchangeTest, testing::ValuesIn(AllCases()), TestName);

// Both fixtures leave whole. Symphony's attributes leave in the order of their keys and not in that of the
// file, so the comparison is one of JSON: members, nesting, types and the texts of numbers.
TEST(ExchangeCases, FixturesLeaveWhole) {
  for (const std::string name : {"symphony", "qlik"}) {
    const auto parsed = ParseCase(ReadWholeFile(kCases / name / "fixture_whole.case"));
    const CaseSection* const sent = std::get<CaseFile>(parsed).Find("sent");
    ASSERT_NE(sent, nullptr);
    const nlohmann::json fixture = ParseExactJson(
        ReadWholeFile(std::string(SESSION_GATEWAY_SOURCE_DIR) + "/tests/data/" + name + ".json"));
    ASSERT_TRUE(fixture.is_object());
    EXPECT_EQ(ParseExactJson(SplitText(sent->text).body), fixture);
  }
}

// A folder that is not found would make no case fail.
TEST(ExchangeCases, AreThere) {
  const std::vector<std::string> cases = AllCases();
  for (const std::string upstream : {"symphony/", "qlik/"}) {
    const auto count = std::count_if(cases.begin(), cases.end(),
                                     [&](const std::string& name) { return name.starts_with(upstream); });
    EXPECT_GE(count, 25) << upstream;
  }
}

}  // namespace
}  // namespace session_gateway
