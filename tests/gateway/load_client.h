// Many calls at once, both RPCs in turn, over a few connections from one thread.
//
// Thread rule: one thread. Never here: what the calls create.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

namespace session_gateway {

struct LoadResult {
  int symphony_calls = 0;  // that succeeded
  int qlik_calls = 0;
  int errors = 0;
  std::string first_error;
};

class LoadClient {
 public:
  explicit LoadClient(const std::string& address);
  explicit LoadClient(const std::vector<std::shared_ptr<grpc::Channel>>& channels);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  LoadResult Run(int calls, int in_flight);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace session_gateway
