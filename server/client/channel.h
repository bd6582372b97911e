// The connection to the gateway: plaintext or TLS, made before the call so that a call that was never sent is
// told from one of which nothing is known.
//
// Thread rule: one thread. Never here: repeating a call; gRPC's own repeats are off.
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>
#include <string>
#include <variant>

#include "server/client/flags.h"

namespace session_gateway {

struct ChannelProblem {
  std::string text;
};

// Nothing is connected yet.
std::variant<std::shared_ptr<grpc::Channel>, ChannelProblem> OpenChannel(const std::string& target,
                                                                         const TlsFlags& tls);

enum class Connection { kMade, kFailed, kTimedOut };
// Waits until it is known whether the gateway can be reached.
Connection Connect(grpc::Channel& channel, std::chrono::system_clock::time_point deadline);

// True for a plaintext connection that leaves this machine.
bool IsExposed(const std::string& target, const TlsFlags& tls);

}  // namespace session_gateway
