// YAML text as a small tree with line numbers, in the plain subset that the configuration accepts: maps,
// lists and scalars of one document. Anchors, aliases and tags are problems, and so is text that is not
// UTF-8.
//
// Thread rule: a function on values. Never here: an exception that escapes, the names of the keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace session_gateway {

struct YamlNode {
  enum class Kind {
    kNull,
    kText,
    kList,
    kMap,
    kRefused,  // stands for an alias, whose problem is already in the list
  };
  Kind kind = Kind::kNull;
  int line = 1;
  std::string key;                 // of a map's child
  std::string text;                // of kText, its quotes resolved
  std::vector<YamlNode> children;  // of kList and kMap, in the order of the text; a key may be there twice
};

struct YamlProblem {
  int line = 1;
  std::string message;  // without any value of the text
};

struct YamlDocument {
  bool readable = false;  // false: `root` says nothing, and `problems` holds the reason
  YamlNode root;          // kNull for a text without content
  std::vector<YamlProblem> problems;
};

YamlDocument ReadYaml(std::string_view text);

}  // namespace session_gateway
