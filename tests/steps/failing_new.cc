#include "tests/steps/failing_new.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace session_gateway {
namespace {

struct Allocations {
  std::atomic<bool> armed = false;
  std::atomic<bool> inside = false;  // what `thread` allocates counts
  std::atomic<pthread_t> thread = {};
  std::atomic<int> all = 0;
  std::atomic<int> fails = 0;
};

// `operator new` has no argument for it, and it may not be allocated itself.
Allocations& TheAllocations() {
  alignas(Allocations) static unsigned char place[sizeof(Allocations)];
  static Allocations* const allocations = new (place) Allocations;
  return *allocations;
}

bool Fails() {
  Allocations& all = TheAllocations();
  if (!all.armed || !all.inside || pthread_equal(all.thread, pthread_self()) == 0) return false;
  return ++all.all == all.fails;
}

}  // namespace

void BeginAllocations(int number) {
  TheAllocations().all = 0;
  TheAllocations().fails = number;
  TheAllocations().armed = true;
}

AllocationReport EndAllocations() {
  Allocations& all = TheAllocations();
  all.armed = false;
  return {all.all, all.fails > 0 && all.all >= all.fails};
}

void CountAllocationsHere(bool count) {
  if (count) TheAllocations().thread = pthread_self();
  TheAllocations().inside = count;
}

void CountAllocationsOf(pthread_t thread) {
  TheAllocations().thread = thread;
  TheAllocations().inside = true;
}

}  // namespace session_gateway

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return session_gateway::Fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
