// One connection and the two directions of its current exchange. `Stream` is what bytes are read from and
// written to: a TcpSocket here; a layered stream needs a SocketOf of its own and its handshake after Connect.
//
// The request is written by a handler while the caller reads, because an answer may come before the request
// is through, and a peer that has answered may never read the rest. Thread rule: loop thread only. Never
// here: HTTP.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/upstream/dialer.h"
#include "server/upstream/loop_event.h"

namespace session_gateway {

inline TcpSocket& SocketOf(TcpSocket& socket) { return socket; }

template <typename Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  using ErrorCode = boost::system::error_code;

  Connection(const LoopExecutor& executor, TimePoint now) : opened(now), idle_since(now), stream(executor) {}

  // What became of writing the request.
  struct Write {
    bool ended = true;
    ErrorCode error;
    std::size_t bytes = 0;  // that the system has taken
  };

  // Writes both parts; they must live until the write has ended or the connection was closed.
  void StartWrite(std::string_view head, std::string_view body) {
    write_ = {false, {}, 0};
    const std::array<boost::asio::const_buffer, 2> parts = {
        boost::asio::const_buffer(head.data(), head.size()),
        boost::asio::const_buffer(body.data(), body.size())};
    boost::asio::async_write(stream, parts,
                             [self = this->shared_from_this()](const ErrorCode& ec, std::size_t bytes) {
                               self->write_ = {true, ec, bytes};
                               if (self->write_ended_) self->write_ended_->Announce();
                             });
  }

  const Write& write() const { return write_; }

  Task<void> WaitForWrite() {
    if (write_.ended) co_return;
    write_ended_.emplace(SocketOf(stream).get_executor());
    co_await write_ended_->Wait();
    write_ended_.reset();
  }

  // Reads what is there, at least one byte; empty with an error.
  Task<std::string_view> Read(ErrorCode& error) {
    const std::size_t bytes = co_await stream.async_read_some(boost::asio::buffer(input_),
                                                              boost::asio::redirect_error(kUseTask, error));
    co_return std::string_view(input_.data(), bytes);
  }

  // Open, and the peer has neither sent anything nor ended the stream.
  bool Quiet() {
    if (!SocketOf(stream).is_open()) return false;
    char byte;
    ErrorCode error;
    SocketOf(stream).receive(boost::asio::buffer(&byte, 1), boost::asio::socket_base::message_peek, error);
    return error == boost::asio::error::would_block;
  }

  void Close() {
    ErrorCode ignored;
    SocketOf(stream).close(ignored);
  }

  const TimePoint opened;
  TimePoint idle_since;
  Stream stream;

 private:
  Write write_;
  std::optional<LoopEvent> write_ended_;
  std::array<char, 16 * 1024> input_;
};

}  // namespace session_gateway
