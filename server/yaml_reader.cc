#include "server/yaml_reader.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <sstream>
#include <utility>

#include "translator/utf8.h"

namespace session_gateway {
namespace {

// The library takes byte 4 for the end of the text and passes broken UTF-8 on, so both are refused before it
// reads.
std::optional<YamlProblem> CheckBytes(std::string_view text) {
  int line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\n') ++line;
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f) {
      return YamlProblem{line, "control characters are not accepted"};
    }
    const std::size_t length = Utf8SequenceLength(text.substr(at));
    if (length == 0) return YamlProblem{line, "the text must be UTF-8"};
    at += length;
  }
  return std::nullopt;
}

int LineOf(const YAML::Mark& mark) { return std::max(mark.line + 1, 1); }

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlDocument& document) : document_(document) {}

  int start_line() const { return start_line_; }

  void OnDocumentStart(const YAML::Mark& mark) override { start_line_ = LineOf(mark); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    CheckAnchor(mark, anchor);
    Attach(Leaf(YamlNode::Kind::kNull, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "YAML aliases (*name) are not accepted; a text that begins with * needs quotes");
    Attach(Leaf(YamlNode::Kind::kRefused, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckTag(mark, tag);
    CheckAnchor(mark, anchor);
    YamlNode node = Leaf(YamlNode::Kind::kText, mark);
    node.text = value;
    Attach(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Level {
    YamlNode node;
    std::optional<YamlNode> key;  // of a map: read, its value is still to come
  };

  static YamlNode Leaf(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = LineOf(mark);
    return node;
  }

  void Refuse(const YAML::Mark& mark, std::string message) {
    document_.problems.push_back({LineOf(mark), std::move(message)});
  }

  void CheckAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0)
      Refuse(mark, "YAML anchors (&name) are not accepted; a text that begins with & needs quotes");
  }

  // The library gives plain nodes the tag `?` and quoted ones `!`.
  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Refuse(mark, "YAML tags (!name) are not accepted; a text that begins with ! needs quotes");
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    CheckTag(mark, tag);
    CheckAnchor(mark, anchor);
    levels_.push_back({Leaf(kind, mark), std::nullopt});
  }

  void Close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    Attach(std::move(node));
  }

  void Attach(YamlNode node) {
    if (levels_.empty()) {
      document_.root = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::kList) {
      level.node.children.push_back(std::move(node));
    } else if (!level.key) {
      level.key = std::move(node);
    } else {
      AttachEntry(level, std::move(node));
    }
  }

  void AttachEntry(Level& level, YamlNode value) {
    const YamlNode key = std::move(*level.key);
    level.key.reset();
    if (key.kind == YamlNode::Kind::kRefused) return;
    if (key.kind != YamlNode::Kind::kText) {
      document_.problems.push_back({key.line, "a key must be a plain text"});
      return;
    }
    value.key = key.text;
    // A problem with an entry is shown where its key stands, unless the value has its own line further down.
    if (value.kind != YamlNode::Kind::kText) value.line = key.line;
    level.node.children.push_back(std::move(value));
  }

  YamlDocument& document_;
  int start_line_ = 1;
  std::vector<Level> levels_;
};

// The library's own text ends in a piece of the input in some cases, after a colon.
std::string Explain(const std::string& library_message) {
  std::string text = "not valid YAML: " + library_message.substr(0, library_message.find(": "));
  if (library_message == YAML::ErrorMsg::END_OF_MAP) text += "; a text that begins with [ or { needs quotes";
  return text;
}

void Parse(std::string_view text, YamlDocument& document) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  TreeBuilder builder(document);
  if (!parser.HandleNextDocument(builder)) {
    document.readable = true;
    return;
  }
  YamlDocument second;
  TreeBuilder second_builder(second);
  if (parser.HandleNextDocument(second_builder)) {
    document.problems.push_back(
        {second_builder.start_line(), "a second YAML document begins here; the file must hold one"});
  }
  document.readable = true;
}

}  // namespace

YamlDocument ReadYaml(std::string_view text) {
  YamlDocument document;
  if (auto problem = CheckBytes(text)) {
    document.problems.push_back(*std::move(problem));
    return document;
  }
  try {
    Parse(text, document);
  } catch (const YAML::DeepRecursion& error) {
    document.problems.push_back({LineOf(error.mark), "not valid YAML: nested too deep"});
  } catch (const YAML::Exception& error) {
    document.problems.push_back({LineOf(error.mark), Explain(error.msg)});
  } catch (const std::exception&) {
    document.problems.push_back({1, "not valid YAML"});
  }
  return document;
}

}  // namespace session_gateway
