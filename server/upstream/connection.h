// One connection and the two directions of its current exchange: over TCP as it is (PlainConnection), or
// with TLS above it (tls_connection.h).
//
// The request is written by a handler while the caller reads, because an answer may come before the request
// is through, and a peer that has answered may never read the rest. Thread rule: loop thread only. Never
// here: HTTP.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/upstream/dialer.h"
#include "server/upstream/input_buffer.h"
#include "server/upstream/loop_event.h"

namespace session_gateway {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using ErrorCode = boost::system::error_code;

  Connection(const LoopExecutor& executor, TimePoint now) : opened(now), idle_since(now), socket(executor) {}
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // What became of writing the request.
  struct Write {
    bool ended = true;
    ErrorCode error;
    std::size_t bytes = 0;  // of the exchange, encrypted or not, that the system has taken
  };

  // What a layer above TCP says of the end of the stream; empty where it says nothing.
  struct Fault {
    bool certificate_refused = false;  // the peer said that it does not take our certificate
    std::string words;
  };

  // After the socket is connected, once. On failure the connection is of no use.
  virtual Task<std::optional<SendFailure>> Handshake(CallContext& context) = 0;

  // Writes both parts; they must live until the write has ended or the connection was closed.
  virtual void StartWrite(std::string_view head, std::string_view body) = 0;
  const Write& write() const { return write_; }
  Task<void> WaitForWrite();

  // Reads what is there, at least one byte; empty with an error. `eof` is an end in good order.
  virtual Task<std::string_view> Read(ErrorCode& error) = 0;
  const Fault& fault() const { return fault_; }

  // Fit for another exchange: open, and the peer has neither sent anything nor ended the stream.
  virtual bool Quiet() = 0;
  virtual void Close();

  const TimePoint opened;
  TimePoint idle_since;
  TcpSocket socket;

 protected:
  // With an error the request cannot be whole any more, and the stream ends.
  void EndWrite(const ErrorCode& error, std::size_t bytes);

  Write write_;
  Fault fault_;
  InputBuffer input_;

 private:
  void EndStream();

  std::optional<LoopEvent> write_ended_;
};

class PlainConnection final : public Connection {
 public:
  using Connection::Connection;

  Task<std::optional<SendFailure>> Handshake(CallContext& context) override;
  void StartWrite(std::string_view head, std::string_view body) override;
  Task<std::string_view> Read(ErrorCode& error) override;
  bool Quiet() override;
};

}  // namespace session_gateway
