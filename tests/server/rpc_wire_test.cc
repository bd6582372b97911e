// What a call looks like on the wire, seen by a client that knows nothing but HTTP/2 frames.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/server/rpc_harness.h"

namespace session_gateway {
namespace {

constexpr unsigned kData = 0;
constexpr unsigned kHeaders = 1;
constexpr unsigned kSettings = 4;
constexpr unsigned kEndStream = 1;
constexpr unsigned kEndHeaders = 4;

struct Frame {
  unsigned type;
  unsigned flags;
  unsigned stream;
};

std::string MakeFrame(unsigned type, unsigned flags, unsigned stream, const std::string& payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  return frame + payload;
}

// HPACK: a literal without indexing and with a new name.
std::string Header(const std::string& name, const std::string& value) {
  std::string field(1, '\0');
  field += static_cast<char>(name.size()) + name;
  return field + static_cast<char>(value.size()) + value;
}

class Wire {
 public:
  explicit Wire(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Wire() { close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // The frames of the answer to one CreateSession with an empty message.
  std::vector<Frame> Call() {
    const std::string head = Header(":method", "POST") + Header(":scheme", "http") +
                             Header(":path", kCreateSessionMethod) + Header(":authority", "localhost") +
                             Header("te", "trailers") + Header("content-type", "application/grpc");
    Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + MakeFrame(kSettings, 0, 0, "") +
         MakeFrame(kHeaders, kEndHeaders, 1, head) + MakeFrame(kData, kEndStream, 1, std::string(5, '\0')));
    std::vector<Frame> answer;
    while (const std::optional<Frame> frame = Receive()) {
      if (frame->stream != 1) continue;
      answer.push_back(*frame);
      const bool may_end = frame->type == kHeaders || frame->type == kData;
      if (may_end && (frame->flags & kEndStream) != 0) break;
    }
    return answer;
  }

 private:
  void Send(const std::string& bytes) {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  std::optional<std::string> Read(std::size_t size) {
    std::string bytes(size, '\0');
    if (size != 0 && recv(fd_, bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size))
      return std::nullopt;
    return bytes;
  }

  std::optional<Frame> Receive() {
    const std::optional<std::string> head = Read(9);
    if (!head) return std::nullopt;
    const auto byte = [&](std::size_t at) {
      return static_cast<unsigned>(static_cast<unsigned char>((*head)[at]));
    };
    if (!Read(byte(0) << 16 | byte(1) << 8 | byte(2))) return std::nullopt;
    return Frame{.type = byte(3), .flags = byte(4), .stream = byte(7) << 8 | byte(8)};
  }

  const int fd_;
};

Task<std::optional<RpcError>> Refuse() {
  RpcError error;
  error.code = absl::StatusCode::kFailedPrecondition;
  error.outcome = Outcome::kRefused;
  error.message = "no";
  co_return error;
}

// Clients and meshes repeat by their own rules only when no header came before the trailers.
TEST(RpcWireTest, ErrorIsTrailersOnly) {
  TestServer server(
      [](const CreateSessionRequest&, CreateSessionResponse&, CallContext&) { return Refuse(); });
  const std::vector<Frame> answer = Wire(server.port()).Call();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].type, kHeaders);
  EXPECT_EQ(answer[0].flags & kEndStream, kEndStream);
}

TEST(RpcWireTest, ResponseIsHeaderDataAndTrailers) {
  TestServer server(Echo);
  const std::vector<Frame> answer = Wire(server.port()).Call();
  ASSERT_EQ(answer.size(), 3U);
  EXPECT_EQ(answer[0].type, kHeaders);
  EXPECT_EQ(answer[0].flags & kEndStream, 0U);
  EXPECT_EQ(answer[1].type, kData);
  EXPECT_EQ(answer[2].type, kHeaders);
  EXPECT_EQ(answer[2].flags & kEndStream, kEndStream);
}

// gRPC would wait twenty seconds for its ping.
TEST(RpcWireTest, WhoDoesNotAnswerTheGoawayDoesNotHoldTheServerUp) {
  TestServer server(Echo);
  Wire wire(server.port());
  ASSERT_EQ(wire.Call().size(), 3U);
  const auto begin = std::chrono::steady_clock::now();
  server.Drain();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace session_gateway
