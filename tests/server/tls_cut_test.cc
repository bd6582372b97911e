// TLS streams that are cut, stopped or stalled at any byte: `sent` is right, and nothing hangs.
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/server/tls_fixture.h"

namespace session_gateway {
namespace {

#ifdef SESSION_GATEWAY_SANITIZED
constexpr std::size_t kStep = 97;
#else
constexpr std::size_t kStep = 13;
#endif

class TlsCutTest : public TlsEngineTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Versions, TlsCutTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& param) { return param.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

// The server sends n bytes of its stream and leaves. What it got of the request is known there, so `sent` can
// be judged: false only when nothing of it can have left.
TEST_P(TlsCutTest, AfterEachByteOfTheAnswer) {
  const TlsServer tls(Good(GetParam()));
  bool whole = false;
  int unreachable = 0;
  int lost = 0;
  for (std::size_t n = 0; !whole && !HasFailure(); n += kStep) {
    SCOPED_TRACE(n);
    ASSERT_LT(n, 20000u);
    std::atomic<bool> got_request = false;
    std::atomic<bool> shaken = false;
    SendResult result;
    {
      RawServer server([&](RawConnection& raw) {
        TlsPeer peer(raw, tls);
        peer.budget = n;
        shaken = peer.Handshake();
        if (!shaken) return;
        got_request = !peer.ReadRequest().empty();
        peer.Send(kOk);
        raw.WaitUntilDelivered();
        if (n % 2 == 1) raw.ResetAtEnd();
      });
      ConnectTls(server);
      result = Send(Post());
      engine_.reset();
    }
    if (const auto* failure = std::get_if<SendFailure>(&result)) {
      if (got_request) {
        EXPECT_TRUE(failure->sent);
      }
      if (PhaseName(failure->phase) == PhaseName(Phase::kHandshake)) {
        EXPECT_EQ(failure->kind, FailureKind::kUnreachable) << failure->detail;
        EXPECT_FALSE(failure->sent);
        EXPECT_FALSE(got_request);
        ++unreachable;
      } else {
        EXPECT_EQ(failure->kind, FailureKind::kLost) << failure->detail;
        EXPECT_TRUE(failure->sent);
        ++lost;
      }
    } else {
      ExpectReply(result, 200, "{}");
      whole = true;
    }
  }
  EXPECT_GT(unreachable, 0);
  EXPECT_GT(lost, 0);
}

// The server reads n bytes of what we send and leaves with a reset: in the handshake, or in the request.
TEST_P(TlsCutTest, AfterEachByteOfTheRequest) {
  const TlsServer tls(Good(GetParam()));
  const std::string body(100 * 1024, 'b');
  for (std::size_t n = 1; n < body.size() && !HasFailure(); n += n < 2000 ? kStep * 5 : 8111) {
    SCOPED_TRACE(n);
    std::atomic<std::size_t> plain = 0;
    SendResult result;
    {
      RawServer server([&](RawConnection& raw) {
        TlsPeer peer(raw, tls);
        peer.take = n;
        peer.Handshake();
        while (peer.ReadMore()) plain = peer.buffered();
        raw.ResetAtEnd();
      });
      ConnectTls(server);
      result = Send(Post(body));
      engine_.reset();
    }
    const auto* failure = std::get_if<SendFailure>(&result);
    ASSERT_NE(failure, nullptr);
    if (plain > 0) {
      EXPECT_TRUE(failure->sent) << failure->detail;
    }
    EXPECT_EQ(failure->kind, PhaseName(failure->phase) == PhaseName(Phase::kHandshake)
                                 ? FailureKind::kUnreachable
                                 : FailureKind::kLost);
  }
}

// The peer stalls in the middle of the handshake.
TEST_P(TlsCutTest, AStopInTheHandshakeSendsNothing) {
  const TlsServer tls(Good(GetParam()));
  for (const StopReason reason : {StopReason::kDeadline, StopReason::kCancelled}) {
    for (const std::size_t n : {0, 5, 400}) {
      SCOPED_TRACE(n);
      std::atomic<bool> stalled = false;
      RawServer server([&](RawConnection& raw) {
        TlsPeer peer(raw, tls);
        peer.budget = n;
        peer.Handshake();
        raw.WaitUntilDelivered();
        stalled = true;
        raw.WaitForEnd();
      });
      ConnectTls(server);
      const SendResult result = SendAndStop(Post(), reason, [&] { return stalled.load(); });
      ExpectFailure(result,
                    reason == StopReason::kDeadline ? FailureKind::kDeadline : FailureKind::kCancelled,
                    Phase::kHandshake, false);
      EXPECT_EQ(engine_->open_connections(), 0u);
      engine_.reset();
    }
  }
}

TEST_P(TlsCutTest, AStopWhileSendingAndWaiting) {
  const TlsServer tls(Good(GetParam()));
  for (const bool sending : {true, false}) {
    SCOPED_TRACE(sending);
    std::atomic<bool> began = false;
    Signal hold;
    RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection&) {
      if (sending) {
        peer.ReadMore();
      } else {
        peer.ReadRequest();
      }
      began = true;
      hold.Wait();
    }));
    ConnectTls(server);
    const std::size_t size = sending ? 64 * 1024 * 1024 : 2;
    const SendResult result =
        SendAndStop(Post(std::string(size, 'b')), StopReason::kDeadline, [&] { return began.load(); });
    ExpectFailure(result, FailureKind::kDeadline, sending ? Phase::kSend : Phase::kWait, true);
    EXPECT_EQ(engine_->open_connections(), 0u);
    hold.Set();
    engine_.reset();
  }
}

