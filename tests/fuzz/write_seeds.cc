// write_fuzz_seeds FUZZER FOLDER: the seeds of one fuzzer as files.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/fuzz/seeds.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: write_fuzz_seeds FUZZER FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[2];
  std::filesystem::create_directories(folder);
  const auto seeds = session_gateway::fuzzing::SeedsOf(argv[1]);
  for (const auto& seed : seeds) {
    std::ofstream(folder / seed.name, std::ios::binary) << seed.bytes;
  }
  return seeds.empty() ? 1 : 0;
}
