// A connection with TLS above its socket (docs/decisions/tls.md).
//
// `write().bytes` counts what the system took after the handshake while the request was written, so nothing
// sent is told as not sent. Thread rule: loop thread only. Never here: whom to trust (tls_client.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/upstream/connection.h"
#include "server/upstream/tls_client.h"
#include "server/upstream/tls_facts.h"
#include "server/upstream/tls_sessions.h"
#include "server/upstream/tls_socket_bio.h"

namespace session_gateway {

class TlsConnection final : public Connection {
 public:
  // `host` is the endpoint's; the certificate must be for the client's server name where one is set. The
  // client outlives the connection's use.
  TlsConnection(const LoopExecutor& executor, TimePoint now, const TlsClient& client,
                std::shared_ptr<TlsSessions> sessions, std::string_view host);
  ~TlsConnection() override;

  Task<std::optional<SendFailure>> Handshake(CallContext& context) override;
  void StartWrite(std::string_view head, std::string_view body) override;
  Task<std::string_view> Read(ErrorCode& error) override;
  bool Quiet() override;
  void Close() override;

  // After the handshake, whatever came of it. Handshakes of TLS 1.3 end before the peer has judged our
  // certificate; a refusal then comes with the first Read.
  TlsFacts Facts() const;

  // What each context needs for its connections to learn what they must know.
  static void SetCallbacks(SSL_CTX* context);

 private:
  enum class Need { kNothing, kRead, kWrite, kFailed };

  static int OnVerify(int verified, X509_STORE_CTX* store);
  static int OnCertificateRequest(SSL* ssl, void*);
  static int OnNewSession(SSL* ssl, SSL_SESSION* session);

  bool Begin();
  Need NeedOf(int result);
  int Step();
  Task<void> WaitFor(Need need, ErrorCode& error);
  SendFailure HandshakeFailure();
  std::string VerifyWords() const;
  ErrorCode ExplainFailure();
  std::string_view NextPiece();
  void ContinueWrite();

  const TlsClient& client_;
  const std::shared_ptr<const TlsContext> context_;
  const std::shared_ptr<TlsSessions> sessions_;
  const std::string name_;  // that the peer's certificate must be for
  SocketBio bio_;
  Owned<SSL> ssl_;
  bool shaken_ = false;  // the handshake was successful
  bool offered_session_ = false;
  bool certificate_requested_ = false;
  int verify_error_ = 0;
  int wrong_depth_ = 0;
  Owned<X509> wrong_;

  std::string_view head_;  // what is still to be written
  std::string_view body_;
  std::string_view piece_;  // of one record, being written
  std::array<char, 16 * 1024> output_;
};

}  // namespace session_gateway