// An answer that comes as fast as it can be read must not keep a stop from its turn.
TEST_P(TlsCutTest, AStopWhileABodyFloods) {
  const TlsServer tls(Good(GetParam()));
  std::atomic<bool> flooding = false;
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection&) {
    peer.ReadRequest();
    bool open = peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n");
    flooding = true;
    const std::string piece(16 * 1024, 'x');
    while (open) open = peer.Send(piece);
  }));
  EngineLimits limits;
  limits.answer_body_bytes = std::size_t{100} * 1024 * 1024 * 1024;
  ConnectTls(server, "127.0.0.1", limits);
  const auto call = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return flooding.load(); }));
  LoopTimer deadline(loop_, std::chrono::milliseconds(20));
  deadline.async_wait([&](const boost::system::error_code&) { call->context.Stop(StopReason::kDeadline); });
  const SendResult result = Finish(*call);
  ASSERT_TRUE(std::holds_alternative<HttpReply>(result));
  EXPECT_EQ(std::get<HttpReply>(result).body_state, BodyState::kDeadline);
}

// Endless messages that are no data do not either.
TEST_F(TlsEngineTest, AStopWhileTicketsFlood) {
  const TlsServer tls(Good());
  std::atomic<bool> flooding = false;
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection&) {
    peer.ReadRequest();
    bool open = true;
    while (open) {
      for (int i = 0; i < 20; ++i) peer.EncryptTicket();
      open = peer.Flush();
      flooding = true;
    }
  }));
  ConnectTls(server);
  const SendResult result = SendAndStop(Post(), StopReason::kDeadline, [&] { return flooding.load(); });
  ExpectFailure(result, FailureKind::kDeadline, Phase::kWait, true);
}

TEST_F(TlsEngineTest, FactsTellWhatTheHandshakeHasShown) {
  TlsServerOptions options = Good(TLS1_2_VERSION);
  options.client_ca = authority_.root_pem();
  const TlsServer tls(options);
  RawServer server(AfterHandshake(tls, AlwaysOver(kOk)));
  SetMaterial(With(authority_.Issue(pki::Client("gateway"))));
  const auto sessions = std::make_shared<TlsSessions>();
  const auto shake = [&](std::string host) {
    TlsConnection connection(loop_.get_executor(), clock_.Now(), *client_, sessions, host);
    connection.socket.connect(TcpAddress(boost::asio::ip::address_v4::loopback(), server.port()));
    connection.socket.non_blocking(true);
    CallContext context(clock_.Now() + kPatience);
    bool ended = false;
    std::optional<SendFailure> failure;
    boost::asio::co_spawn(loop_, connection.Handshake(context),
                          [&](std::exception_ptr, std::optional<SendFailure> result) {
                            failure = std::move(result);
                            ended = true;
                          });
    EXPECT_TRUE(RunUntil([&] { return ended; }));
    TlsFacts facts = connection.Facts();
    EXPECT_EQ(failure.has_value(), facts.verify_error != 0);
    connection.Close();
    return facts;
  };
  const TlsFacts good = shake("127.0.0.1");
  EXPECT_EQ(good.version, "TLSv1.2");
  EXPECT_FALSE(good.cipher.empty());
  EXPECT_FALSE(good.resumed);
  EXPECT_TRUE(good.certificate_requested);
  EXPECT_TRUE(good.certificate_configured);
  ASSERT_EQ(good.chain.size(), 2u);
  EXPECT_EQ(good.chain[1].subject, "CN=Test authority");
  EXPECT_EQ(good.chain[0].subject, "CN=localhost");
  EXPECT_EQ(good.chain[0].issuer, "CN=Test authority");
  EXPECT_EQ(good.chain[0].serial, options.certificate.serial);
  EXPECT_EQ(good.chain[0].names, (std::vector<std::string>{"DNS:localhost", "IP:127.0.0.1", "IP:::1"}));
  EXPECT_LT(good.chain[0].not_before, clock_.WallNow());
  EXPECT_GT(good.chain[0].not_after, clock_.WallNow() + std::chrono::hours(23));
  EXPECT_TRUE(shake("127.0.0.1").resumed);

  sessions->Clear();
  const TlsFacts wrong = shake("other.example");
  EXPECT_NE(wrong.verify_error, 0);
  EXPECT_EQ(wrong.verify_words, "the peer's certificate is not for the name other.example");
  ASSERT_TRUE(wrong.wrong.has_value());
  EXPECT_EQ(wrong.wrong->serial, options.certificate.serial);
  EXPECT_EQ(wrong.wrong_depth, 0);
}

}  // namespace
}  // namespace session_gateway
