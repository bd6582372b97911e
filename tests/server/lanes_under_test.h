// On how many lanes the gateways of tests run: on one, and again on several, for which CTest runs the same
// programs a second time with SG_TEST_LANES=3.
//
// Thread rule: a pure function of the environment. Never here: what differs between the two.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace session_gateway {

inline std::size_t LanesUnderTest() {
  const char* const lanes = std::getenv("SG_TEST_LANES");
  return lanes == nullptr ? 1 : static_cast<std::size_t>(std::atoi(lanes));
}

}  // namespace session_gateway
