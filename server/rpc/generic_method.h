// What lies between a call whose messages are bytes and the logic of its method.
//
// Thread rule: the loop thread that the call runs on. Never here: gRPC's operations (generic_call.h).
#pragma once

#include <grpcpp/support/status.h>

#include <string>

namespace session_gateway {

// A call as its logic sees it. One read and one write at a time, and nothing after a finish; each ends as a
// call of GenericMethod, but for the finish.
class GenericStream {
 public:
  virtual void Read() = 0;
  virtual void Write(const std::string& message) = 0;
  virtual void WriteAndFinish(const std::string& message) = 0;
  virtual void Finish(const grpc::Status& status) = 0;

 protected:
  ~GenericStream() = default;
};

// The logic of one call. It is told nothing after the call's finish, whoever finished it, and may be
// destroyed at any time after that.
class GenericMethod {
 public:
  virtual ~GenericMethod() = default;

  // Whether the call may stay open for as long as its caller likes.
  virtual bool is_stream() const = 0;
  virtual void Begin() = 0;
  virtual void OnMessage(const std::string& message) = 0;
  // No message comes: the caller has sent its last, or one that is too large.
  virtual void OnNoMessage() = 0;
  virtual void OnWritten() = 0;
};

}  // namespace session_gateway
