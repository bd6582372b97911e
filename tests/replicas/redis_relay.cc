#include "tests/replicas/redis_relay.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "tests/server/signal.h"

namespace session_gateway {
namespace {

// Debian's redis-server; the texts of the scripts depend on it.
constexpr int kRedisMajor = 7;
constexpr int kListenQueue = 64;

sockaddr_un AddressOf(const std::filesystem::path& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

int NewSocket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

// Whoever reads it is alive, or the bytes are of no use.
void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::string Bytes(const RedisReply& reply) {
  switch (reply.type) {
    case RedisReply::Type::kText:
      return "$" + std::to_string(reply.text.size()) + "\r\n" + reply.text + "\r\n";
    case RedisReply::Type::kError:
      return "-" + reply.text + "\r\n";
    case RedisReply::Type::kInteger:
      return ":" + std::to_string(reply.integer) + "\r\n";
    case RedisReply::Type::kNil:
      return "$-1\r\n";
    case RedisReply::Type::kArray:
      break;
  }
  std::string bytes = "*" + std::to_string(reply.elements.size()) + "\r\n";
  for (const RedisReply& element : reply.elements) bytes += Bytes(element);
  return bytes;
}

std::vector<std::string> WordsOf(const RedisReply& command) {
  std::vector<std::string> words;
  for (const RedisReply& word : command.elements) words.push_back(word.text);
  return words;
}

std::optional<RedisScript> ScriptOfText(const std::string& text) {
  for (std::size_t i = 0; i < kRedisScripts; ++i) {
    const auto script = static_cast<RedisScript>(i);
    if (RedisScriptText(script, kRedisMajor) == text) return script;
  }
  return std::nullopt;
}

}  // namespace

struct RedisRelay::Connection {
  Connection(int accepted, int connected) : gateway(accepted), redis(connected) {}
  ~Connection() {
    if (gateway >= 0) ::close(gateway);
    ::close(redis);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int gateway = -1;  // -1: it has left
  int redis = -1;
  RedisReader from_gateway;
  RedisReader from_redis;
  std::deque<Piece> commands;
  std::deque<Piece> unanswered;  // without their bytes
  std::deque<Piece> replies;
  bool over = false;
};

RedisRelay::RedisRelay(std::filesystem::path redis, std::filesystem::path own)
    : redis_(std::move(redis)),
      own_(std::move(own)),
      listener_(NewSocket()),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  const sockaddr_un address = AddressOf(own_);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener_, kListenQueue) != 0) {
    throw std::runtime_error("no socket for the relay");
  }
  thread_ = std::thread([this] { Run(); });
}

RedisRelay::~RedisRelay() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  ::close(listener_);
  ::close(wake_);
}

void RedisRelay::Wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
}

void RedisRelay::HoldNextBehind(RedisScript script, Side side, double share) {
  const std::lock_guard lock(mutex_);
  gate_ = Gate{script, side, share};
}

bool RedisRelay::WaitUntilHeld() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [this] { return gate_ && gate_->reached; });
}

void RedisRelay::Release() {
  {
    const std::lock_guard lock(mutex_);
    gate_.reset();
  }
  Wake();
}

void RedisRelay::Drop() {
  {
    const std::lock_guard lock(mutex_);
    gate_.reset();
    for (Connection& connection : connections_) {
      if (!connection.commands.empty() || !connection.replies.empty()) connection.over = true;
    }
  }
  Wake();
}

