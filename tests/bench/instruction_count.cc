#include "tests/bench/instruction_count.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>

#include "tests/gateway/child_process.h"

namespace session_gateway {
namespace {

constexpr std::string_view kCalled = "cfn=";
constexpr std::string_view kCalls = "calls=";
constexpr std::string_view kTotals = "totals: ";

bool IsAllocator(std::string_view function) {
  return function == "malloc" || function == "calloc" || function == "realloc" ||
         function == "posix_memalign" || function == "aligned_alloc" || function.starts_with("operator new");
}

// Names stand once, as `(12) name`, and later as `(12)` alone.
class Names {
 public:
  std::string_view Of(const std::string& text) {
    const std::size_t end = text.find(')');
    if (end == std::string::npos) return {};
    std::string& name = names_[text.substr(0, end)];
    if (end + 2 <= text.size()) name = text.substr(end + 2);
    return name;
  }

 private:
  std::map<std::string, std::string> names_;
};

void Ask(pid_t program, const std::string& command) {
  ChildProcess vgdb("/usr/bin/vgdb", {"--pid=" + std::to_string(program), command});
  EXPECT_EQ(vgdb.WaitForEnd(), 0) << vgdb.log();
}

}  // namespace

WorkCount ReadCallgrind(const std::string& path) {
  WorkCount count;
  Names names;
  bool is_within = false;  // an allocator that another one calls is not counted
  bool is_allocator = false;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("fn=")) is_within = IsAllocator(names.Of(line.substr(3)));
    if (line.starts_with(kCalled)) is_allocator = IsAllocator(names.Of(line.substr(kCalled.size())));
    if (line.starts_with(kCalls) && is_allocator && !is_within) {
      count.allocations += std::strtoll(line.c_str() + kCalls.size(), nullptr, 10);
    }
    if (line.starts_with(kTotals)) {
      count.instructions = std::strtoll(line.c_str() + kTotals.size(), nullptr, 10);
    }
  }
  return count;
}

CallgrindFolder::CallgrindFolder() : path_(testing::TempDir() + "session-gateway-XXXXXX") {
  EXPECT_NE(::mkdtemp(path_.data()), nullptr);
}

CallgrindFolder::~CallgrindFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> CallgrindFolder::Tool() const {
  return {"/usr/bin/valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=" + file()};
}

void BeginCount(pid_t program) { Ask(program, "zero"); }

WorkCount EndCount(pid_t program, const CallgrindFolder& folder) {
  const auto files = [&folder] {
    std::map<std::string, std::filesystem::path> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      all[entry.path().filename()] = entry.path();
    }
    return all;
  };
  const auto before = files();
  Ask(program, "dump");
  for (const auto& [name, path] : files()) {
    if (!before.contains(name)) return ReadCallgrind(path);
  }
  ADD_FAILURE() << "callgrind has written nothing";
  return {};
}

}  // namespace session_gateway
