// Calls through the program for as long as a profiler looks at it: what each kind of call takes of the
// gateway's process.
//
//   call_profile KIND IN_FLIGHT CALLS [TOOL ARGUMENT...]
//
// KIND is symphony, symphony_once, qlik, qlik_once or all. TOOL, by its whole path, runs the program. Prints
// the process before it begins, so that a profiler can be attached, and what a call took. CALL_PROFILE_YAML
// in the environment is more of the gateway's configuration.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/bench/call_bed.h"

namespace session_gateway {
namespace {

constexpr int kConnections = 8;
constexpr int kWarmUpCalls = 2000;

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) {
    std::fprintf(stderr, "usage: call_profile KIND IN_FLIGHT CALLS [TOOL ARGUMENT...]\n");
    return 2;
  }
  const int in_flight = std::atoi(arguments[1].c_str());
  const int calls = std::atoi(arguments[2].c_str());
  const char* const yaml = std::getenv("CALL_PROFILE_YAML");
  const std::string more = yaml == nullptr ? "" : std::string(yaml) + "\n";
  CallBed bed({.connections = kConnections,
               .tool = {arguments.begin() + 3, arguments.end()},
               .yaml = "creates: {ledger_entries: 10000000, ledger_bytes: 16384MiB}\n" + more});
  std::printf("process %d\n", static_cast<int>(bed.pid()));
  std::fflush(stdout);
  for (const CallKind& kind : kCallKinds) {
    if (arguments[0] != NameOf(kind) && arguments[0] != "all") continue;
    bed.Run(kind, std::min(calls, kWarmUpCalls), in_flight);
    const auto used = std::chrono::duration<double, std::micro>(bed.Run(kind, calls, in_flight));
    std::printf("%-14s %7.2f us of the processor a call\n", NameOf(kind).c_str(), used.count() / calls);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace session_gateway

int main(int argc, char** argv) { return session_gateway::Main({argv + 1, argv + argc}); }
