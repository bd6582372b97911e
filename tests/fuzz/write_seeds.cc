// write_fuzz_seeds FUZZER FOLDER DICTIONARY: the seeds of one fuzzer as files, and its dictionary.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/fuzz/seeds.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: write_fuzz_seeds FUZZER FOLDER DICTIONARY\n";
    return 2;
  }
  const std::filesystem::path folder = argv[2];
  std::filesystem::create_directories(folder);
  const auto seeds = session_gateway::fuzzing::SeedsOf(argv[1]);
  for (const auto& seed : seeds) {
    std::ofstream(folder / seed.name, std::ios::binary) << seed.bytes;
  }
  std::ofstream(argv[3]) << session_gateway::fuzzing::DictionaryOf(argv[1]);
  return seeds.empty() ? 1 : 0;
}
