// The engine's exchanges: what leaves, what comes back, and how each failure is told.
#include "server/upstream/http_engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "tests/server/engine_fixture.h"
#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

// Reads one request, sends the text, and ends the connection.
RawServer::Script AnswerOnce(std::string text) {
  return [text = std::move(text)](RawConnection& peer) {
    peer.ReadRequest();
    peer.Send(text);
  };
}

TEST_F(EngineTest, SendsTheExactRequestAndReadsTheAnswer) {
  std::string seen;
  Signal read;
  RawServer server([&](RawConnection& peer) {
    seen = peer.ReadRequest();
    read.Set();
    peer.Send("HTTP/1.1 201 Created\r\nX-A: 1\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    peer.WaitForEnd();
  });
  Connect(server.port(), {}, "127.0.0.1", "/gw");
  HttpRequest request = Post("{\"b\":2}");
  request.query = {{"q", "a b"}};
  request.headers = {{"content-type", "application/json"}};
  const SendResult result = Send(request);
  ASSERT_TRUE(read.Wait());
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(seen, "POST /gw/x?q=a%20b HTTP/1.1\r\nhost: 127.0.0.1:" + port +
                      "\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"b\":2}");
  ExpectReply(result, 201, "{\"a\":1}");
  const auto& reply = std::get<HttpReply>(result);
  EXPECT_EQ(reply.endpoint, "http://127.0.0.1:" + port);
  EXPECT_EQ(*reply.FindHeader("x-a"), "1");
  EXPECT_GE(reply.body.capacity(), reply.body.size() + 64);
}

TEST_F(EngineTest, ReadsAnAnswerThatDripsIn) {
  RawServer server([](RawConnection& peer) {
    peer.ReadRequest();
    for (const char c : std::string("HTTP/1.1 103 Hint\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n"
                                    "Transfer-Encoding: chunked\r\n\r\n3\r\n{ }\r\n0\r\n\r\n")) {
      peer.Send(std::string_view(&c, 1));
      peer.WaitUntilDelivered();
    }
    peer.WaitForEnd();
  });
  Connect(server.port());
  ExpectReply(Send(Post()), 200, "{ }");
  EXPECT_EQ(engine_->idle_connections(), 1u);
}

TEST_F(EngineTest, ReadsToTheEndOfTheStream) {
  RawServer server(AnswerOnce("HTTP/1.0 200 OK\r\n\r\n{\"a\":1}"));
  Connect(server.port());
  ExpectReply(Send(Post()), 200, "{\"a\":1}");
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_F(EngineTest, TellsBrokenAnswers) {
  std::string hints;
  for (int i = 0; i < 9; ++i) hints += "HTTP/1.1 103 Hint\r\n\r\n";
  std::string flood = "HTTP/1.1 200 OK\r\n";
  while (flood.size() < 100 * 1024) flood += "a: b\r\n";
  struct Case {
    std::string text;
    int status;  // as far as it can be read
  };
  for (const Case& c :
       {Case{"garbage\r\n", 0}, Case{"HTTP/1.1 600 X\r\n\r\n", 600},
        Case{"HTTP/1.1 101 X\r\nUpgrade: y\r\n\r\n", 101}, Case{hints, 103},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 200},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200},
        Case{"HTTP/1.1 100 Go on\r\n\r\ngarbage\r\n", 0},
        Case{"HTTP/1.1 200 " + std::string(300 * 1024, 'r') + "\r\n\r\n", 0}, Case{flood, 0}}) {
    SCOPED_TRACE(c.text.substr(0, 60));
    RawServer server([&](RawConnection& peer) {
      peer.ReadRequest();
      peer.Send(c.text);
      peer.WaitForEnd();
    });
    Connect(server.port());
    const SendResult result = Send(Post());
    ExpectFailure(result, FailureKind::kMalformed, Phase::kReceive, true);
    EXPECT_EQ(std::get<SendFailure>(result).http_status, c.status);
    EXPECT_EQ(engine_->open_connections(), 0u);
  }
}

