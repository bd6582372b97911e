#include "tests/server/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "tests/server/signal.h"

extern char** environ;

namespace session_gateway {
namespace {

// A connected socket, or -1.
int ConnectTo(const std::filesystem::path& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

RedisReply AskOn(int fd, const std::vector<std::string>& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  std::string bytes;
  AppendRedisCommand(views, bytes);
  RedisReply lost;
  lost.type = RedisReply::Type::kError;
  lost.text = "LOST";
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) return lost;
  RedisReader reader;
  for (;;) {
    if (auto reply = reader.Next()) return std::move(*reply);
    char piece[4096];
    const ssize_t size = ::recv(fd, piece, sizeof(piece), 0);
    if (size <= 0) return lost;
    reader.Feed({piece, static_cast<std::size_t>(size)});
  }
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
  std::string name = (std::filesystem::temp_directory_path() / "session-gateway-redis-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for redis-server");
  folder_ = name;
  socket_ = folder_ / "redis.sock";
  Start();
}

RedisServer::~RedisServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RedisServer::Start() {
  std::vector<std::string> words = {
      "redis-server", "--unixsocket", socket_, "--dir",       folder_, "--save", "",  "--appendonly",
      "no",           "--logfile",    "log",   "--daemonize", "no",    "--port", "0", "--bind",
      "127.0.0.1"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::error_code ignored;
  std::filesystem::remove(socket_, ignored);
  if (::posix_spawnp(&pid_, "redis-server", nullptr, nullptr, arguments.data(), environ) != 0) {
    throw std::runtime_error("redis-server cannot be started; deploy/install-packages.sh test installs it");
  }
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (const int fd = ConnectTo(socket_); fd >= 0) {
      const RedisReply pong = AskOn(fd, {"PING"});
      ::close(fd);
      if (pong.text != "LOST" && !pong.text.starts_with("LOADING")) return;
    }
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("redis-server ends at once; see " + (folder_ / "log").string());
    }
    std::this_thread::yield();
  }
  throw std::runtime_error("redis-server does not answer");
}

void RedisServer::Kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::Pause() {
  ::kill(pid_, SIGSTOP);
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}

void RedisServer::Continue() { ::kill(pid_, SIGCONT); }

RedisReply RedisServer::Ask(const std::vector<std::string>& words) const {
  const int fd = ConnectTo(socket_);
  RedisReply reply = AskOn(fd, words);
  ::close(fd);
  return reply;
}

std::uint16_t FreeLoopbackPort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace session_gateway
