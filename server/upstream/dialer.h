// From an endpoint to a connected TCP socket: resolves the name off the loop and tries each address in turn.
//
// Thread rule: loop thread only. Never here: the pool, TLS, sending, remembering of addresses (each dial
// resolves anew, so a moved name is followed).
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
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

// The addresses, at least one. A stopped call is freed at once, though the system's resolver may go on for a
// while in its own thread, which serves one name after the other and which a loop that shuts down has to wait
// for.
using ResolveResult = std::variant<std::vector<TcpAddress>, SendFailure>;
Task<ResolveResult> Resolve(LoopExecutor executor, const Endpoint& endpoint, CallContext& context);

// Connects to the first address that accepts. Each address but the last gets its share of the time left, so
// that one which swallows packets does not use up the call. On failure the socket is closed.
Task<std::optional<SendFailure>> Connect(TcpSocket& socket, const std::vector<TcpAddress>& addresses,
                                         CallContext& context, const Clock& clock);

// The failure of a call that was stopped, or whose deadline has come, before a byte left.
SendFailure StoppedBeforeSending(const CallContext& context, Phase phase);

}  // namespace session_gateway
