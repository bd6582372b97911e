// The system's random numbers: fetched some at a time, each given out once.
#include "server/random.h"

#include <gtest/gtest.h>

#include <set>

namespace session_gateway {
namespace {

TEST(SystemRandomTest, GivesNoNumberTwice) {
  constexpr int kNumbers = 1000;  // many times what is fetched at once
  SystemRandom one;
  SystemRandom other;
  std::set<std::uint64_t> seen;  // of two each: of 32 bits some would meet by chance
  for (int i = 0; i < kNumbers; ++i) {
    for (SystemRandom* random : {&one, &other}) {
      const std::uint64_t high = random->Next();
      seen.insert((high << 32) | random->Next());
    }
  }
  EXPECT_EQ(seen.size(), 2u * kNumbers);
}

TEST(SystemRandomTest, EachBitIsSetInHalfOfThem) {
  constexpr int kNumbers = 10'000;
  SystemRandom random;
  std::array<int, 32> set{};
  for (int i = 0; i < kNumbers; ++i) {
    const std::uint32_t number = random.Next();
    for (std::size_t bit = 0; bit < set.size(); ++bit) set[bit] += (number >> bit) & 1;
  }
  // Ten standard deviations.
  for (const int count : set) EXPECT_NEAR(count, kNumbers / 2, 500);
}

}  // namespace
}  // namespace session_gateway
