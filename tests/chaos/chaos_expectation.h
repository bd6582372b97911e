// What the table of outcomes demands of a call, told from the bytes that a connection without TLS let
// through.
//
// Thread rule: free functions on values. Never here: what the gateway said.
#pragma once

#include <string>

#include "tests/chaos/chaos_proxy.h"

namespace session_gateway {

// How far both directions of a connection had come before the call: a kept connection has carried others.
struct ChaosMark {
  std::uint64_t request = 0;
  std::uint64_t answer = 0;
};

// As ChaosTold::Row has it.
std::string DemandedRow(const ChaosConnection& connection, const ChaosMark& from);

}  // namespace session_gateway
