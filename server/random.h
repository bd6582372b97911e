// The only source of randomness. Everything that needs some is handed a Random.
//
// Thread rule: as the implementation says. Never here: seeds from the time.
#pragma once

#include <cstdint>
#include <random>

namespace session_gateway {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint32_t Next() = 0;  // 32 bits that nobody can foretell
};

// The operating system's. Any thread: libstdc++'s device keeps nothing from one number to the next.
class SystemRandom final : public Random {
 public:
  std::uint32_t Next() override { return device_(); }

 private:
  std::random_device device_;
};

}  // namespace session_gateway
