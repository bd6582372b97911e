#include "tests/gateway/callers.h"

#include <gtest/gtest.h>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/channel.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr int kChannels = 8;
constexpr auto kCallTimeout = std::chrono::seconds(60);

std::string EndOf(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.ok()) return "OK";
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto outcome = trailers.find("session-gateway-outcome");
  const std::string code = std::to_string(status.error_code());
  if (outcome == trailers.end()) return "none " + code;
  return std::string(outcome->second.data(), outcome->second.size()) + ' ' + code;
}

}  // namespace

void Tally::Add(const std::string& end) {
  const std::lock_guard lock(mutex_);
  ++ends_[end];
}

int Tally::operator[](const std::string& end) const {
  const std::lock_guard lock(mutex_);
  const auto found = ends_.find(end);
  return found == ends_.end() ? 0 : found->second;
}

int Tally::total() const {
  const std::lock_guard lock(mutex_);
  int sum = 0;
  for (const auto& [end, calls] : ends_) sum += calls;
  return sum;
}

std::string Tally::Text() const {
  const std::lock_guard lock(mutex_);
  return testing::PrintToString(ends_);
}

Callers::Callers(const std::string& address, int callers, Until until) {
  for (int i = 0; i < kChannels; ++i) channels_.push_back(ConnectTo(address));
  for (int i = 0; i < callers; ++i) {
    threads_.emplace_back(
        [this, until, channel = channels_[static_cast<std::size_t>(i % kChannels)]] { Run(channel, until); });
  }
}

Callers::~Callers() { Stop(); }

void Callers::Stop() {
  stopped_ = true;
  Join();
}

void Callers::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Callers::Run(const std::shared_ptr<grpc::Channel>& channel, Until until) {
  const auto stub = v1::SessionGateway::NewStub(channel);
  while (!stopped_) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    v1::CreateSessionRequest request;
    request.set_application_name("a");
    v1::CreateSessionResponse response;
    const grpc::Status status = stub->CreateSession(&context, request, &response);
    tally_.Add(EndOf(status, context));
    if (until == Until::kError && !status.ok()) return;
  }
}

}  // namespace session_gateway
