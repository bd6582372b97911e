// Documents with every member of the two bodies, in the one form in which the translator writes them.
#pragma once

#include <string>

namespace session_gateway::testing {

std::string SymphonyBody();
std::string SymphonyAnswer();
std::string QlikBody();

}  // namespace session_gateway::testing
