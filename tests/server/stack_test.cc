// The stack of one upstream as it is built, against servers with real sockets: an endpoint that refuses, one
// that comes back, one that stalls.
#include "server/upstream/stack.h"

#include "tests/server/layer_fixture.h"

namespace session_gateway {
namespace {
}  // namespace
}  // namespace session_gateway
