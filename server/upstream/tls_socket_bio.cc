#include "server/upstream/tls_socket_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>

namespace session_gateway {
namespace {

SocketBio& StateOf(BIO* bio) { return *static_cast<SocketBio*>(BIO_get_data(bio)); }

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int Write(BIO* bio, const char* bytes, int size) {
  SocketBio& state = StateOf(bio);
  BIO_clear_retry_flags(bio);
  if (state.descriptor < 0) {
    state.write_error = ECANCELED;
    return -1;
  }
  if (state.write_error != 0) return size;
  const ssize_t taken = ::send(state.descriptor, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (taken >= 0) {
    if (state.counts) state.taken += static_cast<std::size_t>(taken);
    return static_cast<int>(taken);
  }
  if (WouldBlock(errno)) {
    BIO_set_retry_write(bio);
    return -1;
  }
  state.write_error = errno;
  const bool peer_is_gone = errno == EPIPE || errno == ECONNRESET;
  return peer_is_gone ? size : -1;
}

int Read(BIO* bio, char* bytes, int size) {
  SocketBio& state = StateOf(bio);
  BIO_clear_retry_flags(bio);
  if (state.descriptor < 0) {
    state.read_error = ECANCELED;
    return -1;
  }
  const ssize_t read = ::recv(state.descriptor, bytes, static_cast<std::size_t>(size), 0);
  if (read > 0) return static_cast<int>(read);
  if (read == 0) {
    state.ended = true;
    return 0;
  }
  if (WouldBlock(errno)) {
    state.drained = true;
    BIO_set_retry_read(bio);
  } else {
    state.read_error = errno;
  }
  return -1;
}

// The end of the stream is not told here: OpenSSL would answer it with an alert and forget the session.
long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int Create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

}  // namespace

Owned<BIO_METHOD> MakeSocketBioMethod() {
  Owned<BIO_METHOD> method(BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "socket"));
  if (method == nullptr) return method;
  BIO_meth_set_write(method.get(), Write);
  BIO_meth_set_read(method.get(), Read);
  BIO_meth_set_ctrl(method.get(), Control);
  BIO_meth_set_create(method.get(), Create);
  return method;
}

Owned<BIO> MakeSocketBio(const BIO_METHOD* method, SocketBio& state) {
  Owned<BIO> bio(BIO_new(method));
  if (bio != nullptr) BIO_set_data(bio.get(), &state);
  return bio;
}

}  // namespace session_gateway
