// For any body: either what the gateway would write equals it, by the judgement of another JSON library, or
// each thing that stands in the way is named by a pointer into the body.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "server/client/rest_body.h"
#include "sessiongateway/v1/qlik.pb.h"
#include "sessiongateway/v1/symphony.pb.h"
#include "tests/exchange/case_file.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;
using nlohmann::json;

#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kBodies = 1000;
#else
constexpr int kBodies = 10'000;
#endif

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  void Change(json& body) {
    std::vector<json*> places;
    Collect(body, places);
    json& place = *places[Below(places.size())];
    if (place.is_object() && Below(2) == 0) {
      place[kNames[Below(std::size(kNames))]] = Value();
    } else if (place.is_array() && Below(2) == 0) {
      place.push_back(Value());
    } else if (&place != &body) {
      place = Value();
    }
  }

  std::size_t Below(std::size_t end) { return random_() % end; }

 private:
  static void Collect(json& node, std::vector<json*>& places) {
    places.push_back(&node);
    if (!node.is_structured()) return;
    for (json& child : node) Collect(child, places);
  }

  json Value() { return json::parse(kValues[Below(std::size(kValues))]); }

  static constexpr const char* kNames[] = {
      "sessionName", "sessionname", "new", "id", "parent", "a/b~c", "", "status", "app", "details"};
  static constexpr const char* kValues[] = {"null",
                                            "true",
                                            "0",
                                            "-1",
                                            "7",
                                            "4294967296",
                                            "9223372036854775807",
                                            "18446744073709551615",
                                            "8.0",
                                            "1.5",
                                            "1e1",
                                            "\"\"",
                                            "\"text\"",
                                            "\"7\"",
                                            "[]",
                                            "{}",
                                            "[null]",
                                            "[{}]",
                                            "[\"a\"]",
                                            "{\"id\":null}",
                                            "{\"x\":1}",
                                            "[[\"SOAM_UINT32\",\"4\"]]",
                                            "[[\"SOAM_UINT32\",4]]",
                                            "\"1753-01-01T00:00:00.000Z\"",
                                            "\"2000-01-23T04:56:07.000Z\"",
                                            "\"046b6c7f-0b8a-43b9-b35d-6489e6daee91\"",
                                            "[[]]",
                                            "{\"a\":\"b\"}"};

  std::mt19937 random_;
};

struct Tally {
  int sent = 0;
  int named = 0;
};

template <typename Body>
void Judge(const json& body, Tally& tally) {
  std::string text = body.dump();
  auto parsed = ParseJsonObject(text);
  ASSERT_TRUE(std::holds_alternative<JsonNode>(parsed)) << text;
  Body message;
  const std::vector<BodyProblem> problems = FillFromRestBody(std::get<JsonNode>(parsed), message);
  for (const BodyProblem& problem : problems) {
    EXPECT_TRUE(body.contains(json::json_pointer(problem.place))) << problem.place << " in " << text;
    EXPECT_NE(problem.rule, "would not be sent with the same meaning; leave it out") << text;
  }
  if (!problems.empty()) {
    ++tally.named;
    return;
  }
  ++tally.sent;
  EXPECT_EQ(json::parse(JsonText(RestBodyOf(message))), body);
}

template <typename Body>
void JudgeMany(const std::string& fixture) {
  const json whole = json::parse(
      ReadWholeFile(std::string(SESSION_GATEWAY_SOURCE_DIR) + "/tests/data/" + fixture + ".json"));
  Mutator mutator(7);
  Tally tally;
  for (int i = 0; i < kBodies && !testing::Test::HasFailure(); ++i) {
    json body = whole;
    const std::size_t changes = 1 + mutator.Below(3);
    for (std::size_t change = 0; change < changes; ++change) mutator.Change(body);
    Judge<Body>(body, tally);
  }
  // Both ends are met often enough.
  EXPECT_GT(tally.sent, kBodies / 20);
  EXPECT_GT(tally.named, kBodies / 20);
}

TEST(ClientBodyProperty, ASessionIsSentAsItIsOrItsFaultsAreNamed) { JudgeMany<v1::Session>("symphony"); }

TEST(ClientBodyProperty, ARowIsSentAsItIsOrItsFaultsAreNamed) { JudgeMany<v1::ExecutionSession>("qlik"); }

TEST(ClientBodyProperty, PathsOfErrorsBecomePointers) {
  const std::pair<const char*, const char*> rows[] = {
      {"session.session_priority", "/sessionPriority"},
      {"session.resource_limit.jvm_min_heap", "/resourceLimit/JvmMinHeap"},
      {"session.common_data[3].other.type", "/commonData/3"},
      {"session.resource_preference.resource_attribute_definition[12].default_value",
       "/resourcePreference/resourceAttributeDefinition/12/defaultValue"},
      {"session.additional_json[\"/a~1b/\\\"c\"]", "/a~1b/\"c"},
      // What is no path of the body stays.
      {"session", "session"},
      {"application_name", "application_name"},
      {"session.no_such_field", "session.no_such_field"},
      {"session.additional_json[\"/cut", "session.additional_json[\"/cut"},
      {"sessions.session_name", "sessions.session_name"},
  };
  for (const auto& [path, place] : rows) {
    EXPECT_EQ(PlaceOfPath(*v1::Session::descriptor(), "session", path), place);
  }
}

TEST(ClientBodyProperty, WholeNumbersKeepTheirDigits) {
  const std::pair<const char*, const char*> rows[] = {
      {"0", "0"},
      {"-0", "0"},
      {"0.000", "0"},
      {"0e99", "0"},
      {"8.0", "8"},
      {"1e1", "10"},
      {"-1.20E+2", "-120"},
      {"1200e-2", "12"},
      {"0.5e1", "5"},
      {"18446744073709551615", "18446744073709551615"},
      {"0.00018446744073709551615e23", "18446744073709551615"},
      {"1e19", "10000000000000000000"}};
  for (const auto& [token, digits] : rows)
    EXPECT_EQ(WholeNumberText(token).value_or("none"), digits) << token;
  for (const char* token : {"1.5", "1e-1", "1e20", "1e999999999999", "0.1", "15e-1", "-2.25e1"}) {
    EXPECT_FALSE(WholeNumberText(token)) << token;
  }
}

}  // namespace
}  // namespace session_gateway
