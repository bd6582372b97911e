// What the program tells the service manager that started it (systemd's Type=notify): that it listens, that
// it stops, and, as its watchdog asks, that its loop still turns. The protocol is datagrams of a few words
// (sd_notify(3)), so it is spoken here and not by a library (docs/decisions/systemd.md).
//
// Thread rule: one thread owns it and calls Ready and Stopping; pings are sent on the loop's thread. Never
// here: waiting for the service manager, failing because of it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/clock.h"
#include "server/event_loop.h"

namespace session_gateway {

// What the environment says about the service manager.
struct ServiceManagerSettings {
  std::string socket;  // a path, or `@` and an abstract name; empty: nobody listens
  std::optional<std::chrono::microseconds> watchdog;  // the service manager's patience with this process
};

// The value of an environment variable, or nullptr, as std::getenv has it.
using EnvironmentVariables = std::function<const char*(const char*)>;

// NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. A watchdog that is meant for another process than `pid` is
// none.
ServiceManagerSettings ReadServiceManagerSettings(const EnvironmentVariables& environment, long pid);

// Those of this process, from its own environment.
ServiceManagerSettings OwnServiceManagerSettings();

class ServiceManager {
 public:
  // Without a socket in `settings` nothing is ever sent.
  explicit ServiceManager(const ServiceManagerSettings& settings);
  // After the loop's thread has ended.
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  // The program listens. From here on `loop` is made to say twice in each watchdog time that it turns.
  void Ready(Loop& loop, const Clock& clock);

  // The program takes no new call and ends within `time`, for which the service manager is asked to wait.
  void Stopping(std::chrono::milliseconds time);

  // On the loop's thread: no more pings, so that the loop can end.
  void Close();

 private:
  class Watchdog;

  void Send(std::string_view words, int flags) const;

  int socket_ = -1;
  std::optional<std::chrono::microseconds> watchdog_time_;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace session_gateway
