#include "server/config_advice.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "server/config_keys.h"
#include "translator/ascii.h"

namespace session_gateway {
namespace {

// What a key would read if its writer had used our form: `callTimeout` and `call-timeout` are near
// `call_timeout`.
std::string Folded(std::string_view name) {
  std::string folded = LowerCase(name);
  std::replace(folded.begin(), folded.end(), '-', '_');
  return folded;
}

// Levenshtein's distance.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// As the edit distance, but a name that was cut short is near, however much is missing.
std::size_t Distance(std::string_view name, std::string_view candidate) {
  constexpr std::size_t kBeginningBytesMin = 3;
  if (name.size() >= kBeginningBytesMin && name.size() < candidate.size() && candidate.starts_with(name))
    return 1;
  return EditDistance(name, candidate);
}

std::string Join(std::string_view section, std::string_view name) {
  std::string path(section);
  if (!path.empty()) path += '.';
  return path.append(name);
}

// The names right below a section, sections included, in the table's order.
std::vector<std::string> NamesBelow(std::string_view section) {
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) {
    std::string_view rest = key.path;
    if (!section.empty()) {
      if (!rest.starts_with(section) || rest[section.size()] != '.') continue;
      rest.remove_prefix(section.size() + 1);
    }
    std::string name(rest.substr(0, rest.find('.')));
    if (names.empty() || names.back() != name) names.push_back(std::move(name));
  }
  return names;
}

std::string_view LastName(std::string_view path) { return path.substr(path.rfind('.') + 1); }
std::string_view TopName(std::string_view path) { return path.substr(0, path.find('.')); }

// The key of that name in another place: best one of the same upstream.
const ConfigKey* FindByLastName(std::string_view section, std::string_view name) {
  const ConfigKey* found = nullptr;
  for (const ConfigKey& key : ConfigKeys()) {
    if (LastName(key.path) != name) continue;
    if (TopName(key.path) == TopName(section)) return &key;
    if (found == nullptr) found = &key;
  }
  return found;
}

}  // namespace

std::string AdviseUnknownKey(std::string_view section, std::string_view name) {
  constexpr std::size_t kNameBytesMax = 64;  // longer ones are not compared
  const std::vector<std::string> names = NamesBelow(section);
  if (name.size() <= kNameBytesMax) {
    const std::string folded = Folded(name);
    const std::string* nearest = nullptr;
    std::size_t distance = std::max<std::size_t>(folded.size() / 2, 1) + 1;
    for (const std::string& candidate : names) {
      const std::size_t candidate_distance = Distance(folded, candidate);
      if (candidate_distance >= distance) continue;
      distance = candidate_distance;
      nearest = &candidate;
    }
    if (folded.find('.') != std::string::npos && FindConfigKey(folded) != nullptr) {
      return "unknown key; write it nested: each part between the dots is a section of its own";
    }
    // A name that is right but for its place beats one that is merely alike.
    if (const ConfigKey* key = distance > 0 ? FindByLastName(section, folded) : nullptr) {
      return "unknown key; did you mean " + std::string(key->path) + "?";
    }
    if (nearest != nullptr) return "unknown key; did you mean " + Join(section, *nearest) + "?";
  }
  std::string advice = "unknown key; valid here: ";
  for (const std::string& candidate : names) {
    if (candidate != names.front()) advice += ", ";
    advice += candidate;
  }
  return advice;
}

}  // namespace session_gateway
