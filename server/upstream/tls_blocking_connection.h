// A connection of the engine that waits in threads, with TLS above its socket: a TlsChannel in steps.
//
// Thread rule: as blocking_connection.h; Adopt, Quiet, Close and Settle on the loop thread, which alone has
// the sessions. Never here: TLS itself (tls_channel.h), whom to trust (tls_client.h).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "server/upstream/blocking_connection.h"
#include "server/upstream/tls_channel.h"
#include "server/upstream/tls_sessions.h"

namespace session_gateway {

class TlsBlockingConnection final : public BlockingConnection {
 public:
  // As of TlsChannel. The client outlives the connection's use.
  TlsBlockingConnection(TimePoint now, const TlsClient& client, std::shared_ptr<TlsSessions> sessions,
                        std::string_view host)
      : BlockingConnection(now), client_(client), sessions_(std::move(sessions)), channel_(client, host) {}

  void Adopt(int descriptor) override;
  IoNeed Shake(std::optional<SendFailure>& failure) override;
  void StartWrite(std::string_view head, std::string_view body) override;
  IoNeed ContinueWrite() override;
  IoNeed Read(std::string_view& bytes, ErrorCode& error) override;
  bool Quiet() override;
  void Close() override;
  void Settle() override;

 private:
  const TlsClient& client_;
  const std::shared_ptr<TlsSessions> sessions_;
  TlsChannel channel_;
  bool has_begun_ = false;
  bool spoilt_session_ = false;
};

}  // namespace session_gateway
