#include "tests/bench/load/byte_stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace session_gateway::bench {
namespace {

constexpr int kBacklog = 4096;

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

ssize_t ResultOf(ssize_t result) {
  if (result > 0) return result;
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return ByteStream::kBlocked;
  return ByteStream::kClosed;
}

ssize_t ResultOf(SSL* ssl, int result) {
  if (result > 0) return result;
  const int error = SSL_get_error(ssl, result);
  ERR_clear_error();
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? ByteStream::kBlocked
                                                                       : ByteStream::kClosed;
}

}  // namespace

void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

SslContext ClientContext(const std::string& ca_file, const std::string& alpn) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
    Fail(ca_file + ": no certificates");
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const std::string wire = static_cast<char>(alpn.size()) + alpn;
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

SslContext ServerContext(const std::string& cert_file, const std::string& key_file,
                         const std::string& ca_file) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_use_certificate_chain_file(context.get(), cert_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    Fail(cert_file + " and its key cannot be used");
  }
  if (!ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1)
      Fail(ca_file + ": no certificates");
    // Sessions are resumed only within one context of verification, which this names.
    SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("bench"), 5);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

int ConnectTo(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Fail("no connection: " + std::string(std::strerror(errno)));
  }
  return fd;
}

int ListenOnLoopback(std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(fd, kBacklog) != 0 || getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Fail("cannot listen: " + std::string(std::strerror(errno)));
  }
  port = ntohs(address.sin_port);
  return fd;
}

ByteStream::ByteStream(int socket, SSL_CTX* context, Side side) : socket_(socket) {
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
  if (context == nullptr) return;
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), socket_);
  if (side == Side::kClient) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

ByteStream::~ByteStream() { close(socket_); }

ssize_t ByteStream::Receive(char* into, std::size_t size) {
  if (!ssl_) return ResultOf(recv(socket_, into, size, 0));
  return ResultOf(ssl_.get(), SSL_read(ssl_.get(), into, static_cast<int>(size)));
}

ssize_t ByteStream::Send(const char* data, std::size_t size) {
  if (!ssl_) return ResultOf(send(socket_, data, size, MSG_NOSIGNAL));
  return ResultOf(ssl_.get(), SSL_write(ssl_.get(), data, static_cast<int>(size)));
}

bool Outbox::Flush(ByteStream& stream) {
  while (!empty()) {
    const ssize_t sent = stream.Send(bytes_.data() + sent_, bytes_.size() - sent_);
    if (sent == ByteStream::kClosed) return false;
    if (sent == ByteStream::kBlocked) return true;
    sent_ += static_cast<std::size_t>(sent);
  }
  bytes_.clear();
  sent_ = 0;
  return true;
}

}  // namespace session_gateway::bench
