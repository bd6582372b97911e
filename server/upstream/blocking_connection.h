// One connection of the engine that waits in threads: its descriptor, and steps that never wait. Who makes
// them waits, by poll, for what a step needs.
//
// Thread rule: one thread at a time; it is handed from the loop to a worker and back. Never here: waiting,
// HTTP, connecting (dialer.h does that on the loop).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "server/upstream/connection.h"
#include "server/upstream/io_need.h"

namespace session_gateway {

class BlockingConnection {
 public:
  using ErrorCode = boost::system::error_code;

  explicit BlockingConnection(TimePoint now) : opened(now), idle_since(now) {}
  virtual ~BlockingConnection() { CloseDescriptor(); }
  BlockingConnection(const BlockingConnection&) = delete;
  BlockingConnection& operator=(const BlockingConnection&) = delete;

  // Takes over a connected, non-blocking socket; once.
  virtual void Adopt(int descriptor) { descriptor_ = descriptor; }
  int descriptor() const { return descriptor_; }  // -1: closed

  // After Adopt, until kNothing: then it is done, or `failure` says why it cannot be.
  virtual IoNeed Shake(std::optional<SendFailure>& failure) = 0;

  // Both parts must live until the write has ended or the connection was closed. What the system takes at
  // once is written at once, in one call.
  virtual void StartWrite(std::string_view head, std::string_view body) = 0;
  virtual IoNeed ContinueWrite() = 0;  // while it has not ended
  const Connection::Write& write() const { return write_; }

  // With kNothing: bytes that stay until the next step, or an error, of which `eof` is an end in good order.
  virtual IoNeed Read(std::string_view& bytes, ErrorCode& error) = 0;
  const Connection::Fault& fault() const { return fault_; }

  // Fit for another exchange: open, and the peer has neither sent anything nor ended the stream.
  virtual bool Quiet() = 0;
  virtual void Close() { CloseDescriptor(); }

  // On the loop thread after a job: what the peer has given that serves other connections is kept.
  virtual void Settle() {}

  const TimePoint opened;
  TimePoint idle_since;

 protected:
  // With an error the request cannot be whole any more, and the stream ends.
  void EndWrite(const ErrorCode& error, std::size_t bytes);

  Connection::Write write_;
  Connection::Fault fault_;
  std::array<char, 16 * 1024> input_;

 private:
  void CloseDescriptor();

  int descriptor_ = -1;
};

class PlainBlockingConnection final : public BlockingConnection {
 public:
  using BlockingConnection::BlockingConnection;

  IoNeed Shake(std::optional<SendFailure>& failure) override;
  void StartWrite(std::string_view head, std::string_view body) override;
  IoNeed ContinueWrite() override;
  IoNeed Read(std::string_view& bytes, ErrorCode& error) override;
  bool Quiet() override;

 private:
  std::string_view head_;  // what is still to be written
  std::string_view body_;
};

}  // namespace session_gateway
