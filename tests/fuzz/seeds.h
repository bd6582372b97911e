// The inputs that a fuzzer starts from: made from the case files and the sample bodies of the tree, so that a
// new case is a new seed.
//
// Thread rule: pure functions that read files of the tree. Never here: what a fuzzer checks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace session_gateway::fuzzing {

struct Seed {
  std::string name;  // of a file
  std::string bytes;
};

// A dictionary of libFuzzer: what the tree has for that fuzzer, and the contract's names where they are of
// use.
std::string DictionaryOf(std::string_view fuzzer);

// The seeds of the fuzzer of that name; none for an unknown one.
std::vector<Seed> SeedsOf(std::string_view fuzzer);

}  // namespace session_gateway::fuzzing
