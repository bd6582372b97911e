// What tests of an engine with TLS share: an authority, a TLS client that trusts it, and servers whose
// scripts begin with the handshake.
//
// Thread rule: as engine_fixture.h. Never here: what is expected.
#pragma once

#include <memory>
#include <string>

#include "server/upstream/tls_client.h"
#include "server/upstream/tls_connection.h"
#include "tests/pki/pki.h"
#include "tests/server/engine_fixture.h"
#include "tests/server/tls_peer.h"

namespace session_gateway {

class TlsEngineTest : public EngineTest {
 protected:
  TlsEngineTest() { SetMaterial(Trusting()); }
  ~TlsEngineTest() override {
    engine_.reset();
    loop_.restart();
    loop_.run();
  }

  TlsMaterial Trusting() const {
    TlsMaterial material;
    material.ca = Secret(authority_.root_pem());
    return material;
  }

  TlsMaterial With(const pki::Certificate& own) const {
    TlsMaterial material = Trusting();
    material.certificate = Secret(own.FullChainPem());
    material.key = Secret(own.key_pem);
    return material;
  }

  void SetMaterial(const TlsMaterial& material) {
    const auto problem = client_->Replace(material);
    EXPECT_EQ(problem, std::nullopt) << *problem;
  }

  // A client of another name or version, with the material that trusts the authority.
  void SetClient(std::string server_name, TlsVersion version_min = TlsVersion::k12) {
    engine_.reset();
    client_ = std::make_unique<TlsClient>(std::move(server_name), version_min);
    SetMaterial(Trusting());
  }

  void ConnectTls(const RawServer& server, std::string host = "127.0.0.1", EngineLimits limits = {}) {
    limits.kind = EngineUnderTest();
    engine_ = MakeEngine(loop_, Endpoint{"https", std::move(host), server.port(), ""}, limits, clock_,
                         client_.get());
  }

  TlsServerOptions Good(int version = TLS1_3_VERSION) const {
    return {.certificate = authority_.Issue(pki::LoopbackServer()), .version = version};
  }

  const pki::CertificateAuthority authority_;
  std::unique_ptr<TlsClient> client_ = std::make_unique<TlsClient>("", TlsVersion::k12);
};

using TlsScript = std::function<void(TlsPeer&, RawConnection&)>;

// Shakes hands, then runs the script. The server outlives it.
inline RawServer::Script AfterHandshake(const TlsServer& server, TlsScript script) {
  return [&server, script = std::move(script)](RawConnection& raw) {
    TlsPeer peer(raw, server);
    if (peer.Handshake()) script(peer, raw);
  };
}

// Answers each request alike.
inline TlsScript AlwaysOver(std::string text) {
  return [text = std::move(text)](TlsPeer& peer, RawConnection&) {
    while (!peer.ReadRequest().empty() && peer.Send(text)) {
    }
  };
}

}  // namespace session_gateway
