// Bytes to and from a peer on a non-blocking socket, with or without TLS.
//
// Thread rule: one thread. Never here: waiting, what the bytes mean, whether a server's name is the right
// one.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace session_gateway::bench {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

// Trusts what `ca_file` signs; `alpn` is the protocol that is asked for. The program ends when a file is no
// good.
SslContext ClientContext(const std::string& ca_file, const std::string& alpn);
// With an authority, callers must show a certificate of it.
SslContext ServerContext(const std::string& cert_file, const std::string& key_file,
                         const std::string& ca_file);

// On loopback; the program ends when it cannot.
int ConnectTo(std::uint16_t port);
int ListenOnLoopback(std::uint16_t& port);

class ByteStream {
 public:
  enum class Side { kClient, kServer };
  static constexpr ssize_t kBlocked = 0;
  static constexpr ssize_t kClosed = -1;

  // Takes the socket. Without a context the bytes are plain.
  ByteStream(int socket, SSL_CTX* context, Side side);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  int socket() const { return socket_; }

  // How many bytes went through, or kBlocked, or kClosed.
  ssize_t Receive(char* into, std::size_t size);
  ssize_t Send(const char* data, std::size_t size);

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  int socket_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

// What is to be sent, until the socket takes it.
class Outbox {
 public:
  void Append(const char* data, std::size_t size) { bytes_.append(data, size); }
  bool empty() const { return sent_ == bytes_.size(); }
  // False: the peer is gone.
  bool Flush(ByteStream& stream);

 private:
  std::string bytes_;
  std::size_t sent_ = 0;
};

[[noreturn]] void Fail(const std::string& what);

}  // namespace session_gateway::bench
