// Exchanges over TLS: what leaves, what comes back, and how each failure is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/server/tls_fixture.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;

// By version of TLS.
class TlsExchangeTest : public TlsEngineTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Versions, TlsExchangeTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& param) { return param.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(TlsExchangeTest, CarriesRequestAndAnswer) {
  std::string seen;
  std::string name;
  Signal read;
  TlsServer tls(Good(GetParam()));
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection&) {
    seen = peer.ReadRequest();
    if (const char* asked = SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name)) name = asked;
    read.Set();
    peer.Send("HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    peer.ReadRequest();
  }));
  ConnectTls(server, "localhost");
  const SendResult result = Send(Post("{\"b\":2}"));
  ASSERT_TRUE(read.Wait());
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(seen, "POST /x HTTP/1.1\r\nhost: localhost:" + port + "\r\ncontent-length: 7\r\n\r\n{\"b\":2}");
  EXPECT_EQ(name, "localhost");
  ExpectReply(result, 201, "{\"a\":1}");
  EXPECT_EQ(std::get<HttpReply>(result).endpoint, "https://localhost:" + port);
  EXPECT_EQ(engine_->idle_connections(), 1u);
}

TEST_P(TlsExchangeTest, ReusesAConnection) {
  TlsServer tls(Good(GetParam()));
  RawServer server(AfterHandshake(tls, AlwaysOver(kOk)));
  ConnectTls(server);
  for (int i = 0; i < 5; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(engine_->open_connections(), 1u);
}

// Small records, half records, and what is no data in between.
TEST_P(TlsExchangeTest, ReadsAnAnswerThatDripsIn) {
  TlsServer tls(Good(GetParam()));
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection& raw) {
    peer.ReadRequest();
    for (const char c : std::string(kOk)) {
      peer.Encrypt(std::string_view(&c, 1));
      const std::string record = peer.TakeOutput();
      raw.Send(std::string_view(record).substr(0, record.size() / 2));
      raw.WaitUntilDelivered();
      raw.Send(std::string_view(record).substr(record.size() / 2));
      raw.WaitUntilDelivered();
    }
    peer.ReadRequest();
  }));
  ConnectTls(server);
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(engine_->idle_connections(), 1u);
}

TEST_F(TlsEngineTest, ReadsTicketsAndKeyUpdatesBetweenTheData) {
  TlsServer tls(Good());
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection&) {
    while (!peer.ReadRequest().empty()) {
      peer.EncryptTicket();
      peer.Encrypt("HTTP/1.1 200 OK\r\n");
      peer.EncryptKeyUpdate();
      peer.Encrypt("Content-Length: 2\r\n\r\n");
      peer.EncryptTicket();
      peer.Encrypt("{}");
      if (!peer.Flush()) return;
    }
  }));
  ConnectTls(server);
  for (int i = 0; i < 3; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 1);
}

TEST_P(TlsExchangeTest, CarriesBigBodiesBothWays) {
  const std::string body(6 * 1024 * 1024, 'b');
  TlsServer tls(Good(GetParam()));
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection&) {
    const std::string request = peer.ReadRequest();
    const std::string answer = request.substr(request.find("\r\n\r\n") + 4);
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) + "\r\n\r\n" + answer);
    peer.ReadRequest();
  }));
  ConnectTls(server);
  ExpectReply(Send(Post(body)), 200, body);
  EXPECT_EQ(engine_->idle_connections(), 1u);
}

// The peer sends its answer while the request is still under way, and reads on: both directions at once.
TEST_P(TlsExchangeTest, WritesAndReadsAtOnce) {
  const std::string body(6 * 1024 * 1024, 'b');
  TlsServer tls(Good(GetParam()));
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection&) {
    peer.ReadMore();
    const std::string answer(2 * 1024 * 1024, 'a');
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size() + 1) + "\r\n\r\n" +
              answer);
    while (peer.buffered() < body.size() && peer.ReadMore()) {
    }
    peer.Send("!");
    peer.ReadMore();
  }));
  ConnectTls(server);
  ExpectReply(Send(Post(body)), 200, std::string(2 * 1024 * 1024, 'a') + "!");
  EXPECT_EQ(engine_->open_connections(), 1u);
}

