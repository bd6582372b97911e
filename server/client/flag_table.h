// Every flag of the program, as one table: what the parser takes, what --help shows, and what completion and
// the manual are made from.
//
// Thread rule: constant. Never here: secrets; they come from files or the environment, never from a flag.
#pragma once

#include <span>
#include <string_view>

namespace session_gateway {

enum class FlagScope { kEveryCommand, kCreateSession, kCreateExecutionSession };
enum class FlagForm { kSwitch, kOnce, kRepeated };
// How the value becomes a member of the body.
enum class MemberForm { kNone, kText, kNumber };

struct FlagRow {
  FlagScope scope;
  std::string_view group;
  std::string_view name;        // `--target`
  std::string_view value_name;  // empty for a switch
  FlagForm form;
  std::string_view help;
  MemberForm member_form;
  std::string_view member;  // JSON pointer of the member that it sets
};

std::span<const FlagRow> FlagTable();

struct ExitRow {
  int code;
  std::string_view meaning;
};

inline constexpr int kExitCreated = 0;
inline constexpr int kExitNotWritten = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotSent = 3;
inline constexpr int kExitRefused = 4;
inline constexpr int kExitDoneUnreadable = 5;
inline constexpr int kExitUnknown = 6;
inline constexpr int kExitNoGateway = 7;

std::span<const ExitRow> ExitTable();

}  // namespace session_gateway
