// What the gateway's process holds while it is under load, and whether that stays flat.
//
// Thread rule: one thread. Never here: calls.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/soak/soak_callers.h"

namespace session_gateway {

// Open descriptors of a process, but for one of each of its threads: a kept thread of an engine has one.
long DescriptorsOf(pid_t pid);

struct SoakSample {
  double seconds = 0;
  SoakTally symphony;
  SoakTally qlik;
  long kilobytes = 0;
  long descriptors = 0;
};

class SoakWatch {
 public:
  void Add(const SoakSample& sample) { samples_.push_back(sample); }

  // Some lines of the curve, evenly spread.
  std::string Table() const;
  // By how much the median of the second half is above that of the first, a warm-up left out.
  long GrowthOfKilobytes() const { return Growth(&SoakSample::kilobytes); }
  long GrowthOfDescriptors() const { return Growth(&SoakSample::descriptors); }

 private:
  long Growth(long SoakSample::*value) const;

  std::vector<SoakSample> samples_;
};

}  // namespace session_gateway
