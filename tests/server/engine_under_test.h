// Which HTTP engine the tests run on: every test of an engine and of the whole gateway runs once with each.
// CTest runs the same programs a second time with SG_TEST_ENGINE=httplib.
//
// Thread rule: a pure function of the environment. Never here: what differs between the engines.
#pragma once

#include <cstdlib>
#include <string_view>

#include "server/upstream/engine_limits.h"

namespace session_gateway {

inline EngineKind EngineUnderTest() {
  const char* const name = std::getenv("SG_TEST_ENGINE");
  return name != nullptr && std::string_view(name) == "httplib" ? EngineKind::kHttplib : EngineKind::kBeast;
}

}  // namespace session_gateway
