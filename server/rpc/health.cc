#include "server/rpc/health.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <optional>
#include <utility>

namespace session_gateway {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// HealthCheckResponse.ServingStatus.
enum class State : char { kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

// HealthCheckRequest.service; nothing when the message is malformed.
std::optional<std::string> ParseRequest(const std::string& message) {
  constexpr std::uint32_t kService = WireFormatLite::MakeTag(1, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(message.data()),
                         static_cast<int>(message.size()));
  std::string service;
  while (const std::uint32_t tag = input.ReadTag()) {
    const bool read = tag == kService ? WireFormatLite::ReadBytes(&input, &service)
                                      : WireFormatLite::SkipField(&input, tag);
    if (!read) return std::nullopt;
  }
  if (!input.ConsumedEntireMessage()) return std::nullopt;
  return service;
}

// HealthCheckResponse: its status is field 1, a varint.
std::string Response(State state) { return {'\x08', static_cast<char>(state)}; }

grpc::Status Malformed() { return {grpc::StatusCode::INVALID_ARGUMENT, "could not parse request"}; }

grpc::Status NoRequest() { return {grpc::StatusCode::INVALID_ARGUMENT, "no request"}; }

}  // namespace

class Health::Checking final : public GenericMethod {
 public:
  Checking(const Health& health, GenericStream& call) : health_(health), call_(call) {}

  bool is_stream() const override { return false; }
  void Begin() override { call_.Read(); }
  void OnMessage(const std::string& message) override {
    const std::optional<std::string> service = ParseRequest(message);
    if (!service) return call_.Finish(Malformed());
    if (!health_.Knows(*service)) {
      return call_.Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "service name unknown"));
    }
    call_.WriteAndFinish(Response(health_.serving_ ? State::kServing : State::kNotServing));
  }
  void OnNoMessage() override { call_.Finish(NoRequest()); }
  void OnWritten() override {}

 private:
  const Health& health_;
  GenericStream& call_;
};

class Health::Watching final : public GenericMethod {
 public:
  Watching(Health& health, GenericStream& call) : health_(health), call_(call) {}
  ~Watching() override { health_.watching_.erase(this); }

  bool is_stream() const override { return true; }
  void Begin() override { call_.Read(); }
  void OnMessage(const std::string& message) override {
    service_ = ParseRequest(message);
    if (!service_) return call_.Finish(Malformed());
    health_.watching_.insert(this);
    Tell();
  }
  void OnNoMessage() override { call_.Finish(NoRequest()); }
  void OnWritten() override {
    writing_ = false;
    Tell();
  }

  // Of a state that the watcher has not been told. While one is being written the next waits, and only the
  // last is told.
  void Tell() {
    const State state = !health_.Knows(*service_) ? State::kServiceUnknown
                        : health_.serving_        ? State::kServing
                                                  : State::kNotServing;
    if (writing_ || state == told_) return;
    writing_ = true;
    told_ = state;
    call_.Write(Response(state));
  }

 private:
  Health& health_;
  GenericStream& call_;
  std::optional<std::string> service_;
  std::optional<State> told_;
  bool writing_ = false;
};

std::unique_ptr<GenericMethod> Health::Check(GenericStream& call) {
  return std::make_unique<Checking>(*this, call);
}

std::unique_ptr<GenericMethod> Health::Watch(GenericStream& call) {
  return std::make_unique<Watching>(*this, call);
}

void Health::StopServing() {
  serving_ = false;
  for (Watching* watching : watching_) watching->Tell();
}

}  // namespace session_gateway
