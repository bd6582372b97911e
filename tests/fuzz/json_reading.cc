// The JSON reader against the DOM of another parser, on the same bytes. Where the two differ the difference
// has a name:
//
//   mark        a byte-order mark: both skip it before a document; an additional text may not have one
//   duplicate   of a name that stands twice the last counts; an additional text may not have one
//   depth       more than 64 levels are refused
//   null        null reads as unset
//   range       a number outside its field's range is kept as text
//   overflow    a number that no double holds is kept with its digits
//   surrogate   a lone one is kept as text; in a name, and in an additional text, it is refused
//   NUL         ends a text for the other parser, and is no JSON
//
// Every other difference is a failure. Input: the text.
#include <cstdint>

#include "sessiongateway/v1/qlik.pb.h"
#include "sessiongateway/v1/symphony.pb.h"
#include "tests/fuzz/invariant.h"
#include "tests/fuzz/json_oracle.h"
#include "translator/body_reader.h"
#include "translator/body_writer.h"
#include "translator/json_reader.h"

namespace session_gateway::fuzzing {
namespace {

namespace v1 = sessiongateway::v1;
using nlohmann::json;

// A container's text is parsed again by itself when it is this short, so that nesting does not cost its
// square.
constexpr std::size_t kSpanBytesMax = 512;

// What a walk sees, as a DOM.
class Walk {
 public:
  bool has_lone_surrogate() const { return has_lone_surrogate_; }

  json Build(JsonValue value) {
    switch (value.kind()) {
      case JsonKind::kNull:
      case JsonKind::kBool:
      case JsonKind::kNumber:
        return Parse(value.token());
      case JsonKind::kString: {
        std::string_view text;
        if (value.ReadString(&text)) return std::string(text);
        has_lone_surrogate_ = true;
        return Parse(value.raw());
      }
      case JsonKind::kArray: {
        json array = json::array();
        Span(value.Elements([&](JsonValue element) { array.push_back(Build(element)); }), array);
        return array;
      }
      case JsonKind::kObject: {
        json object = json::object();
        Span(value.Members([&](std::string_view key, JsonValue member) {
          const std::string name(key);
          object[name] = Build(member);
        }),
             object);
        return object;
      }
    }
    return nullptr;
  }

 private:
  static json Parse(std::string_view text) {
    return json::parse(Tame(text).text, nullptr, /*allow_exceptions=*/false);
  }

  // The text of a container is that container. After a fault there is none.
  static void Span(std::string_view text, const json& container) {
    if (text.empty() || text.size() > kSpanBytesMax) return;
    const json parsed = Parse(text);
    if (!parsed.is_discarded()) Require(parsed == container, "the text of a value is that value", text);
  }

