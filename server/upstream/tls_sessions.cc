#include "server/upstream/tls_sessions.h"

#include <openssl/ssl.h>

#include "server/upstream/tls_channel.h"

namespace session_gateway {
namespace {

bool Resumable(SSL_SESSION* session) {
  if (SSL_SESSION_is_resumable(session) != 1) return false;
  // A resumed session skips the look at the certificate, which may have expired since.
  X509* const peer = SSL_SESSION_get0_peer(session);
  return peer != nullptr && X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

}  // namespace

Owned<SSL_SESSION> TlsSessions::Take(const std::shared_ptr<const TlsContext>& context) {
  if (context != context_) Clear();
  while (!sessions_.empty()) {
    Owned<SSL_SESSION>& newest = sessions_.back();
    if (Resumable(newest.get())) {
      if (SSL_SESSION_get_protocol_version(newest.get()) < TLS1_3_VERSION) {
        SSL_SESSION_up_ref(newest.get());
        return Owned<SSL_SESSION>(newest.get());
      }
      Owned<SSL_SESSION> session = std::move(newest);
      sessions_.pop_back();
      return session;
    }
    sessions_.pop_back();
  }
  return nullptr;
}

void TlsSessions::Keep(const std::shared_ptr<const TlsContext>& context, Owned<SSL_SESSION> session) {
  if (context != context_) {
    Clear();
    context_ = context;
  }
  if (sessions_.size() == kSessionsMax) sessions_.pop_front();
  sessions_.push_back(std::move(session));
}

void KeepSessions(TlsChannel& channel, const TlsClient& client, TlsSessions& sessions) {
  std::deque<Owned<SSL_SESSION>> given = channel.TakeSessions();
  if (channel.context() != client.context()) return;
  for (Owned<SSL_SESSION>& session : given) sessions.Keep(channel.context(), std::move(session));
}

}  // namespace session_gateway
