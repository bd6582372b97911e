// One call of either RPC from a text to a text: the request in protobuf's text format, and what came back
// (message or status with all its details and trailers) in a form that a case file holds.
//
// Thread rule: any thread. Never here: what should have come.
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace session_gateway {

struct RpcResult {
  bool ok = false;
  std::string text;      // the response in text format, or the error as ErrorText renders it
  std::string problems;  // what no answer of the gateway may look like; empty is good
  std::string outcome;   // of an error
  std::string code;      // `OK`, `INVALID_ARGUMENT`
};

// `rpc` is CreateSession or CreateExecutionSession. A request that is no text format is a problem.
RpcResult CallByText(const std::shared_ptr<grpc::Channel>& channel, const std::string& rpc,
                     const std::string& request, std::chrono::milliseconds deadline);

// The same with metadata of the caller's.
using RpcMetadata = std::vector<std::pair<std::string, std::string>>;
RpcResult CallByText(const std::shared_ptr<grpc::Channel>& channel, const std::string& rpc,
                     const std::string& request, std::chrono::milliseconds deadline,
                     const RpcMetadata& metadata);

// The value of the request's csrf_token, or empty.
std::string CsrfTokenOf(const std::string& rpc, const std::string& request);

// The text in its one form: as a printer writes it. Problems are told in `problems`.
std::string CanonicalResponse(const std::string& rpc, const std::string& text, std::string& problems);

}  // namespace session_gateway
