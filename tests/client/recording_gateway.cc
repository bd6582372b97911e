#include "tests/client/recording_gateway.h"

#include <gtest/gtest.h>

namespace session_gateway {

namespace v1 = sessiongateway::v1;

constexpr auto kPatience = std::chrono::seconds(60);
constexpr auto kCancelPoll = std::chrono::milliseconds(10);

RecordingGateway::RecordingGateway(std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", credentials ? credentials : grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  EXPECT_NE(server_, nullptr);
  address_ = "127.0.0.1:" + std::to_string(port);
}

RecordingGateway::~RecordingGateway() {
  LetCallsGo();
  server_->Shutdown();
}

void RecordingGateway::AnswerWith(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  status_ = status;
}

void RecordingGateway::HoldCalls() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void RecordingGateway::LetCallsGo() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  changed_.notify_all();
}

int RecordingGateway::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::string RecordingGateway::last_request_id() const {
  const std::lock_guard lock(mutex_);
  return request_id_;
}

std::string RecordingGateway::last_csrf_token() const {
  const std::lock_guard lock(mutex_);
  return csrf_token_;
}

std::string RecordingGateway::last_metadata(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? "(none)" : found->second;
}

std::chrono::milliseconds RecordingGateway::last_time_left() const {
  const std::lock_guard lock(mutex_);
  return time_left_;
}

grpc::Status RecordingGateway::Record(grpc::ServerContext& context, const std::string& request_id) {
  std::unique_lock lock(mutex_);
  ++calls_;
  request_id_ = request_id;
  time_left_ = std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline() -
                                                                     std::chrono::system_clock::now());
  metadata_.clear();
  for (const auto& [key, value] : context.client_metadata()) {
    metadata_[std::string(key.data(), key.size())] = std::string(value.data(), value.size());
  }
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (held_ && !context.IsCancelled() && std::chrono::steady_clock::now() < end) {
    changed_.wait_for(lock, kCancelPoll);
  }
  return status_;
}

grpc::Status RecordingGateway::CreateSession(grpc::ServerContext* context,
                                             const v1::CreateSessionRequest* request,
                                             v1::CreateSessionResponse* response) {
  {
    const std::lock_guard lock(mutex_);
    csrf_token_ = request->csrf_token();
  }
  response->set_session_id("1");
  response->set_application_name(request->application_name());
  return Record(*context, request->request_id());
}

grpc::Status RecordingGateway::CreateExecutionSession(grpc::ServerContext* context,
                                                      const v1::CreateExecutionSessionRequest* request,
                                                      v1::CreateExecutionSessionResponse* response) {
  *response->mutable_execution_session() = request->execution_session();
  return Record(*context, request->request_id());
}

}  // namespace session_gateway
