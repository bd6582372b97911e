// Every seed and every input that once broke something, through the entry points of the fuzzers: without a
// fuzzing compiler, in each build of the tests.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/seeds.h"

#define SG_ENTRY(name) extern "C" int Fuzz_##name(const std::uint8_t* data, std::size_t size)
SG_ENTRY(answer_gate);
SG_ENTRY(answer_to_result);
SG_ENTRY(error_status);
SG_ENTRY(json_reading);
SG_ENTRY(message_to_request);
SG_ENTRY(query_building);
#undef SG_ENTRY

namespace session_gateway::fuzzing {
namespace {

struct Fuzzer {
  std::string name;
  int (*entry)(const std::uint8_t*, std::size_t);
};

void PrintTo(const Fuzzer& fuzzer, std::ostream* out) { *out << fuzzer.name; }

std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void Play(const Fuzzer& fuzzer, const Seed& input) {
  const std::vector<std::uint8_t> bytes(input.bytes.begin(), input.bytes.end());
  try {
    EXPECT_EQ(fuzzer.entry(bytes.data(), bytes.size()), 0) << input.name;
  } catch (const std::exception& error) {
    ADD_FAILURE() << input.name << ": " << error.what();
  }
}

// `make fuzz` plays the seeds under the sanitizers, too.
#ifdef SESSION_GATEWAY_SANITIZED
constexpr std::size_t kCutDivisor = 1;
#else
constexpr std::size_t kCutDivisor = 4;
#endif

class FuzzRegressionTest : public testing::TestWithParam<Fuzzer> {};

TEST_P(FuzzRegressionTest, EverySeedIsSound) {
  const std::vector<Seed> seeds = SeedsOf(GetParam().name);
  EXPECT_GT(seeds.size(), 10u);
  for (const Seed& seed : seeds) Play(GetParam(), seed);
}

TEST_P(FuzzRegressionTest, EveryCutSeedIsSound) {
  for (const Seed& seed : SeedsOf(GetParam().name)) {
    for (std::size_t size = 0; size < seed.bytes.size(); size += 1 + size / kCutDivisor) {
      Play(GetParam(), {seed.name + " cut to " + std::to_string(size), seed.bytes.substr(0, size)});
    }
  }
}

TEST_P(FuzzRegressionTest, WhatOnceBrokeIsSound) {
  const std::filesystem::path folder =
      std::filesystem::path(SESSION_GATEWAY_SOURCE_DIR) / "tests/fuzz/regressions" / GetParam().name;
  if (!std::filesystem::exists(folder)) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    Play(GetParam(), {entry.path().filename(), ReadBytes(entry.path())});
  }
}

const Fuzzer kFuzzers[] = {{"answer_gate", Fuzz_answer_gate},
                           {"answer_to_result", Fuzz_answer_to_result},
                           {"error_status", Fuzz_error_status},
                           {"json_reading", Fuzz_json_reading},
                           {"message_to_request", Fuzz_message_to_request},
                           {"query_building", Fuzz_query_building}};

std::string NameOf(const testing::TestParamInfo<Fuzzer>& fuzzer) { return fuzzer.param.name; }

INSTANTIATE_TEST_SUITE_P(Fuzzers, FuzzRegressionTest, testing::ValuesIn(kFuzzers), NameOf);

}  // namespace
}  // namespace session_gateway::fuzzing
