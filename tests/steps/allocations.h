// The allocations of C++ that the logic of a call makes until it waits for the first time, counted, and one
// of them made to fail.
//
// Later ones are not among them: Boost 1.74 ends the program when there is no memory for a wait that a
// coroutine begins. Nor is what gRPC and the call's frame do before. Thread rule: as upstream_steps.h. Never
// here: what OpenSSL takes from malloc.
#pragma once

#include <memory>

#include "server/rpc/handler.h"
#include "tests/steps/failing_new.h"

namespace session_gateway {

// Calls `logic`, and notes its allocations.
std::unique_ptr<SessionGatewayHandler> NoteAllocationsOf(SessionGatewayHandler& logic);

}  // namespace session_gateway
