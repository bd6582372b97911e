// The only source of randomness. Everything that needs some is handed a Random.
//
// Thread rule: as the implementation says. Never here: seeds from the time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace session_gateway {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint32_t Next() = 0;  // 32 bits that nobody can foretell
};

// The operating system's, fetched some at a time. Not std::random_device: it asks the processor's entropy
// source for each number, which gives some forty thousand of them a second to all of a machine's cores
// together, and waits for more. Any thread.
class SystemRandom final : public Random {
 public:
  std::uint32_t Next() override;

 private:
  std::mutex mutex_;
  std::array<std::uint32_t, 64> fetched_;  // 256 bytes, the most that the system gives at once
  std::size_t left_ = 0;                   // of them; those that were given out are zero
};

}  // namespace session_gateway
