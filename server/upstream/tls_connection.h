// A connection of the loop with TLS above its socket: a TlsChannel, waited for by coroutines.
//
// Thread rule: loop thread only. Never here: TLS itself (tls_channel.h), whom to trust (tls_client.h).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "server/upstream/connection.h"
#include "server/upstream/tls_channel.h"
#include "server/upstream/tls_sessions.h"

namespace session_gateway {

class TlsConnection final : public Connection {
 public:
  // As of TlsChannel. The client outlives the connection's use.
  TlsConnection(const LoopExecutor& executor, TimePoint now, const TlsClient& client,
                std::shared_ptr<TlsSessions> sessions, std::string_view host);

  Task<std::optional<SendFailure>> Handshake(CallContext& context) override;
  void StartWrite(std::string_view head, std::string_view body) override;
  Task<std::string_view> Read(ErrorCode& error) override;
  bool Quiet() override;
  void Close() override;

  // After the handshake, whatever came of it. Handshakes of TLS 1.3 end before the peer has judged our
  // certificate; a refusal then comes with the first Read.
  TlsFacts Facts() const { return channel_.Facts(); }

 private:
  Task<void> WaitFor(IoNeed need, ErrorCode& error);
  void ContinueWrite();

  const TlsClient& client_;
  const std::shared_ptr<TlsSessions> sessions_;
  TlsChannel channel_;
};

}  // namespace session_gateway
