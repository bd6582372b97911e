// The command line, read and checked as far as it can be without files and network.
//
// Thread rule: one thread, once. Never here: reading files.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace session_gateway {

enum class Command { kCreateSession, kCreateExecutionSession };

// One member of the body, from --set or a flag of its own.
struct MemberFlag {
  std::string flag;  // as the user gave it, for messages
  std::string pointer;
  std::string json;
};

struct TlsFlags {
  bool enabled = false;
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  std::string server_name;
};

struct CredentialFlags {
  std::string csrf_token_file;
  std::string cookie_file;
  std::optional<std::string> basic_user;
  std::string password_file;
};

struct ClientFlags {
  Command command = Command::kCreateSession;
  std::string target;
  std::chrono::milliseconds deadline{};
  std::optional<std::string> request_id;  // `new` is one that is still to be made
  bool dry_run = false;
  TlsFlags tls;
  bool json = false;
  bool explain = false;
  std::string save;
  std::optional<std::string> body_file;
  std::vector<MemberFlag> members;
  std::string application;
  std::optional<std::string> cluster;
  CredentialFlags credentials;
  bool privileges = false;
};

// The flags, or the exit code of a program that has said all it had to say (--help, --version, a bad flag).
std::variant<ClientFlags, int> ParseClientFlags(int argc, char** argv);

}  // namespace session_gateway
