// The kept connections of one endpoint, the last used first, and the count of all that are open.
//
// A connection is handed out again only when it is young enough and its peer has sent nothing meanwhile: an
// answer that nobody asked for would be taken for the answer to the next request. Bounds: connections,
// idle_connections, idle_max and age_max of EngineLimits. Thread rule: loop thread only. Never here:
// connecting, waiting, timers.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "server/clock.h"
#include "server/upstream/engine_limits.h"

namespace session_gateway {

// `Connection` has TimePoint opened and idle_since, bool Quiet() (open, and nothing to read) and Close().
template <typename Connection>
class ConnectionPool {
 public:
  using Pointer = std::shared_ptr<Connection>;

  explicit ConnectionPool(const EngineLimits& limits) : limits_(limits) {}

  // A kept connection that may carry an exchange, or nullptr. It stays counted as open.
  Pointer Take(TimePoint now) {
    while (!idle_.empty()) {
      Pointer connection = std::move(idle_.back());
      idle_.pop_back();
      if (!Expired(*connection, now) && connection->Quiet()) return connection;
      Drop(*connection);
    }
    return nullptr;
  }

  // Room for one more open connection.
  bool Reserve() {
    if (open_ >= limits_.connections) return false;
    ++open_;
    return true;
  }

  // A reserved or taken connection ends.
  void Release() { --open_; }

  // A taken or new connection comes (back) to rest.
  void Keep(Pointer connection, TimePoint now) {
    connection->idle_since = now;
    if (closed_ || limits_.idle_connections == 0 || Expired(*connection, now)) return Drop(*connection);
    if (idle_.size() >= limits_.idle_connections) {
      Drop(*idle_.front());
      idle_.pop_front();
    }
    idle_.push_back(std::move(connection));
  }

  // Closes those that rested too long; they stand in front.
  void Sweep(TimePoint now) {
    while (!idle_.empty() && now - idle_.front()->idle_since >= limits_.idle_max) {
      Drop(*idle_.front());
      idle_.pop_front();
    }
  }

  // When the next kept connection has rested too long.
  std::optional<TimePoint> NextExpiry() const {
    if (idle_.empty()) return std::nullopt;
    return idle_.front()->idle_since + limits_.idle_max;
  }

  // Closes what is kept; from now on nothing is kept.
  void Close() {
    closed_ = true;
    for (const Pointer& connection : idle_) Drop(*connection);
    idle_.clear();
  }

  bool closed() const { return closed_; }
  std::size_t open() const { return open_; }
  std::size_t idle() const { return idle_.size(); }

 private:
  bool Expired(const Connection& connection, TimePoint now) const {
    return now - connection.idle_since >= limits_.idle_max || now - connection.opened >= limits_.age_max;
  }

  void Drop(Connection& connection) {
    connection.Close();
    Release();
  }

  const EngineLimits limits_;
  std::deque<Pointer> idle_;  // ordered by idle_since
  std::size_t open_ = 0;
  bool closed_ = false;
};

// A connection in use. It ends closed unless it is kept, whatever way the exchange is left.
template <typename Connection>
class ConnectionLease {
 public:
  using Pool = ConnectionPool<Connection>;

  ConnectionLease(Pool& pool, std::shared_ptr<Connection> connection)
      : pool_(pool), connection_(std::move(connection)) {}
  ~ConnectionLease() {
    if (!connection_) return;
    connection_->Close();
    pool_.Release();
  }
  ConnectionLease(const ConnectionLease&) = delete;
  ConnectionLease& operator=(const ConnectionLease&) = delete;

  Connection& operator*() const { return *connection_; }
  Connection* operator->() const { return connection_.get(); }
  void Keep(TimePoint now) { pool_.Keep(std::exchange(connection_, nullptr), now); }

 private:
  Pool& pool_;
  std::shared_ptr<Connection> connection_;
};

}  // namespace session_gateway
