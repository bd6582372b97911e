// Looks through a REST body before it becomes a message: what could not be sent as it stands, and what needs
// more than reading it into fields.
//
// Thread rule: pure. Never here: the message.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/client/json_tree.h"
#include "server/client/rest_body.h"
#include "translator/field_plan.h"

namespace session_gateway {

struct BodyFindings {
  std::vector<BodyProblem> problems;                  // in the order of the document
  std::map<std::string, std::string> additional;      // null and [] of known members, by their pointers
  std::vector<std::vector<std::string>> unset_dates;  // tokens of dates that the reader takes for unset
};

// Whole numbers that are written with a fraction or an exponent get their digits.
BodyFindings ExamineBody(const MessagePlan& plan, JsonNode& body);

}  // namespace session_gateway
