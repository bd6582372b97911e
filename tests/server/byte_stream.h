// One call by its bytes, both ways and step by step: for services without a stub.
//
// Thread rule: one thread at a time. Never here: what the bytes mean.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <optional>
#include <string>

namespace session_gateway {

class ByteStream {
 public:
  ByteStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& method);
  // Cancels what is not over.
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // False when the call is over.
  bool Write(const std::string& message);
  bool WriteLast(const std::string& message);
  // The next message, or nothing when the call is over.
  std::optional<std::string> Read();
  void Cancel() { context_.TryCancel(); }
  // What the call ended with. Once.
  grpc::Status Finish();

 private:
  bool Next();

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool finished_ = false;
};

}  // namespace session_gateway
