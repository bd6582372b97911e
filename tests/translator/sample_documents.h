// Documents with every member of the two bodies, in the one form in which the translator writes them.
//
// Thread rule: constants. Never here: the fixtures of tests/data/.
#pragma once

#include <string>

namespace session_gateway::testing {

std::string SymphonyBody();
std::string SymphonyAnswer();
std::string QlikBody();

}  // namespace session_gateway::testing
