#include "server/rpc/generic_call.h"

#include <grpcpp/support/slice.h>

#include <utility>
#include <vector>

#include "server/rpc/generic_services.h"

namespace session_gateway {
namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

GenericCall::GenericCall(GenericServices& services, Lanes& lanes)
    : presence_(lanes), services_(services), lanes_(lanes) {
  context_.AsyncNotifyWhenDone(static_cast<EventTarget*>(&done_));
}

GenericCall::~GenericCall() = default;

void GenericCall::Listen(std::unique_ptr<GenericCall> call) {
  GenericCall& listening = *call.release();
  listening.arrived_.HandOver();
  listening.services_.Request(listening.context_, listening.stream_,
                              static_cast<EventTarget*>(&listening.arrived_));
}

void GenericCall::OnArrived(bool ok) {
  std::unique_ptr<GenericCall> self(this);  // it was gRPC's until now
  // The server shut down first. gRPC gives no notice of a call that never began.
  if (!ok) return;
  awaited_ = 1;  // the notice that gRPC is done
  services_.Take(std::move(self));
}

void GenericCall::Run(std::unique_ptr<GenericMethod> logic) {
  logic_ = std::move(logic);
  Tell([this] { logic_->Begin(); });
}

template <typename Action>
void GenericCall::Tell(Action action) {
  if (finish_called_) return;
  try {
    action();
  } catch (...) {
    Finish(grpc::Status(grpc::StatusCode::INTERNAL, "internal error"));
  }
}

void GenericCall::EndForDrain() {
  is_ending_ = true;
  // A write that is under way comes first.
  if (!writing_) Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is shutting down"));
}

void GenericCall::Cut() {
  is_cut_ = true;
  context_.TryCancel();
}

void GenericCall::Read() { stream_.Read(&message_, Begin(read_)); }

void GenericCall::Write(const std::string& message) {
  if (finish_called_) return;
  writing_ = true;
  stream_.Write(BufferOf(message), Begin(written_));
}

void GenericCall::WriteAndFinish(const std::string& message) {
  finish_called_ = true;
  stream_.WriteAndFinish(BufferOf(message), grpc::WriteOptions(), grpc::Status::OK, Begin(finished_));
}

void GenericCall::Finish(const grpc::Status& status) {
  if (finish_called_) return;
  finish_called_ = true;
  stream_.Finish(status, Begin(finished_));
}

void* GenericCall::Begin(Event& event) {
  ++awaited_;
  return static_cast<EventTarget*>(&event);
}

void GenericCall::OnRead(bool ok) {
  Tell([this, ok] {
    if (!ok) return logic_->OnNoMessage();
    const std::string message = BytesOf(message_);
    message_.Clear();
    logic_->OnMessage(message);
  });
  Release();
}

void GenericCall::OnWritten(bool ok) {
  writing_ = false;
  if (!ok || is_gone_) Finish(grpc::Status::CANCELLED);
  Tell([this] { logic_->OnWritten(); });
  if (is_ending_) EndForDrain();
  Release();
}

void GenericCall::OnDone(bool) {
  is_gone_ = true;
  // A call that nobody finished was cancelled. A write that is under way comes first.
  if (!writing_) Finish(grpc::Status::CANCELLED);
  Release();
}

void GenericCall::OnFinished(bool) { Release(); }

void GenericCall::Release() {
  if (--awaited_ == 0) services_.Remove(slot_);
}

}  // namespace session_gateway
