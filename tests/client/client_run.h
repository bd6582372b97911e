// session-gateway-client, run to its end.
//
// Thread rule: one thread. Never here: what it should print.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace session_gateway {

struct ClientRun {
  int exit_code = -1;
  std::string output;  // standard output
  std::string log;     // standard error

  // The one object of --json.
  nlohmann::json Json() const;
};

ClientRun RunClient(const std::vector<std::string>& arguments);

// The arguments for a gateway at that address; `command` and the rest follow.
std::vector<std::string> At(const std::string& address, std::vector<std::string> arguments);

}  // namespace session_gateway