void RedisRelay::Run() {
  for (;;) {
    std::vector<pollfd> polled = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return connections_.clear();
      for (Connection& connection : connections_) {
        polled.push_back({connection.gateway, POLLIN, 0});  // one below 0 is not looked at
        polled.push_back({connection.redis, POLLIN, 0});
      }
    }
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    const std::lock_guard lock(mutex_);
    std::size_t place = 2;
    for (Connection& connection : connections_) {
      const bool from_gateway = polled[place++].revents != 0;
      const bool from_redis = polled[place++].revents != 0;
      if (connection.over) continue;  // what it held is lost
      if (from_gateway && !Receive(connection, Side::kCommand)) {
        ::close(std::exchange(connection.gateway, -1));
      }
      if (from_redis && !Receive(connection, Side::kReply)) connection.over = true;
      Pump(connection);
      // What a gateway that is gone has sent still reaches Redis, and is waited for.
      const bool is_idle = connection.commands.empty() && connection.unanswered.empty();
      if (connection.gateway < 0 && is_idle) connection.over = true;
    }
    connections_.remove_if([](const Connection& connection) { return connection.over; });
    std::uint64_t ignored = 0;
    if (polled[1].revents != 0 && ::read(wake_, &ignored, sizeof(ignored)) < 0) continue;
    if (polled[0].revents != 0) Accept();
  }
}

void RedisRelay::Accept() {
  const int gateway = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (gateway < 0) return;
  const int redis = NewSocket();
  const sockaddr_un address = AddressOf(redis_);
  if (::connect(redis, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(gateway);
    ::close(redis);
    return;
  }
  connections_.emplace_back(gateway, redis);
}

std::optional<RedisScript> RedisRelay::ScriptOf(const std::vector<std::string>& words) const {
  if (words.size() < 2) return std::nullopt;
  if (words[0] == "EVAL") return ScriptOfText(words[1]);
  const auto found = scripts_.find(words[1]);
  return words[0] == "EVALSHA" && found != scripts_.end() ? std::optional(found->second) : std::nullopt;
}

bool RedisRelay::Receive(Connection& connection, Side side) {
  const bool is_command = side == Side::kCommand;
  std::array<char, 16384> buffer{};
  const ssize_t size =
      ::recv(is_command ? connection.gateway : connection.redis, buffer.data(), buffer.size(), 0);
  if (size <= 0) return false;
  RedisReader& reader = is_command ? connection.from_gateway : connection.from_redis;
  reader.Feed({buffer.data(), static_cast<std::size_t>(size)});
  while (const auto read = reader.Next()) {
    if (is_command) {
      const std::vector<std::string> words = WordsOf(*read);
      const bool loads = words.size() == 3 && words[0] == "SCRIPT";
      connection.commands.push_back({.bytes = Bytes(*read),
                                     .script = ScriptOf(words),
                                     .loads = loads ? ScriptOfText(words[2]) : std::nullopt});
    } else if (!connection.unanswered.empty()) {
      Piece& asked = connection.unanswered.front();
      if (asked.loads) scripts_[read->text] = *asked.loads;
      connection.replies.push_back({.bytes = Bytes(*read), .script = asked.script, .loads = {}});
      connection.unanswered.pop_front();
    }
  }
  return true;
}

void RedisRelay::Pump(Connection& connection) {
  while (!connection.commands.empty()) {
    Piece& piece = connection.commands.front();
    SendAll(connection.redis, TakePassing(piece, Side::kCommand));
    if (!piece.bytes.empty()) break;
    connection.unanswered.push_back(std::move(piece));
    connection.commands.pop_front();
  }
  while (!connection.replies.empty()) {
    Piece& piece = connection.replies.front();
    const std::string passing = TakePassing(piece, Side::kReply);
    if (connection.gateway >= 0) SendAll(connection.gateway, passing);
    if (!piece.bytes.empty()) break;
    connection.replies.pop_front();
  }
}

std::string RedisRelay::TakePassing(Piece& piece, Side side) {
  if (!gate_ || piece.script != gate_->script || side != gate_->side) return std::exchange(piece.bytes, {});
  gate_->reached = true;
  changed_.notify_all();
  if (std::exchange(piece.is_begun, true)) return {};
  const auto size = static_cast<std::size_t>(static_cast<double>(piece.bytes.size()) * gate_->share);
  std::string passing = piece.bytes.substr(0, size);
  piece.bytes.erase(0, size);
  return passing;
}

}  // namespace session_gateway
