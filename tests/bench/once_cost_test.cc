// What a request_id costs, as far as a test can say so on a machine that does other things meanwhile: how
// often a call allocates, and how its time compares within one run. `make bench-ledger` gives the figures.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <new>

#include "server/ledger/memory_ledger.h"
#include "tests/bench/once_bed.h"

namespace session_gateway {
namespace {

// `operator new` has no argument for it, and may not allocate itself.
std::atomic<std::int64_t>& Allocations() {
  alignas(std::atomic<std::int64_t>) static unsigned char place[sizeof(std::atomic<std::int64_t>)];
  static auto* const allocations = new (place) std::atomic<std::int64_t>(0);
  return *allocations;
}

#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kMany = 100'000;
#else
constexpr int kMany = 1'000'000;
#endif
constexpr int kFew = 1'000;
constexpr int kCalls = 200;
constexpr std::int64_t kAllocationsMax = 40;  // of a request_id, beside those of a call without

// A full ledger: each new entry takes the place of the oldest.
struct Scene {
  explicit Scene(const OnceSample& sample, int entries)
      : ledger(clock, {.entries = static_cast<std::size_t>(entries),
                       .bytes = std::size_t{8} << 30,
                       .keep_min = Duration(0)}),
        bed(sample, clock, ledger) {
    bed.Fill(entries);
    // What is made once, and is there from then on.
    bed.Plain(kCalls);
    bed.Once(kCalls);
    bed.Content(kCalls);
  }
  SystemClock clock;
  MemoryLedger ledger;
  OnceBed bed;
};

std::int64_t AllocationsOf(const std::function<void()>& work) {
  const std::int64_t before = Allocations();
  work();
  return Allocations() - before;
}

TEST(OnceCost, AMillionEntriesAllocateNoMoreThanAThousand) {
  for (const OnceSample& sample : {SymphonySample(), QlikSample()}) {
    Scene few(sample, kFew);
    Scene many(sample, kMany);
    const auto once = [](Scene& scene) { return AllocationsOf([&] { scene.bed.Once(kCalls); }); };
    const std::int64_t with_few = once(few);
    EXPECT_EQ(once(many), with_few);
    EXPECT_EQ(many.ledger.entries(), static_cast<std::size_t>(kMany));
    const std::int64_t plain = AllocationsOf([&] { few.bed.Plain(kCalls); });
    EXPECT_GT(plain, 0);
    EXPECT_LE(with_few - plain, kAllocationsMax * kCalls)
        << plain << " without, " << with_few << " with a request_id";
    EXPECT_LE(AllocationsOf([&] { few.bed.Repeat(kFew / 2); }), with_few / kCalls * (kFew / 2))
        << "of repeats";
  }
}

#ifndef SESSION_GATEWAY_SANITIZED
std::int64_t NanosecondsOf(const std::function<void()>& work) {
  const auto now = [] {
    timespec time = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  const std::int64_t before = now();
  work();
  return now() - before;
}

// The best of several rounds, each of both; the bounds are far from what is measured when nothing else runs.
TEST(OnceCost, IsAFewMicrosecondsAndHardlyMoreWithAMillionEntries) {
  Scene few(SymphonySample(), kFew);
  Scene many(SymphonySample(), kMany);
  std::int64_t plain = INT64_MAX;
  std::int64_t with_few = INT64_MAX;
  std::int64_t with_many = INT64_MAX;
  for (int round = 0; round < 25; ++round) {
    plain = std::min(plain, NanosecondsOf([&] { few.bed.Plain(kCalls); }));
    with_few = std::min(with_few, NanosecondsOf([&] { few.bed.Once(kCalls); }));
    with_many = std::min(with_many, NanosecondsOf([&] { many.bed.Once(kCalls); }));
  }
  EXPECT_LT((with_few - plain) / kCalls, 9'000) << "nanoseconds";
  EXPECT_LT(with_many, with_few * 2);
}
#endif

}  // namespace
}  // namespace session_gateway

void* operator new(std::size_t size) {
  ++session_gateway::Allocations();
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
