#include "tests/bench/work_bounds.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

namespace session_gateway {
namespace {

constexpr char kFile[] = SESSION_GATEWAY_SOURCE_DIR "/tests/bench/work_bounds.txt";
// Room for what differs between two runs, or between two releases of a library's package.
constexpr std::int64_t kRoomPercent = 10;

std::vector<std::string> ReadLines() {
  std::vector<std::string> lines;
  std::ifstream file(kFile);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void Renew(const std::string& name, std::int64_t count) {
  const std::int64_t bound = count + count * kRoomPercent / 100;
  std::vector<std::string> lines = ReadLines();
  bool is_there = false;
  for (std::string& line : lines) {
    if (!line.starts_with(name + ' ')) continue;
    line = name + ' ' + std::to_string(bound);
    is_there = true;
  }
  if (!is_there) lines.push_back(name + ' ' + std::to_string(bound));
  std::ofstream file(kFile);
  for (const std::string& line : lines) file << line << '\n';
}

}  // namespace

std::int64_t BoundOf(const std::string& name) {
  for (const std::string& line : ReadLines()) {
    std::istringstream words(line);
    std::string first;
    std::int64_t bound = 0;
    if (words >> first >> bound && first == name) return bound;
  }
  return 0;
}

void JudgeByBound(const std::string& name, std::int64_t count) {
  EXPECT_GT(count, 0) << name << " was not counted";
  EXPECT_LE(count, BoundOf(name))
      << name
      << ": more than its bound in tests/bench/work_bounds.txt. What made it more? Where that is worth "
      << "it, this test renews the bound with SESSION_GATEWAY_RENEW_BOUNDS=1 in its environment.";
}

void ExpectWithinBound(const std::string& name, std::int64_t count) {
  std::printf("%-40s %10lld, at most %lld\n", name.c_str(), static_cast<long long>(count),
              static_cast<long long>(BoundOf(name)));
  if (std::getenv("SESSION_GATEWAY_RENEW_BOUNDS") != nullptr) Renew(name, count);
  JudgeByBound(name, count);
}

}  // namespace session_gateway
