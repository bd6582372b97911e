// A gRPC server in the gateway's place that keeps what a client sent and answers as it is told: for TLS,
// metadata and endings that the gateway itself never gives.
//
// Thread rule: one test thread beside gRPC's own. Never here: REST.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"

namespace session_gateway {

class RecordingGateway final : public sessiongateway::v1::SessionGateway::Service {
 public:
  // On a free loopback port; plaintext without credentials.
  explicit RecordingGateway(std::shared_ptr<grpc::ServerCredentials> credentials);
  ~RecordingGateway() override;

  const std::string& address() const { return address_; }

  void AnswerWith(const grpc::Status& status);
  // Calls wait until they are cancelled or let go.
  void HoldCalls();
  void LetCallsGo();

  int calls() const;
  std::string last_request_id() const;
  std::string last_csrf_token() const;
  std::string last_metadata(const std::string& key) const;
  std::chrono::milliseconds last_time_left() const;

  grpc::Status CreateSession(grpc::ServerContext* context,
                             const sessiongateway::v1::CreateSessionRequest* request,
                             sessiongateway::v1::CreateSessionResponse* response) override;
  grpc::Status CreateExecutionSession(grpc::ServerContext* context,
                                      const sessiongateway::v1::CreateExecutionSessionRequest* request,
                                      sessiongateway::v1::CreateExecutionSessionResponse* response) override;

 private:
  grpc::Status Record(grpc::ServerContext& context, const std::string& request_id);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  grpc::Status status_;
  bool held_ = false;
  int calls_ = 0;
  std::string request_id_;
  std::string csrf_token_;
  std::map<std::string, std::string> metadata_;
  std::chrono::milliseconds time_left_{};
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace session_gateway
