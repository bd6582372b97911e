// How a call ended that did not succeed, from the status and its details: what the user, a script and the
// exit code are told.
//
// Thread rule: values. Never here: how it is printed.
#pragma once

#include <grpcpp/support/status.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "server/client/channel.h"
#include "server/client/rest_body.h"

namespace session_gateway {

// Who says that it failed.
enum class FailureSource { kClient, kTransport, kGateway };

struct CallFailure {
  FailureSource source = FailureSource::kClient;
  std::string code;  // of gRPC, `INVALID_ARGUMENT`; empty from the client
  std::string message;
  std::string reason;
  std::string outcome;
  std::string phase;
  std::string upstream;
  std::optional<int> http_status;
  std::string created_id;               // where an answer that cannot be read gave it away
  std::vector<BodyProblem> violations;  // places are paths of the message
  std::optional<double> retry_after_seconds;
  int exit_code = 0;
};

// Refused by this program.
CallFailure LocalFailure(std::string message, std::vector<BodyProblem> problems);

// `request_bytes` is the size of the request's message: the server's own refusal of a larger one names it.
CallFailure FailureOf(const grpc::Status& status, Connection connection, std::size_t request_bytes);

}  // namespace session_gateway