// It stays open in one case, and resets in the other.
TEST_P(TlsExchangeTest, TakesAnAnswerThatComesBeforeTheRequestIsThrough) {
  for (const bool reset : {false, true}) {
    SCOPED_TRACE(reset);
    TlsServer tls(Good(GetParam()));
    RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection& raw) {
      peer.ReadMore();
      peer.Send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}");
      raw.WaitUntilDelivered();
      if (reset) {
        raw.ResetAtEnd();
      } else {
        raw.WaitForEnd();
      }
    }));
    ConnectTls(server);
    ExpectReply(Send(Post(std::string(32 * 1024 * 1024, 'b'))), 413, "{}");
    EXPECT_EQ(engine_->open_connections(), 0u);
  }
}

// Where the end of the stream is the end of the body, only a goodbye makes it whole.
TEST_P(TlsExchangeTest, TellsAGoodbyeFromACut) {
  for (const bool goodbye : {true, false}) {
    SCOPED_TRACE(goodbye);
    TlsServer tls(Good(GetParam()));
    RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection&) {
      peer.ReadRequest();
      peer.Encrypt("HTTP/1.0 200 OK\r\n\r\n{\"a\":1}");
      if (goodbye) peer.EncryptGoodbye();
      peer.Flush();
    }));
    ConnectTls(server);
    ExpectReply(Send(Post()), 200, "{\"a\":1}", goodbye ? BodyState::kWhole : BodyState::kCut);
    EXPECT_EQ(engine_->open_connections(), 0u);
  }
}

TEST_P(TlsExchangeTest, DoesNotReuseWhatSaidGoodbyeWithTheAnswer) {
  TlsServer tls(Good(GetParam()));
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection& raw) {
    peer.ReadRequest();
    peer.Encrypt(kOk);
    peer.EncryptGoodbye();
    peer.Flush();
    raw.WaitForEnd();
  }));
  ConnectTls(server);
  for (int i = 0; i < 3; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 3);
}

TEST_P(TlsExchangeTest, TellsALostConnection) {
  for (const bool reset : {false, true}) {
    for (const std::string text : {"", "HTTP/1.1 2"}) {
      SCOPED_TRACE(text + (reset ? " reset" : " ended"));
      TlsServer tls(Good(GetParam()));
      RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection& raw) {
        peer.ReadRequest();
        peer.Send(text);
        raw.WaitUntilDelivered();
        if (reset) raw.ResetAtEnd();
      }));
      ConnectTls(server);
      ExpectFailure(Send(Post()), FailureKind::kLost, text.empty() ? Phase::kWait : Phase::kReceive, true);
      EXPECT_EQ(engine_->open_connections(), 0u);
    }
  }
}

TEST_P(TlsExchangeTest, TellsBrokenRecords) {
  TlsServer tls(Good(GetParam()));
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection& raw) {
    peer.ReadRequest();
    peer.Encrypt(kOk);
    std::string record = peer.TakeOutput();
    record.back() ^= 1;
    raw.Send(record);
    raw.WaitForEnd();
  }));
  ConnectTls(server);
  const SendResult result = Send(Post());
  ExpectFailure(result, FailureKind::kLost, Phase::kWait, true);
  EXPECT_THAT(std::get<SendFailure>(result).detail, HasSubstr("bad record mac"));
}

