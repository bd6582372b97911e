// Runs something on a loop's thread and waits for its end.
//
// Thread rule: any thread but the loop's, which runs. Never here: coroutines.
#pragma once

#include <boost/asio/post.hpp>
#include <future>

#include "server/event_loop.h"

namespace session_gateway {

template <typename Action>
void RunOnLoop(Loop& loop, Action action) {
  std::promise<void> ran;
  boost::asio::post(loop, [&] {
    action();
    ran.set_value();
  });
  ran.get_future().wait();
}

}  // namespace session_gateway
