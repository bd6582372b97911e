// What the service manager gets, on a real socket.
#include "server/service_manager.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <future>
#include <map>
#include <thread>

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{10'000};

// The socket of a service manager. Abstract, so that no file is left.
class Listener {
 public:
  explicit Listener(bool is_abstract) {
    name_ =
        (is_abstract ? "@session-gateway-test-" : "/tmp/session-gateway-test-") + std::to_string(getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, name_.size());
    if (is_abstract) address.sun_path[0] = '\0';
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const std::size_t length = offsetof(sockaddr_un, sun_path) + name_.size() + (is_abstract ? 0 : 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length)), 0);
  }
  ~Listener() {
    close(fd_);
    if (name_[0] == '/') unlink(name_.c_str());
  }

  const std::string& name() const { return name_; }

  // The next datagram, or "nothing" after `patience`.
  std::string Next(milliseconds patience) const {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, static_cast<int>(patience.count())) != 1) return "nothing";
    std::array<char, 256> text;
    const ssize_t size = recv(fd_, text.data(), text.size(), 0);
    return size < 0 ? "an error" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  std::string name_;
  int fd_ = -1;
};

ServiceManagerSettings Read(const std::map<std::string, std::string>& variables) {
  return ReadServiceManagerSettings(
      [&variables](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      4711);
}

TEST(ServiceManagerSettingsTest, WithoutAServiceManagerThereIsNothing) {
  EXPECT_EQ(Read({}).socket, "");
  EXPECT_EQ(Read({}).watchdog, std::nullopt);
}

TEST(ServiceManagerSettingsTest, TheWatchdogMayBeMeantForAnotherProcess) {
  const auto own =
      Read({{"NOTIFY_SOCKET", "/run/s"}, {"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "4711"}});
  EXPECT_EQ(own.socket, "/run/s");
  EXPECT_EQ(own.watchdog, std::chrono::seconds(30));
  EXPECT_EQ(Read({{"WATCHDOG_USEC", "5000"}}).watchdog, milliseconds(5));
  const auto other =
      Read({{"NOTIFY_SOCKET", "/run/s"}, {"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "1"}});
  EXPECT_EQ(other.socket, "/run/s");
  EXPECT_EQ(other.watchdog, std::nullopt);
}

TEST(ServiceManagerSettingsTest, ATimeThatIsNoneIsNoWatchdog) {
  for (const char* text : {"", "0", "-1", "1x", "x", "99999999999999999999"}) {
    EXPECT_EQ(Read({{"WATCHDOG_USEC", text}}).watchdog, std::nullopt) << text;
  }
}

TEST(ServiceManagerTest, SaysThatItIsReadyAndThatItStops) {
  for (const bool is_abstract : {false, true}) {
    const Listener listener(is_abstract);
    const SystemClock clock;
    Loop loop(1);
    ServiceManager manager({.socket = listener.name(), .watchdog = std::nullopt});
    manager.Ready(loop, clock);
    EXPECT_EQ(listener.Next(kPatience), "READY=1");
    loop.run();  // nothing is there to do: no watchdog was asked for
    manager.Stopping(std::chrono::seconds(30));
    EXPECT_EQ(listener.Next(kPatience), "STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000");
    EXPECT_EQ(listener.Next(milliseconds(0)), "nothing");
  }
}

TEST(ServiceManagerTest, PingsWhileTheLoopTurnsAndNotWhileItHangs) {
  const Listener listener(true);
  const SystemClock clock;
  Loop loop(1);
  ServiceManager manager({.socket = listener.name(), .watchdog = milliseconds(20)});
  manager.Ready(loop, clock);
  EXPECT_EQ(listener.Next(kPatience), "READY=1");
  EXPECT_EQ(listener.Next(milliseconds(0)), "nothing") << "the loop does not run yet";
  std::thread thread([&loop] { loop.run(); });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(listener.Next(kPatience), "WATCHDOG=1");

  std::promise<void> hangs;
  std::promise<void> release;
  boost::asio::post(loop, [&] {
    hangs.set_value();
    release.get_future().wait();
  });
  hangs.get_future().wait();
  while (listener.Next(milliseconds(0)) == "WATCHDOG=1") continue;
  EXPECT_EQ(listener.Next(milliseconds(100)), "nothing") << "a ping although the loop hangs";
  release.set_value();
  EXPECT_EQ(listener.Next(kPatience), "WATCHDOG=1");

  boost::asio::post(loop, [&manager] { manager.Close(); });
  thread.join();
  while (listener.Next(milliseconds(0)) == "WATCHDOG=1") continue;
  EXPECT_EQ(listener.Next(milliseconds(50)), "nothing");
}

TEST(ServiceManagerTest, PingsTwiceInTheWatchdogsTime) {
  const Listener listener(true);
  const SystemClock clock;
  Loop loop(1);
  ServiceManager manager({.socket = listener.name(), .watchdog = milliseconds(400)});
  manager.Ready(loop, clock);
  EXPECT_EQ(listener.Next(kPatience), "READY=1");
  std::thread thread([&loop] { loop.run(); });
  EXPECT_EQ(listener.Next(kPatience), "WATCHDOG=1");
  const TimePoint first = clock.Now();
  EXPECT_EQ(listener.Next(kPatience), "WATCHDOG=1");
  EXPECT_GT(clock.Now() - first, milliseconds(100));
  boost::asio::post(loop, [&manager] { manager.Close(); });
  thread.join();
}

TEST(ServiceManagerTest, ASocketThatIsNotThereIsNoFailure) {
  for (const std::string& name : {std::string("/nowhere/notify"), std::string("@session-gateway-nobody"),
                                  std::string("relative"), std::string("@"), "/" + std::string(300, 'x')}) {
    const SystemClock clock;
    Loop loop(1);
    ServiceManager manager({.socket = name, .watchdog = milliseconds(10)});
    manager.Ready(loop, clock);
    loop.run();  // ends: nobody asks for pings
    manager.Stopping(milliseconds(10));
  }
}

}  // namespace
}  // namespace session_gateway
