// The program's `operator new`: counts the allocations that one thread makes while it is told to, and makes
// one of them fail.
//
// Thread rule: one thread at a time is counted; Begin and End may be called from another. Never here: what C
// libraries take from malloc.
#pragma once

#include <pthread.h>

namespace session_gateway {

// From now on they are counted; the one with this number (from 1) fails, 0: none.
void BeginAllocations(int number);
// How many there were, and whether the one that should fail was among them.
struct AllocationReport {
  int all = 0;
  bool met = false;
};
AllocationReport EndAllocations();

// Between Begin and End: those of this thread count from here on, or no longer.
void CountAllocationsHere(bool count);
// Those of that thread count from here on.
void CountAllocationsOf(pthread_t thread);

}  // namespace session_gateway