TEST_F(EngineTest, EndsEndlessInformationalAnswers) {
  RawServer server([](RawConnection& peer) {
    peer.ReadRequest();
    while (peer.Send("HTTP/1.1 103 Hint\r\n\r\n")) {
    }
  });
  Connect(server.port());
  ExpectFailure(Send(Post()), FailureKind::kMalformed, Phase::kReceive, true);
}

TEST_F(EngineTest, TellsBrokenBodies) {
  EngineLimits limits;
  limits.answer_body_bytes = 10;
  struct Case {
    std::string text;
    BodyState body_state;
  };
  for (const Case& c :
       {Case{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", BodyState::kCut},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", BodyState::kCut},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbroken\r\n", BodyState::kMalformed},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", BodyState::kTooLarge},
        Case{"HTTP/1.1 200 OK\r\n\r\n01234567890", BodyState::kTooLarge},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n",
             BodyState::kTooLarge}}) {
    SCOPED_TRACE(c.text);
    RawServer server(AnswerOnce(c.text));
    Connect(server.port(), limits);
    const SendResult result = Send(Post());
    ASSERT_TRUE(std::holds_alternative<HttpReply>(result));
    EXPECT_EQ(std::get<HttpReply>(result).status, 200);
    EXPECT_EQ(std::get<HttpReply>(result).body_state, c.body_state);
    EXPECT_EQ(engine_->open_connections(), 0u);
  }
}

// It is read up to the limit and no further: what comes first may tell what was created.
TEST_F(EngineTest, EndsAnOversizeBodyAtItsLimit) {
  RawServer server([](RawConnection& peer) {
    peer.ReadRequest();
    const std::string piece(64 * 1024, 'x');
    bool open = peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n" + piece);
    for (int i = 1; open && i < 800; ++i) open = peer.Send(piece);
  });
  Connect(server.port());
  const SendResult result = Send(Post());
  ASSERT_TRUE(std::holds_alternative<HttpReply>(result));
  EXPECT_EQ(std::get<HttpReply>(result).body_state, BodyState::kTooLarge);
  EXPECT_EQ(std::get<HttpReply>(result).body.size(), EngineLimits{}.answer_body_bytes);
}

// The header of a refusal is the whole answer. Nothing else ends this call: nobody stops it, and the peer
// stays.
TEST_F(EngineTest, DoesNotWaitForTheBodyOfARefusal) {
  for (const std::string head : {"HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 302 No\r\n\r\n"}) {
    RawServer server([&](RawConnection& peer) {
      peer.ReadRequest();
      peer.Send(head + "no s");
      peer.WaitForEnd();
    });
    EngineLimits limits;
    limits.error_body_wait = std::chrono::milliseconds(20);
    Connect(server.port(), limits);
    ExpectReply(Send(Post()), std::stoi(head.substr(9)), "no s", BodyState::kCut);
    EXPECT_EQ(engine_->open_connections(), 0u);
    engine_.reset();
  }
}

TEST_F(EngineTest, TellsALostConnection) {
  for (const bool reset : {false, true}) {
    for (const std::string text :
         {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
      SCOPED_TRACE(text + (reset ? " reset" : " ended"));
      RawServer server([&](RawConnection& peer) {
        peer.ReadRequest();
        peer.Send(text);
        if (reset) peer.ResetAtEnd();
      });
      Connect(server.port());
      ExpectFailure(Send(Post()), FailureKind::kLost, text.empty() ? Phase::kWait : Phase::kReceive, true);
      EXPECT_EQ(engine_->open_connections(), 0u);
    }
  }
}

TEST_F(EngineTest, SendsABigBodyToASlowReader) {
  const std::string body(8 * 1024 * 1024, 'b');
  std::atomic<std::size_t> received = 0;
  RawServer server([&](RawConnection& peer) {
    while (peer.buffered() < body.size() && peer.ReadMore(20 * 1000)) received = peer.buffered();
    peer.Send(kOk);
    peer.WaitForEnd();
  });
  Connect(server.port());
  ExpectReply(Send(Post(body)), 200, "{}");
  EXPECT_GE(received, body.size());
  EXPECT_EQ(engine_->idle_connections(), 1u);
}

// The peer answers at once and never reads the body: it stays open in one case, and resets in the other.
TEST_F(EngineTest, TakesAnAnswerThatComesBeforeTheRequestIsThrough) {
  for (const bool reset : {false, true}) {
    SCOPED_TRACE(reset);
    Signal answered;
    RawServer server([&](RawConnection& peer) {
      peer.ReadMore();
      peer.Send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}");
      if (reset) {
        peer.WaitUntilDelivered();
        peer.ResetAtEnd();
      } else {
        answered.Wait();  // what is read before may be all
        peer.WaitForEnd();
      }
    });
    Connect(server.port());
    ExpectReply(Send(Post(std::string(32 * 1024 * 1024, 'b'))), 413, "{}");
    answered.Set();
    EXPECT_EQ(engine_->open_connections(), 0u);
  }
}

