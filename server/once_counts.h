// What became of the calls with a request_id since the start, for the people who run the gateway.
//
// Thread rule: values. Never here: which call it was.
#pragma once

#include <cstdint>

#include "server/log.h"

namespace session_gateway {

struct OnceCounts {
  // How calls began: each is one of these.
  std::uint64_t sent = 0;           // claimed, and handed to the upstream
  std::uint64_t joined = 0;         // came while the same one ran in this process
  std::uint64_t replayed = 0;       // told a done end again
  std::uint64_t still_unknown = 0;  // told again that the end is not known
  std::uint64_t other_content = 0;  // REQUEST_ID_REUSED
  std::uint64_t full = 0;           // the ledger had no room
  std::uint64_t unreachable = 0;    // the ledger was out of reach
  std::uint64_t left = 0;           // all callers had gone before it was sent
  // How those that were sent ended.
  std::uint64_t done = 0;
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t not_sent = 0;
  // Questions whether something is there; those that are neither failed.
  std::uint64_t asked = 0;
  std::uint64_t found = 0;
  std::uint64_t absent = 0;

  std::uint64_t lost = 0;  // ends that the ledger did not take

  OnceCounts& operator+=(const OnceCounts& more);
};

// One line: `ledger`.
void LogCounts(Log& log, const OnceCounts& counts);

}  // namespace session_gateway
