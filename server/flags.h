// The command line of the program. The only place of the server that names CLI11.
//
// Thread rule: the main thread, before any other starts. Never here: what the flags lead to.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace session_gateway {

// The command `doctor`.
struct DoctorFlags {
  bool json = false;
  std::optional<std::string> capture_file;
  std::chrono::milliseconds timeout{0};  // of one step
};

struct Flags {
  std::optional<std::string> config_file;  // exactly one of this and `sandbox`
  bool sandbox = false;
  bool check_config = false;
  std::optional<std::string> listen;  // instead of the configuration's listen.address
  std::optional<DoctorFlags> doctor;  // examine the endpoints instead of serving
};

// Exit codes of the program.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

// The flags, or the code to exit with: help, version and errors are already printed.
std::variant<Flags, int> ParseFlags(int argc, char** argv);

}  // namespace session_gateway
