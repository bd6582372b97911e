// TLS above one socket (docs/decisions/tls.md): handshake, records and their faults in steps that never wait.
// Both engines' connections make the steps and wait in their own way.
//
// `taken()` counts what the system took after the handshake while the request was written, so nothing sent is
// told as not sent. Thread rule: one thread at a time; a step's error is explained in the thread that made
// it. Never here: waiting, whom to trust (tls_client.h), keeping of sessions.
#pragma once

#include <array>
#include <boost/system/error_code.hpp>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/upstream/connection.h"
#include "server/upstream/io_need.h"
#include "server/upstream/tls_client.h"
#include "server/upstream/tls_facts.h"
#include "server/upstream/tls_socket_bio.h"

namespace session_gateway {

class TlsChannel {
 public:
  using ErrorCode = boost::system::error_code;

  // `host` is the endpoint's; the certificate must be for the client's server name where one is set.
  TlsChannel(const TlsClient& client, std::string_view host);
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  const std::shared_ptr<const TlsContext>& context() const { return context_; }

  // On a connected, non-blocking socket; `session` may be null. False: no TLS settings are in force.
  bool Begin(int descriptor, const Owned<SSL_SESSION>& session);
  // The socket is closed, or will be.
  void Detach() { bio_.descriptor = -1; }

  // A step of the handshake; kNothing: it is done. After kFailed, HandshakeFailure in the same thread.
  IoNeed Shake();
  SendFailure HandshakeFailure();
  // A session that the peer cannot bear must not spoil the next attempt as well.
  bool offered_session() const { return offered_session_; }

  void StartWrite(std::string_view head, std::string_view body);
  // Writes on, `records_max` of them at most; kNothing: it has ended.
  IoNeed Write(int records_max, ErrorCode& error);
  std::size_t taken() const { return bio_.taken; }

  // With kNothing: bytes in `input`, or an error.
  IoNeed Read(std::span<char> input, std::string_view& bytes, ErrorCode& error);
  const Connection::Fault& fault() const { return fault_; }

  // Nothing of a new exchange or of an end has come.
  bool Quiet();
  // For peers that would otherwise log an error. It may not follow on half a record.
  void SayGoodbye();

  // What the peer has given since the last time, the newest last.
  std::deque<Owned<SSL_SESSION>> TakeSessions() { return std::exchange(sessions_, {}); }

  TlsFacts Facts() const;

  // What each context needs for its channels to learn what they must know.
  static void SetCallbacks(SSL_CTX* context);

 private:
  static int OnVerify(int verified, X509_STORE_CTX* store);
  static int OnCertificateRequest(SSL* ssl, void*);
  static int OnNewSession(SSL* ssl, SSL_SESSION* session);

  IoNeed NeedOf(int result);
  int Step();
  std::string VerifyWords() const;
  ErrorCode ExplainFailure();
  std::string_view NextPiece();

  const std::shared_ptr<const TlsContext> context_;
  const std::string name_;  // that the peer's certificate must be for
  SocketBio bio_;
  Owned<SSL> ssl_;
  Connection::Fault fault_;
  bool shaken_ = false;  // the handshake was successful
  bool offered_session_ = false;
  bool certificate_requested_ = false;
  int verify_error_ = 0;
  int wrong_depth_ = 0;
  Owned<X509> wrong_;
  std::deque<Owned<SSL_SESSION>> sessions_;  // kSessionsMax at most

  std::string_view head_;  // what is still to be written
  std::string_view body_;
  std::string_view piece_;  // of one record, being written
  std::array<char, 16 * 1024> output_;
};

}  // namespace session_gateway
