#include "tests/server/byte_stream.h"

#include "tests/server/rpc_harness.h"

namespace session_gateway {

ByteStream::ByteStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& method)
    : stub_(channel) {
  context_.set_deadline(std::chrono::system_clock::now() + kPatience);
  call_ = stub_.PrepareCall(&context_, method, &queue_);
  call_->StartCall(nullptr);
  Next();
}

ByteStream::~ByteStream() {
  context_.TryCancel();
  if (!finished_) Finish();
  queue_.Shutdown();
  while (Next()) continue;
}

bool ByteStream::Write(const std::string& message) {
  const grpc::Slice slice(message);
  call_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  return Next();
}

bool ByteStream::WriteLast(const std::string& message) {
  const grpc::Slice slice(message);
  call_->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  return Next();
}

std::optional<std::string> ByteStream::Read() {
  grpc::ByteBuffer message;
  call_->Read(&message, nullptr);
  if (!Next()) return std::nullopt;
  grpc::Slice whole;
  if (!message.DumpToSingleSlice(&whole).ok()) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(whole.begin()), whole.size());
}

grpc::Status ByteStream::Finish() {
  grpc::Status status;
  finished_ = true;
  call_->Finish(&status, nullptr);
  Next();
  return status;
}

bool ByteStream::Next() {
  void* tag = nullptr;
  bool ok = false;
  return queue_.Next(&tag, &ok) && ok;
}

}  // namespace session_gateway
