// From an endpoint to a connected TCP socket: resolves the name off the loop and tries each address in turn.
//
// Thread rule: loop thread only. Never here: the pool, TLS, sending, remembering of addresses (what
// is resolved serves only those who wait for it, so a moved name is followed).
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "server/call_context.h"
#include "server/endpoint.h"
#include "server/event_loop.h"
#include "translator/http_message.h"

namespace session_gateway {

using TcpAddress = boost::asio::ip::tcp::endpoint;
using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, LoopExecutor>;

// At most this many addresses of a name are tried.
inline constexpr std::size_t kAddressesMax = 16;

// The addresses, at least one.
using ResolveResult = std::variant<std::vector<TcpAddress>, SendFailure>;

// Resolves the name of one endpoint. The system's resolver cannot be broken off, so at most one lookup is
// under way, in a thread of its own: all calls that need it meanwhile wait for the same and share its result.
// A stopped call is freed at once; the lookup goes on, and nothing else waits for it.
class NameResolver {
 public:
  NameResolver(const LoopExecutor& executor, const Endpoint& endpoint)
      : executor_(executor), endpoint_(endpoint) {}
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // The resolver outlives the task.
  Task<ResolveResult> Resolve(CallContext& context);

  // A lookup that nobody waits for is given up. No Resolve follows.
  void Close();

 private:
  struct Lookup;
  std::shared_ptr<Lookup> Begin();

  const LoopExecutor executor_;
  const Endpoint endpoint_;
  std::shared_ptr<Lookup> lookup_;  // the last one
};

// Connects to the first address that accepts. Each address but the last gets its share of the time left, so
// that one which swallows packets does not use up the call. On failure the socket is closed.
Task<std::optional<SendFailure>> Connect(TcpSocket& socket, const std::vector<TcpAddress>& addresses,
                                         CallContext& context, const Clock& clock);

// The failure of a call that was stopped, or whose deadline has come, before a byte left.
SendFailure StoppedBeforeSending(const CallContext& context, Phase phase);

}  // namespace session_gateway
