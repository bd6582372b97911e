#include "server/upstream/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/write.hpp>

namespace session_gateway {

Task<void> Connection::WaitForWrite() {
  if (write_.ended) co_return;
  write_ended_.emplace(socket.get_executor());
  co_await write_ended_->Wait();
  write_ended_.reset();
}

void Connection::Close() {
  ErrorCode ignored;
  socket.close(ignored);
}

void Connection::EndWrite(const ErrorCode& error, std::size_t bytes) {
  write_ = {true, error, bytes};
  if (error) EndStream();
  if (write_ended_) write_ended_->Announce();
}

// Whoever reads would wait until the deadline for a peer that is still there. It can have answered half a
// request, so that is read to the end; of nothing there is no answer.
void Connection::EndStream() {
  ErrorCode ignored;
  const bool nothing_left = write_.bytes == 0;
  socket.shutdown(nothing_left ? TcpSocket::shutdown_both : TcpSocket::shutdown_send, ignored);
}

Task<std::optional<SendFailure>> PlainConnection::Handshake(CallContext&) { co_return std::nullopt; }

// What the system takes at once is known at once: a stop in this turn must not take it for unsent.
void PlainConnection::StartWrite(std::string_view head, std::string_view body) {
  write_ = {false, {}, 0};
  input_.Restart();
  const auto parts = [&head, &body] {
    return std::array<boost::asio::const_buffer, 2>{boost::asio::const_buffer(head.data(), head.size()),
                                                    boost::asio::const_buffer(body.data(), body.size())};
  };
  ErrorCode error;
  const std::size_t taken = socket.write_some(parts(), error);
  if (error && error != boost::asio::error::would_block) return EndWrite(error, taken);
  if (taken == head.size() + body.size()) return EndWrite({}, taken);
  const std::size_t of_head = std::min(taken, head.size());
  head.remove_prefix(of_head);
  body.remove_prefix(taken - of_head);
  boost::asio::async_write(socket, parts(),
                           [self = shared_from_this(), this, taken](const ErrorCode& ec, std::size_t bytes) {
                             EndWrite(ec, taken + bytes);
                           });
}

Task<std::string_view> PlainConnection::Read(ErrorCode& error) {
  const std::span<char> room = input_.Room();
  const std::size_t bytes = co_await socket.async_read_some(boost::asio::buffer(room.data(), room.size()),
                                                            boost::asio::redirect_error(kUseTask, error));
  input_.NoteRead(bytes);
  co_return std::string_view(room.data(), bytes);
}

bool PlainConnection::Quiet() {
  if (!socket.is_open()) return false;
  char byte;
  ErrorCode error;
  socket.receive(boost::asio::buffer(&byte, 1), boost::asio::socket_base::message_peek, error);
  return error == boost::asio::error::would_block;
}

}  // namespace session_gateway