  bool has_lone_surrogate_ = false;
};

void RequireSameDocument(const std::string& text, const Tamed& tamed, const Opinion& opinion) {
  JsonReader reader;
  Walk walk;
  json document = json::object();
  std::string copy = text;
  const JsonFault fault = reader.ReadObject(copy, [&](std::string_view key, JsonValue value) {
    const std::string name(key);
    document[name] = walk.Build(value);
  });
  Require(copy == text, "the text keeps its content");
  const bool good = opinion.document && opinion.document->is_object();
  if (tamed.has_nul || !good) {
    Require(fault != JsonFault::kNone, "what is no JSON object is refused");
    return;
  }
  if (opinion.depth > kDepthMax) {
    Require(fault == JsonFault::kDepth || fault == JsonFault::kKeySurrogate, "what is too deep is refused");
    return;
  }
  if (fault == JsonFault::kKeySurrogate) {
    Require(tamed.has_lone_surrogate, "only a lone surrogate is refused in a name");
    return;
  }
  Require(fault == JsonFault::kNone, "a JSON object is read", JsonFaultText(fault));
  Require(document == *opinion.document, "the values agree");
  Require(tamed.has_lone_surrogate || !walk.has_lone_surrogate(), "a surrogate is lone for both");

  // Stepping over all values comes to the same end.
  const JsonFault skipped = reader.ReadObject(copy, [](std::string_view, JsonValue value) { value.Skip(); });
  Require(skipped == JsonFault::kNone, "what can be read can be stepped over");
}

void RequireSameCheck(const std::string& text, const Tamed& tamed, const Opinion& opinion) {
  const JsonFault fault = CheckJsonText(text, 1);
  const bool strict = opinion.document && !tamed.has_nul && !tamed.has_mark && !tamed.has_lone_surrogate &&
                      !opinion.has_duplicate && opinion.depth < kDepthMax;
  Require((fault == JsonFault::kNone) == strict, "an additional text is strict JSON, and nothing else is",
          JsonFaultText(fault));
}

template <typename T>
const BodyPlan& PlanOf() {
  static const BodyPlan kPlan = std::get<BodyPlan>(BodyPlan::Compile(*T::descriptor(), DeclaredOptions));
  return kPlan;
}

// A date as the writer spells it; the reader takes many spellings of one.
bool IsWrittenDate(const json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == 24 && text[4] == '-' && text[10] == 'T' && text[19] == '.' && text[23] == 'Z';
}

// What reads as unset: null, what is empty, and the date that means "not set", whatever its offset.
bool ReadsAsUnset(const json& value) {
  if (value.is_null() || (value.is_structured() && value.empty())) return true;
  if (!value.is_string()) return false;
  const std::string date = value.get_ref<const std::string&>().substr(0, 9);
  return date == "1752-12-3" || date == "1753-01-0";
}

void RequireSameScalar(const json& value, const json& said, const json::json_pointer& at) {
  if (value.is_string() && IsWrittenDate(said)) return;
  // An id may be a number; its digits are kept.
  const bool is_id = value.is_number() && said.is_string();
  Require((is_id ? json::parse(said.get_ref<const std::string&>()) : said) == value,
          "a value is what was read", at.to_string());
}

// `said` repeats `value`, but for what reads as unset.
void RequireSaid(const json& value, const json& said, const json::json_pointer& at) {
  if (!value.is_structured()) return RequireSameScalar(value, said, at);
  Require(said.type() == value.type(), "an object is an object, and a list a list", at.to_string());
  if (value.is_array()) {
    Require(said.size() == value.size(), "a list has its elements", at.to_string());
    for (std::size_t i = 0; i < value.size(); ++i) RequireSaid(value[i], said[i], at / i);
    return;
  }
  for (const auto& [key, member] : value.items()) {
    const auto found = said.find(key);
    if (found == said.end() && ReadsAsUnset(member)) continue;
    Require(found != said.end(), "nothing is dropped", (at / key).to_string());
    RequireSaid(member, *found, at / key);
  }
  for (const auto& [key, member] : said.items()) Require(value.contains(key), "nothing is invented", key);
}

template <typename T>
void RequireSameContent(const std::string& text, const Tamed& tamed, const Opinion& opinion) {
  JsonReader reader;
  T message;
  std::string copy = text;
  const JsonFault fault = ReadBody(PlanOf<T>(), reader, copy, message);
  const bool good = opinion.document && opinion.document->is_object() && !tamed.has_nul;
  if (!good) {
    Require(fault != JsonFault::kNone, "what is no JSON object is no body");
    return;
  }
  if (fault != JsonFault::kNone) {
    Require((fault == JsonFault::kDepth && opinion.depth > kDepthMax) ||
                (fault == JsonFault::kKeySurrogate && tamed.has_lone_surrogate),
            "a JSON object is a body", JsonFaultText(fault));
    return;
  }
  if (tamed.changed) return;  // the walk has compared all values
  T known = message;
  known.clear_additional_json();
  std::string written;
  Violations violations;
  WriteBody(PlanOf<T>(), known, nullptr, written, violations);
  if (!violations.empty()) return;  // a GUID that is none; answers are not checked
  json said = json::parse(written);
  for (const auto& [pointer, kept] : message.additional_json()) {
    const json::json_pointer at(pointer);
    Require(opinion.document->contains(at), "what is kept stands in the text", pointer);
    const json value = json::parse(kept);
    Require(opinion.document->at(at) == value, "what is kept is the text's", pointer);
    said[at] = value;
  }
  RequireSaid(*opinion.document, said, json::json_pointer());
}

void Fuzz(const std::string& text) {
  const Tamed tamed = Tame(text);
  const Opinion opinion = Ask(tamed.text);
  RequireSameDocument(text, tamed, opinion);
  RequireSameCheck(text, tamed, opinion);
  RequireSameContent<v1::CreateSessionResponse>(text, tamed, opinion);
  RequireSameContent<v1::Session>(text, tamed, opinion);
  RequireSameContent<v1::ExecutionSession>(text, tamed, opinion);
}

}  // namespace
}  // namespace session_gateway::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  session_gateway::fuzzing::Fuzz(std::string(data, data + size));
  return 0;
}
