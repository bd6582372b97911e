// Accepts callers' connections and hands them on, within a bound. gRPC 1.51 has a listener of its own, but no
// bound on connections, and it stops listening for ever when the process once has no descriptor left.
//
// A connection beyond the bound is closed at once: it carries no call yet. When no descriptor is left, the
// next attempt follows after a moment; meanwhile connections wait in the system's queue. Thread rule: made
// and destroyed while the loop does not use it, all else on the loop thread. Never here: what is said on a
// connection, TLS.
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <string_view>

#include "server/clock.h"
#include "server/event_loop.h"
#include "server/rpc/connection_count.h"
#include "server/rpc/listening_sockets.h"

namespace session_gateway {

class Log;

class Acceptor {
 public:
  // Owns the connection from then on.
  using Take = std::function<void(int fd)>;

  Acceptor(Loop& loop, const Clock& clock, Log& log, ListeningSockets sockets, std::size_t connections_max,
           Take take);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void Start();
  // Nobody can connect from then on.
  void Close();

 private:
  using Socket = boost::asio::posix::basic_stream_descriptor<LoopExecutor>;
  struct Listener {
    Listener(Loop& loop, Descriptor fd)
        : socket(loop.get_executor(), fd.Release()), retry(loop.get_executor()) {}
    Socket socket;
    LoopTimer retry;
  };

  void Wait(Listener& listener);
  void WaitLater(Listener& listener);
  void AcceptSome(Listener& listener);
  void Admit(Descriptor connection);
  void ReportRefusal(std::string_view reason);

  const Clock& clock_;
  Log& log_;
  const Take take_;
  ConnectionCount count_;
  std::list<Listener> listeners_;
  TimePoint next_report_{};
  std::int64_t refused_ = 0;  // since the last report
};

}  // namespace session_gateway
