// The event loop's types, in one place: a static executor and coroutine type, since the type-erased executor
// costs microseconds per call (docs/decisions/http-engine.md).
//
// Thread rule: one thread runs a Loop; everything that is started on it stays on it. Never
// here: a loop of its own; main makes the one there is.
#pragma once

// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without including it
// clang-format on

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/clock.h"

namespace session_gateway {

using Loop = boost::asio::io_context;
using LoopExecutor = Loop::executor_type;

template <typename T>
using Task = boost::asio::awaitable<T, LoopExecutor>;

inline constexpr boost::asio::use_awaitable_t<LoopExecutor> kUseTask{};

using LoopTimer =
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, LoopExecutor>;

}  // namespace session_gateway
