#include "server/rpc/generic_services.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"

namespace session_gateway {
namespace {

constexpr std::string_view kHealth = "grpc.health.v1.Health";
constexpr std::string_view kReflection = "grpc.reflection.v1.ServerReflection";
constexpr std::string_view kReflectionAlpha = "grpc.reflection.v1alpha.ServerReflection";

// Calls that wait for a caller: as many as a burst may bring.
constexpr int kListeningCalls = 16;
// So long a call may outlast the end of the streams: its caller reads nothing, or sends nothing.
constexpr Duration kStreamGrace = std::chrono::milliseconds(250);

grpc::Status TooMany() {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams of health and reflection at once"};
}

bool IsMethod(std::string_view path, std::string_view service, std::string_view method) {
  return path.size() == service.size() + method.size() + 2 && path.starts_with('/') &&
         path.substr(1).starts_with(service) && path[service.size() + 1] == '/' && path.ends_with(method);
}

}  // namespace

GenericServices::GenericServices(Lanes& lanes)
    : lanes_(lanes),
      cut_timer_(lanes.tables().front().loop().get_executor()),
      health_(sessiongateway::v1::SessionGateway::service_full_name()),
      reflection_({sessiongateway::v1::SessionGateway::service_full_name(), std::string(kHealth),
                   std::string(kReflection), std::string(kReflectionAlpha)}) {}

void GenericServices::Listen(grpc::ServerCompletionQueue& queue) {
  queue_ = &queue;
  for (int i = 0; i < kListeningCalls; ++i) GenericCall::Listen(std::make_unique<GenericCall>(*this, lanes_));
}

void GenericServices::Request(grpc::GenericServerContext& context,
                              grpc::GenericServerAsyncReaderWriter& stream, void* tag) {
  service_.RequestCall(&context, &stream, queue_, queue_, tag);
}

std::unique_ptr<GenericMethod> GenericServices::MakeLogic(GenericCall& call) {
  const std::string_view path = call.method();
  if (IsMethod(path, kHealth, "Check")) return health_.Check(call);
  if (IsMethod(path, kHealth, "Watch")) return health_.Watch(call);
  if (IsMethod(path, kReflection, "ServerReflectionInfo") ||
      IsMethod(path, kReflectionAlpha, "ServerReflectionInfo")) {
    return reflection_.Answer(call);
  }
  return nullptr;
}

void GenericServices::Take(std::unique_ptr<GenericCall> taken) {
  GenericCall::Listen(std::make_unique<GenericCall>(*this, lanes_));
  const auto slot = calls_.insert(calls_.end(), std::move(taken));
  GenericCall& call = **slot;
  call.set_slot(slot);
  std::unique_ptr<GenericMethod> logic = MakeLogic(call);
  // As gRPC itself answers where nothing is registered.
  if (!logic) return call.Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""));
  const bool is_stream = logic->is_stream();
  if (is_stream && streams_ >= kStreamsMax) return call.Finish(TooMany());
  if (!is_stream && checks_ >= kChecksMax) CutOldestCheck();
  ++Running(*logic);
  call.Run(std::move(logic));
  if (is_stream && ending_) call.EndForDrain();
}

void GenericServices::Remove(GenericCall::Slot slot) {
  if (Counts(**slot)) --Running(*(*slot)->logic());
  calls_.erase(slot);
}

// A check takes no time unless its caller keeps back the request, or takes no answer.
void GenericServices::CutOldestCheck() {
  const auto oldest = std::find_if(calls_.begin(), calls_.end(), [](const auto& call) {
    return Counts(*call) && !call->logic()->is_stream();
  });
  if (oldest == calls_.end()) return;
  (*oldest)->Cut();
  --checks_;
}

void GenericServices::EndStreams() {
  ending_ = true;
  // None is destroyed before its events come: the list stands still.
  for (const auto& call : calls_) {
    if (call->logic() != nullptr && call->logic()->is_stream()) call->EndForDrain();
  }
  cut_timer_.expires_at(lanes_.clock().Now() + kStreamGrace);
  cut_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    for (const auto& call : calls_) call->Cut();
  });
}

}  // namespace session_gateway