// What the peer does to a connection at rest; the next call must not notice.
TEST_P(TlsExchangeTest, WhatComesAtRestDoesNotReachTheNextCall) {
  enum class Meanwhile { kAnswer, kHalfARecord, kGarbage, kGoodbye, kEnd };
  for (const Meanwhile meanwhile : {Meanwhile::kAnswer, Meanwhile::kHalfARecord, Meanwhile::kGarbage,
                                    Meanwhile::kGoodbye, Meanwhile::kEnd}) {
    SCOPED_TRACE(static_cast<int>(meanwhile));
    Signal first_done;
    Signal disturbed;
    TlsServer tls(Good(GetParam()));
    RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection& raw) {
      peer.ReadRequest();
      peer.Send(kOk);
      if (raw.index() == 0) {
        first_done.Wait();
        peer.Encrypt("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVIL!");
        std::string bytes = peer.TakeOutput();
        if (meanwhile == Meanwhile::kHalfARecord) bytes.resize(3);
        if (meanwhile == Meanwhile::kGarbage) bytes = "garbage in the place of a record";
        if (meanwhile == Meanwhile::kGoodbye) {
          peer.EncryptGoodbye();
          bytes = peer.TakeOutput();
        }
        if (meanwhile == Meanwhile::kEnd) {
          raw.EndSending();
        } else {
          raw.Send(bytes);
        }
        raw.WaitUntilDelivered();
        disturbed.Set();
      }
      raw.WaitForEnd();
    }));
    ConnectTls(server);
    ExpectReply(Send(Post()), 200, "{}");
    EXPECT_EQ(engine_->idle_connections(), 1u);
    first_done.Set();
    ASSERT_TRUE(disturbed.Wait());
    ExpectReply(Send(Post()), 200, "{}");
    EXPECT_EQ(server.accepted(), 2);
    EXPECT_EQ(engine_->open_connections(), 1u);
  }
}

// A ticket that comes late is no answer: the connection is used on. One with an answer behind it is.
TEST_F(TlsEngineTest, ALateTicketDoesNoHarm) {
  for (const bool with_answer : {false, true}) {
    SCOPED_TRACE(with_answer);
    Signal first_done;
    Signal disturbed;
    TlsServer tls(Good());
    RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection& raw) {
      peer.ReadRequest();
      peer.Send(kOk);
      if (raw.index() == 0) {
        first_done.Wait();
        peer.EncryptTicket();
        peer.EncryptKeyUpdate();
        peer.EncryptTicket();
        if (with_answer) peer.Encrypt(kOk);
        peer.Flush();
        raw.WaitUntilDelivered();
        disturbed.Set();
      }
      if (!peer.ReadRequest().empty()) peer.Send(kOk);
      raw.WaitForEnd();
    }));
    ConnectTls(server);
    ExpectReply(Send(Post()), 200, "{}");
    first_done.Set();
    ASSERT_TRUE(disturbed.Wait());
    ExpectReply(Send(Post()), 200, "{}");
    EXPECT_EQ(server.accepted(), with_answer ? 2 : 1);
  }
}

TEST_P(TlsExchangeTest, CarriesManyExchangesAtOnce) {
  constexpr std::size_t kAtOnce = 32;
  constexpr int kRounds = 20;
  TlsServer tls(Good(GetParam()));
  RawServer server(AfterHandshake(tls, [](TlsPeer& peer, RawConnection&) {
    for (std::string request = peer.ReadRequest(); !request.empty(); request = peer.ReadRequest()) {
      const std::string body = request.substr(request.find("\r\n\r\n") + 4);
      peer.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  }));
  ConnectTls(server);
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    std::vector<std::unique_ptr<Call>> calls;
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      calls.push_back(Start(Post(std::to_string(round) + "/" + std::to_string(i))));
    }
    for (std::size_t i = 0; i < kAtOnce; ++i) ExpectReply(Finish(*calls[i]), 200, calls[i]->request.body);
  }
  EXPECT_EQ(server.accepted(), static_cast<int>(kAtOnce));
  EXPECT_EQ(engine_->idle_connections(), kAtOnce);
}

}  // namespace
}  // namespace session_gateway
