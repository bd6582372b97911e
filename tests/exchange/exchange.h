// Plays one case through the real gateway and a scripted upstream, and tells what happened in the words of a
// case.
//
// Thread rule: one case, one thread. Never here: judging it (exchange_test.cc).
#pragma once

#include <string>
#include <vector>

#include "tests/exchange/case_file.h"
#include "tests/exchange/rpc_text.h"

namespace session_gateway {

struct Exchange {
  RpcResult result;               // ports and keys named as in a case
  std::vector<std::string> sent;  // each request as it arrived, byte by byte, but for ports and keys
  bool part_arrived = false;      // of a request that never became a whole one
  int connections = 0;
  std::string log;                 // of the gateway
  std::vector<std::string> leaks;  // which secret stands where it must not
};

// Or what is wrong with the case.
std::variant<Exchange, std::string> PlayCase(const CaseFile& file);

}  // namespace session_gateway
