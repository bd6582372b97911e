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

// The one request in the words of a case; its length is said by a mark, so that a body can be edited.
std::string SentText(const Exchange& exchange) {
  if (exchange.sent.empty()) return "nothing";
  CaseMessage message = SplitBytes(exchange.sent.front());
  const std::string length = "content-length: " + std::to_string(message.body.size());
  std::replace(message.head.begin(), message.head.end(), length, std::string("content-length: <length>"));
  return message.Text();
}

std::string ExpectedSent(const CaseSection& section) {
  return section.text == "nothing" ? std::string() : SplitText(section.text).Bytes();
}

void ExpectSent(const CaseFile& file, const Exchange& exchange) {
  const CaseSection* const section = file.Find("sent");
  ASSERT_NE(section, nullptr) << "the case does not say what is sent";
  const std::string expected = ExpectedSent(*section);
  const std::string sent = exchange.sent.empty() ? std::string() : exchange.sent.front();
  EXPECT_EQ(sent, expected);
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

// What holds of every exchange, whatever its case expects.
void ExpectInvariants(const Exchange& exchange) {
  EXPECT_EQ(exchange.result.problems, "");
  EXPECT_LE(exchange.sent.size(), 1u) << "a create was sent twice";
  EXPECT_EQ(static_cast<std::size_t>(exchange.connections), exchange.sent.size());
  EXPECT_TRUE(exchange.leaks.empty()) << testing::PrintToString(exchange.leaks);
  if (!exchange.result.ok) {
    // What is sent without being a create is a log-on.
    const bool is_create = !exchange.sent.empty() && exchange.sent.front().starts_with("POST ");
    EXPECT_EQ(is_create, exchange.result.outcome != "not_sent") << exchange.result.outcome;
  }
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
    const bool is_sent = name == "sent";  // it follows the request
    file.sections.insert(is_sent ? file.sections.begin() + 1 : file.sections.end(), {name, std::move(text)});
  }
}

void Rewrite(const std::filesystem::path& path, CaseFile file, const Exchange& exchange) {
  const CaseSection* const sent = file.Find("sent");
  const bool keeps_sent =
      sent != nullptr && !exchange.sent.empty() && ExpectedSent(*sent) == exchange.sent.front();
  if (!keeps_sent) SetSection(file, "sent", SentText(exchange), true);
  SetSection(file, "response", exchange.result.text, exchange.result.ok);
  SetSection(file, "error", exchange.result.text, !exchange.result.ok);
  std::ofstream(path, std::ios::binary) << RenderCase(file);
}

class ExchangeTest : public testing::TestWithParam<std::string> {};

TEST_P(ExchangeTest, Plays) {
  const std::filesystem::path path = kCases / GetParam();
  const auto parsed = ParseCase(ReadWholeFile(path));
  ASSERT_TRUE(std::holds_alternative<CaseFile>(parsed)) << std::get<std::string>(parsed);
  const auto& file = std::get<CaseFile>(parsed);
  const auto played = PlayCase(file);
  ASSERT_TRUE(std::holds_alternative<Exchange>(played)) << std::get<std::string>(played);
  const auto& exchange = std::get<Exchange>(played);

  ExpectInvariants(exchange);
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
