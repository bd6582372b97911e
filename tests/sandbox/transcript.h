// What the sandbox saw, for people: exchanges as readable text, and whether a document says the same as a
// row.
//
// Thread rule: pure. Never here: judging a request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/sandbox/sandbox.h"

namespace session_gateway::sandbox {

// Each request with its answer, oldest first; bodies that are JSON are indented, their numbers as they were
// sent.
std::string Transcript(const std::vector<SandboxRequest>& requests);

// Where `document` (JSON) differs from the newest of `rows`, or empty when they say the same. A null member
// of the row counts as absent.
std::string DifferenceFromNewestRow(std::string_view document, const std::vector<std::string>& rows);

}  // namespace session_gateway::sandbox
