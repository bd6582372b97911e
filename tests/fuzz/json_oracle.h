// The other JSON parser's opinion of a text, made comparable: what that parser cannot take although it is
// JSON (a number that no double holds, a lone surrogate) is first replaced by something of the same grammar
// that it can take.
//
// Thread rule: pure functions. Never here: the reader that is judged.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace session_gateway::fuzzing {

struct Tamed {
  std::string text;
  bool has_mark = false;            // begins with a byte-order mark
  bool has_nul = false;             // which the other parser takes for the end
  bool has_lone_surrogate = false;  // as an escape
  bool changed = false;             // and so the values are not all those of the text
};

Tamed Tame(std::string_view text);

struct Opinion {
  std::optional<nlohmann::json> document;  // nothing: it is no JSON
  int depth = 0;                           // of nesting, the outermost as 1
  bool has_duplicate = false;              // a name twice in one object
};

Opinion Ask(const std::string& tamed);

}  // namespace session_gateway::fuzzing
