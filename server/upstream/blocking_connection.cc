#include "server/upstream/blocking_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace session_gateway {
namespace {

using ErrorCode = boost::system::error_code;

ErrorCode SystemError(int number) { return ErrorCode(number, boost::system::system_category()); }
bool WouldBlock(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

// What is only read is asked for by a pointer to what may be written.
iovec PartOf(std::string_view text) { return {std::bit_cast<void*>(text.data()), text.size()}; }

}  // namespace

// Whoever reads would wait until the deadline for a peer that is still there. It can have answered half a
// request, so that is read to the end; of nothing there is no answer.
void BlockingConnection::EndWrite(const ErrorCode& error, std::size_t bytes) {
  write_ = {true, error, bytes};
  if (error) ::shutdown(descriptor_, bytes == 0 ? SHUT_RDWR : SHUT_WR);
}

void BlockingConnection::CloseDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

IoNeed PlainBlockingConnection::Shake(std::optional<SendFailure>&) { return IoNeed::kNothing; }

void PlainBlockingConnection::StartWrite(std::string_view head, std::string_view body) {
  write_ = {false, {}, 0};
  head_ = head;
  body_ = body;
  ContinueWrite();
}

IoNeed PlainBlockingConnection::ContinueWrite() {
  std::array<iovec, 2> parts{PartOf(head_), PartOf(body_)};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  ssize_t taken = -1;
  do {
    taken = ::sendmsg(descriptor(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (taken < 0 && errno == EINTR);
  if (taken < 0) {
    if (WouldBlock(errno)) return IoNeed::kWrite;
    EndWrite(SystemError(errno), write_.bytes);
    return IoNeed::kNothing;
  }
  const auto bytes = static_cast<std::size_t>(taken);
  write_.bytes += bytes;
  const std::size_t of_head = std::min(bytes, head_.size());
  head_.remove_prefix(of_head);
  body_.remove_prefix(bytes - of_head);
  if (!head_.empty() || !body_.empty()) return IoNeed::kWrite;
  EndWrite({}, write_.bytes);
  return IoNeed::kNothing;
}

IoNeed PlainBlockingConnection::Read(std::string_view& bytes, ErrorCode& error) {
  bytes = {};
  ssize_t got = -1;
  do {
    got = ::recv(descriptor(), input_.data(), input_.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    if (WouldBlock(errno)) return IoNeed::kRead;
    error = SystemError(errno);
  } else if (got == 0) {
    error = boost::asio::error::eof;
  } else {
    error = {};
    bytes = {input_.data(), static_cast<std::size_t>(got)};
  }
  return IoNeed::kNothing;
}

bool PlainBlockingConnection::Quiet() {
  if (descriptor() < 0) return false;
  char byte;
  return ::recv(descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && WouldBlock(errno);
}

}  // namespace session_gateway
