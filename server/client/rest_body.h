// The body that a user has for the REST API, as the message that makes the gateway send just that body. What
// cannot be sent with the same meaning is named by its JSON pointer, with the reason and what to do, before
// anything is sent.
//
// Known members become fields, unknown ones entries of additional_json, as well as a null and an empty list
// of a known member. Numbers count by their value: 8.0 and 1e1 are whole numbers.
//
// Thread rule: pure. Never here: rules about values that only the gateway or the upstream judges.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/client/json_tree.h"

namespace session_gateway {

// `place` is a JSON pointer, or empty for the whole body.
struct BodyProblem {
  std::string place;
  std::string rule;
};

// Fills the empty `message`. With a problem it is of no use.
std::vector<BodyProblem> FillFromRestBody(JsonNode body, google::protobuf::Message& message);

// The body that the gateway writes of a message or reads into one.
JsonNode RestBodyOf(const google::protobuf::Message& message);

// The JSON pointer that a path in an error means, `session.docker_mount_definition[0].host_dir`, where the
// body's own part of the path begins with `root`. The path itself when it is none of the body's.
std::string PlaceOfPath(const google::protobuf::Descriptor& body, std::string_view root,
                        std::string_view path);

}  // namespace session_gateway
