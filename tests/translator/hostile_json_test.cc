// JSON that is cut, mutated or made of nothing but tokens: never a crash, and the same verdict and content as
// an independent parser gives, but for named classes.
#include "tests/translator/codec_fixture.h"
#include "tests/translator/message_filler.h"
#include "tests/translator/sample_documents.h"

namespace session_gateway::testing {
namespace {

using nlohmann::json;

constexpr int kMutants = 34'000;  // of each of three documents
constexpr int kSoups = 60'000;

enum class Verdict {
  kGood,
  kBad,
  kTooLarge,       // a number that no double holds: JSON for us, with its digits kept
  kLoneSurrogate,  // JSON for us in a value, unreadable in a name
};

struct Opinion {
  Verdict verdict = Verdict::kBad;
  json document;
};

Opinion Ask(const std::string& text) {
  Opinion opinion;
  try {
    opinion.document = json::parse(text);
    opinion.verdict = Verdict::kGood;
  } catch (const json::out_of_range&) {
    opinion.verdict = Verdict::kTooLarge;
  } catch (const json::parse_error& error) {
    const bool surrogate = std::string_view(error.what()).find("surrogate") != std::string_view::npos;
    opinion.verdict = surrogate ? Verdict::kLoneSurrogate : Verdict::kBad;
  }
  return opinion;
}

// Every leaf below `value`, with its pointer.
void Leaves(const json& value, const json::json_pointer& at,
            std::vector<std::pair<json::json_pointer, json>>& out) {
  if (value.is_structured() && !value.empty()) {
    for (const auto& [key, child] : value.items()) {
      if (value.is_array()) {
        Leaves(child, at / static_cast<std::size_t>(std::stoul(key)), out);
      } else {
        Leaves(child, at / key, out);
      }
    }
  } else {
    out.emplace_back(at, value);
  }
}

bool IsDateName(const std::string& name) {
  return name.find("Date") != std::string::npos || name.find("Time") != std::string::npos ||
         name == "abortAt" || name == "nextExecution";
}

// Whether the message with what it kept says the same as the document. Dates have many spellings and are left
// out; null and empty values read as unset.
template <typename T>
void ExpectSameContent(const T& message, const json& document) {
  json said = ExpectedJson(message);
  for (const auto& [pointer, text] : message.additional_json()) {
    const json::json_pointer at(pointer);
    const json value = json::parse(text);
    ASSERT_TRUE(document.contains(at)) << pointer << " in " << document;
    ASSERT_EQ(document.at(at), value) << pointer;
    said[at] = value;
  }
  std::vector<std::pair<json::json_pointer, json>> leaves;
  Leaves(document, json::json_pointer(), leaves);
  for (const auto& [at, value] : leaves) {
    if (value.is_null() || value.is_structured()) continue;
    if (value.is_string() && IsDateName(at.back())) continue;
    ASSERT_TRUE(said.contains(at)) << at << " of " << document << "\n" << said;
    if (at.back() == "sessionId" && value.is_number_integer()) {
      ASSERT_EQ(said.at(at), value.dump());
    } else {
      ASSERT_EQ(said.at(at), value) << at;
    }
  }
  leaves.clear();
  Leaves(said, json::json_pointer(), leaves);
  for (const auto& [at, value] : leaves) ASSERT_TRUE(document.contains(at)) << at << " was invented";
}

bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

template <typename T>
void ExpectSameVerdict(const std::string& text, JsonReader& reader) {
  std::string copy = text;
  T message;
  const JsonFault fault = ReadBody(PlanOf<T>(), reader, copy, message);
  const Opinion opinion = Ask(text);
  switch (opinion.verdict) {
    case Verdict::kBad:
      ASSERT_NE(fault, JsonFault::kNone) << text;
      return;
    case Verdict::kTooLarge:
    case Verdict::kLoneSurrogate:
      return;  // it stopped there; what comes behind may be good or bad
    case Verdict::kGood:
      break;
  }
  if (HasNul(text) || !opinion.document.is_object()) {
    ASSERT_NE(fault, JsonFault::kNone) << text;  // the other parser takes NUL for the end
    return;
  }
  if (fault == JsonFault::kDepth) return;
  ASSERT_EQ(fault, JsonFault::kNone) << text;
  ExpectSameContent(message, opinion.document);
}

template <typename T>
void MutateBytes(const std::string& document, std::uint64_t seed) {
  static const char kLikely[] = "{}[]\",:\\/0123456789eE+-.utfn \n\x7f\x80\xc3\xff\xef";
  Random random(seed);
  JsonReader reader;
  for (int i = 0; i < kMutants / kLoopDivisor; ++i) {
    std::string text = document;
    const std::size_t at = random() % text.size();
    const bool likely = random() % 2 == 0;
    const char byte = likely ? kLikely[random() % (sizeof(kLikely) - 1)] : static_cast<char>(random());
    switch (random() % 4) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      default:
        text[at] = byte;
    }
    ExpectSameVerdict<T>(text, reader);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(HostileJson, MutatedSymphonyBodies) { MutateBytes<v1::Session>(SymphonyBody(), 11); }
TEST(HostileJson, MutatedQlikBodies) {
  // One of each kind of object is enough, and three times as fast.
  json document = json::parse(QlikBody());
  document.erase("userSyncTask");
  document.erase("externalProgramTask");
  document["extra"] = {{"a", {1, 2.5, nullptr, true}}, {"b", "\xf0\x9f\x98\x80"}};
  MutateBytes<v1::ExecutionSession>(document.dump(), 12);
}
TEST(HostileJson, MutatedSymphonyAnswers) {
  MutateBytes<v1::CreateSessionResponse>(
      R"({"sessionId":1200,"applicationName":"a\u00e9\ud83d\ude00b","clusterId":"","x":{"y":[1e4,-0.5,)"
      R"({"z":null}]}})",
      13);
}

template <typename T>
void ExpectEveryPrefixUnreadable(const std::string& document) {
  JsonReader reader;
  for (std::size_t length = 0; length < document.size(); ++length) {
    std::string text = document.substr(0, length);
    T message;
    ASSERT_NE(ReadBody(PlanOf<T>(), reader, text, message), JsonFault::kNone) << text;
  }
}

TEST(HostileJson, NoCutBodyCanBeRead) {
  ExpectEveryPrefixUnreadable<v1::Session>(SymphonyBody());
  ExpectEveryPrefixUnreadable<v1::ExecutionSession>(QlikBody());
  ExpectEveryPrefixUnreadable<v1::CreateSessionResponse>(SymphonyAnswer());
}

std::string Soup(Random& random) {
  static const char* const kTokens[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "\"",
                                        "\"a\"",
                                        "\"user\"",
                                        "\"app\"",
                                        "\"privileges\"",
                                        "\"retries\"",
                                        "\"id\"",
                                        "\"abortAt\"",
                                        "\"2000-01-01T00:00:00Z\"",
                                        "1",
                                        "-",
                                        "0",
                                        "1.5",
                                        "1e400",
                                        "true",
                                        "false",
                                        "null",
                                        "nul",
                                        " ",
                                        "\n",
                                        "\\",
                                        "\\u0061",
                                        "\\ud800",
                                        "\xef\xbb\xbf",
                                        "\xff",
                                        "{\"a\":",
                                        "[1,",
                                        "},",
                                        "],"};
  std::string text;
  for (std::size_t i = random() % 12; i > 0; --i) text += kTokens[random() % std::size(kTokens)];
  return text;
}

std::string Bytes(Random& random) {
  std::string text(random() % 40, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST(HostileJson, TokenSoupAndRandomBytesAsABody) {
  Random random(14);
  JsonReader reader;
  for (int i = 0; i < kSoups / kLoopDivisor; ++i) {
    ExpectSameVerdict<v1::ExecutionSession>("{" + Soup(random) + "}", reader);
    ExpectSameVerdict<v1::ExecutionSession>(Soup(random), reader);
    ExpectSameVerdict<v1::ExecutionSession>(Bytes(random), reader);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// CheckJsonText is stricter than the other parser in four ways, and more lenient in one.
void ExpectSameCheck(const std::string& text) {
  const JsonFault fault = CheckJsonText(text, 1);
  const Opinion opinion = Ask(text);
  if (opinion.verdict == Verdict::kTooLarge) return;
  if (opinion.verdict != Verdict::kGood) {
    ASSERT_NE(fault, JsonFault::kNone) << text;
    return;
  }
  if (HasNul(text) || text.substr(0, 3) == "\xef\xbb\xbf") {
    ASSERT_NE(fault, JsonFault::kNone) << text;
    return;
  }
  if (fault == JsonFault::kDuplicateKey || fault == JsonFault::kDepth) return;
  ASSERT_EQ(fault, JsonFault::kNone) << text;
}

TEST(HostileJson, TokenSoupAndRandomBytesAsAnAdditionalText) {
  Random random(15);
  for (int i = 0; i < kSoups / kLoopDivisor; ++i) {
    const std::string soup = Soup(random);
    ExpectSameCheck(soup);
    ExpectSameCheck("[" + soup + "]");
    ExpectSameCheck(Bytes(random));
    // What is accepted can be spliced: the body around it stays one document with one member.
    if (CheckJsonText(soup, 1) == JsonFault::kNone && Ask(soup).verdict == Verdict::kGood) {
      ASSERT_EQ(json::parse("{\"x\":" + soup + "}").size(), 1u) << soup;
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace session_gateway::testing
