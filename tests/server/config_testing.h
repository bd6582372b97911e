// What the tests of the configuration share: a text in, its errors out.
//
// Thread rule: one thread per test. Never here: files.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/config.h"

namespace session_gateway {

// The smallest valid file; tests put their keys in front or behind.
inline constexpr char kSymphony[] = "symphony:\n  endpoints: [\"http://s:1\"]\n";

inline constexpr char kDurationRule[] =
    "must be a number and its unit ms, s, m or h, such as 30s, in whole milliseconds";
inline constexpr char kSizeRule[] = "must be a whole number of bytes, or one with KiB or MiB, such as 64KiB";
inline constexpr char kListenerRule[] =
    "is open to the network without TLS; configure listen.tls, or write listen.plaintext: mesh if a mesh's "
    "sidecar protects it, or listen on 127.0.0.1";

// The errors of a text as one string per line, or `{}` for a valid one.
inline std::vector<std::string> ErrorsOf(std::string_view text) {
  const auto parsed = ParseConfig(text, "c.yaml");
  std::vector<std::string> errors;
  if (const auto* found = std::get_if<ConfigErrors>(&parsed)) {
    for (const ConfigError& error : *found) errors.push_back(error.ToString());
    EXPECT_FALSE(errors.empty()) << text;
  }
  return errors;
}

inline Config Parsed(std::string_view text) {
  auto parsed = ParseConfig(text, "c.yaml");
  if (auto* config = std::get_if<Config>(&parsed)) return *config;
  for (const std::string& error : ErrorsOf(text)) ADD_FAILURE() << error;
  return {};
}

struct BadText {
  std::string text;
  std::vector<std::string> want;  // without the file's name
};

inline void ExpectErrors(const std::vector<BadText>& cases) {
  for (const BadText& test : cases) {
    std::vector<std::string> want;
    for (const std::string& error : test.want) want.push_back("c.yaml:" + error);
    EXPECT_EQ(ErrorsOf(test.text), want) << test.text;
  }
}

// A file whose first line is `line` and that is right but for it.
inline BadText Top(const std::string& line, const std::string& want) {
  return {line + "\n" + kSymphony, {"1: " + want}};
}

// A file whose second line is `line`, in `section`.
inline BadText In(const std::string& section, const std::string& line, const std::string& want) {
  return {section + ":\n  " + line + "\n" + kSymphony, {"2: " + section + "." + want}};
}

// A file with one Symphony endpoint, written as a YAML scalar.
inline BadText Symphony(const std::string& endpoint, const std::string& want) {
  return {"symphony:\n  endpoints:\n    - " + endpoint + "\n", {"3: symphony.endpoints[0]: " + want}};
}

}  // namespace session_gateway