TEST_F(EngineTest, TellsAConnectionLostWhileSending) {
  RawServer server([](RawConnection& peer) {
    peer.ReadMore();
    peer.ResetAtEnd();
  });
  Connect(server.port());
  ExpectFailure(Send(Post(std::string(32 * 1024 * 1024, 'b'))), FailureKind::kLost, Phase::kSend, true);
}

TEST_F(EngineTest, TellsARefusedConnection) {
  // Bound but not listening: nobody else can take the port, and connects are refused.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  Connect(ntohs(address.sin_port));
  ExpectFailure(Send(Post()), FailureKind::kUnreachable, Phase::kConnect, false);
  EXPECT_EQ(engine_->open_connections(), 0u);
  ::close(fd);
}

TEST_F(EngineTest, TellsANameThatDoesNotResolve) {
  Connect(80, {}, "name.invalid");
  ExpectFailure(Send(Post()), FailureKind::kUnreachable, Phase::kResolve, false);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_F(EngineTest, ResolvesNames) {
  RawServer server(AnswerOnce(kOk));
  Connect(server.port(), {}, "localhost");
  const SendResult result = Send(Post());
  ExpectReply(result, 200, "{}");
  EXPECT_EQ(std::get<HttpReply>(result).endpoint, "http://localhost:" + std::to_string(server.port()));
}

TEST_F(EngineTest, RefusesForbiddenTextBeforeItConnects) {
  RawServer server(AnswerOnce(kOk));
  Connect(server.port());
  HttpRequest request = Post();
  request.headers = {{"x-user", "a\r\nx-admin: 1"}};
  const SendResult result = Send(request);
  ASSERT_TRUE(std::holds_alternative<SendFailure>(result));
  EXPECT_EQ(std::get<SendFailure>(result).kind, FailureKind::kRefusedText);
  EXPECT_FALSE(std::get<SendFailure>(result).sent);
  EXPECT_EQ(server.accepted(), 0);
}

// A turn-key server of any status, many calls at once, again and again over the same connections.
TEST_F(EngineTest, CarriesManyExchangesAtOnce) {
  constexpr std::size_t kAtOnce = 64;
  constexpr int kRounds = 200;
  RawServer server([](RawConnection& peer) {
    for (std::string request = peer.ReadRequest(); !request.empty(); request = peer.ReadRequest()) {
      const std::string body = request.substr(request.find("\r\n\r\n") + 4);
      peer.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  });
  Connect(server.port());
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::unique_ptr<Call>> calls;
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      calls.push_back(Start(Post(std::to_string(round) + "/" + std::to_string(i))));
    }
    for (std::size_t i = 0; i < kAtOnce; ++i) ExpectReply(Finish(*calls[i]), 200, calls[i]->request.body);
    if (HasFailure()) break;
  }
  EXPECT_EQ(server.accepted(), static_cast<int>(kAtOnce));
  EXPECT_EQ(engine_->open_connections(), kAtOnce);
  EXPECT_EQ(engine_->idle_connections(), kAtOnce);
}

}  // namespace
}  // namespace session_gateway
