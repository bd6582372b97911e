// The steps of the gateway towards its upstreams: the calls of the C library on sockets that its loop thread
// has opened, in whatever thread, and the look-up of a name. They are counted, and one of them can be made to
// fail.
//
// The test program defines the calls itself and hands them on to the library, so the product holds nothing
// for it. A call that "fails" does not happen, but for `close`, which always does.
//
// Thread rule: the functions are for the test's thread, while no call runs; the calls come from any. Never
// here: what a failure should lead to.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace session_gateway {

enum class StepCall {
  kGetaddrinfo,
  kSocket,
  kConnect,
  kGetsockopt,
  kSetsockopt,
  kIoctl,
  kEpollCtl,
  kSend,
  kRecv,
  kClose
};
std::string_view StepCallName(StepCall call);

enum class StepEffect {
  kError,        // the call fails with `value` as errno; of getaddrinfo it is what is returned
  kSocketError,  // getsockopt(SO_ERROR) says that the socket has the error `value`
  kShort,        // one byte is taken or given
  kEnd,          // the end of the stream
};

struct StepFault {
  std::string_view name;
  StepEffect effect;
  int value;
  std::vector<StepCall> calls;  // that can fail so
};
// All failure kinds.
const std::vector<StepFault>& StepFaults();

struct StepReport {
  bool met = false;           // the call that should fail was made
  std::string step;           // which one that was: `send, step 7`
  std::vector<StepCall> all;  // in their order
  // Of requests that create, encrypted or not, what the system has taken.
  std::size_t create_bytes = 0;
};

// From now on the steps on sockets that this thread opens count.
void WatchSteps(pthread_t loop_thread);
// From now on they are noted. Of the calls that `fault` can be of, the one with this number (from 1) fails.
void BeginSteps();
void BeginSteps(const StepFault& fault, int number);
StepReport EndSteps();
// Sockets towards an upstream that are open.
std::size_t OpenUpstreamSockets();

}  // namespace session_gateway
