// A gRPC connection for a test.
//
// Thread rule: any thread. Never here: stubs.
#pragma once

#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

namespace session_gateway {

// A connection of its own: gRPC would share one between all channels to an address.
inline std::shared_ptr<grpc::Channel> ConnectTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// The last of gRPC's objects ends the library, and after a big message that may take ten seconds, for a
// thread of its own polls so long. Held, it ends with the program.
inline void HoldGrpc() { grpc_init(); }

}  // namespace session_gateway
