#include "server/service_manager.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace session_gateway {
namespace {

// Added to the time that a stop may take, for what comes after the last call.
constexpr std::chrono::seconds kStopMargin{5};

// For a service manager whose queue is full.
constexpr timeval kSendPatience{.tv_sec = 1, .tv_usec = 0};

std::string_view Value(const EnvironmentVariables& environment, const char* name) {
  const char* value = environment(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::optional<std::int64_t> PositiveNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

// A datagram socket that is bound to the service manager's, or -1.
int Connect(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool is_known_form = name.size() > 1 && (name[0] == '/' || name[0] == '@');
  if (!is_known_form || name.size() >= sizeof(address.sun_path)) return -1;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  // An abstract name ends with its length, a path with a zero byte.
  const std::size_t length = offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '/' ? 1 : 0);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kSendPatience, sizeof(kSendPatience));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length)) == 0)
    return fd;
  close(fd);
  return -1;
}

}  // namespace

ServiceManagerSettings ReadServiceManagerSettings(const EnvironmentVariables& environment, long pid) {
  ServiceManagerSettings settings;
  settings.socket = Value(environment, "NOTIFY_SOCKET");
  const std::string_view meant_for = Value(environment, "WATCHDOG_PID");
  if (!meant_for.empty() && PositiveNumber(meant_for) != pid) return settings;
  if (const auto time = PositiveNumber(Value(environment, "WATCHDOG_USEC"))) {
    settings.watchdog = std::chrono::microseconds(*time);
  }
  return settings;
}

ServiceManagerSettings OwnServiceManagerSettings() {
  return ReadServiceManagerSettings(std::getenv, getpid());
}

// A timer on the loop. It waits for its own turn like everything else there: a loop that hangs sends nothing.
class ServiceManager::Watchdog {
 public:
  Watchdog(const ServiceManager& manager, Loop& loop, const Clock& clock, Duration interval)
      : manager_(manager), clock_(clock), interval_(interval), timer_(loop) {}

  void Ping() {
    if (is_closed_) return;
    manager_.Send("WATCHDOG=1", MSG_DONTWAIT);
    timer_.expires_at(clock_.Now() + interval_);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Ping();
    });
  }

  void Close() {
    is_closed_ = true;
    timer_.cancel();
  }

 private:
  const ServiceManager& manager_;
  const Clock& clock_;
  const Duration interval_;
  LoopTimer timer_;
  bool is_closed_ = false;  // loop thread
};

ServiceManager::ServiceManager(const ServiceManagerSettings& settings)
    : socket_(settings.socket.empty() ? -1 : Connect(settings.socket)), watchdog_time_(settings.watchdog) {}

ServiceManager::~ServiceManager() {
  if (socket_ >= 0) close(socket_);
}

void ServiceManager::Ready(Loop& loop, const Clock& clock) {
  Send("READY=1", 0);
  if (socket_ < 0 || !watchdog_time_) return;
  const Duration interval = std::max<Duration>(*watchdog_time_ / 2, std::chrono::milliseconds(1));
  watchdog_ = std::make_unique<Watchdog>(*this, loop, clock, interval);
  boost::asio::post(loop, [this] { watchdog_->Ping(); });
}

void ServiceManager::Stopping(std::chrono::milliseconds time) {
  const std::chrono::microseconds wait = time + kStopMargin;
  Send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(wait.count()), 0);
}

void ServiceManager::Close() {
  if (watchdog_) watchdog_->Close();
}

void ServiceManager::Send(std::string_view words, int flags) const {
  // Nothing is done about a datagram that does not get through: no call may suffer from it, and the service
  // manager acts by itself on what it misses.
  if (socket_ >= 0) send(socket_, words.data(), words.size(), MSG_NOSIGNAL | flags);
}

}  // namespace session_gateway
