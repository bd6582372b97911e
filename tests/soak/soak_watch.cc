#include "tests/soak/soak_watch.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>

#include "absl/strings/str_format.h"

namespace session_gateway {
namespace {

constexpr std::size_t kLines = 15;
// The first tenth is for caches to fill.
constexpr std::size_t kWarmUpDivisor = 10;

long Median(std::vector<long> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

long EntriesOf(const std::string& folder) {
  std::error_code error;
  const std::filesystem::directory_iterator all(folder, error);
  return error ? 0 : static_cast<long>(std::distance(begin(all), end(all)));
}

}  // namespace

long DescriptorsOf(pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  return EntriesOf(process + "/fd") - EntriesOf(process + "/task");
}

long SoakWatch::Growth(long SoakSample::*value) const {
  const std::size_t warm = samples_.size() / kWarmUpDivisor;
  const std::size_t middle = warm + (samples_.size() - warm) / 2;
  std::vector<long> first;
  std::vector<long> second;
  for (std::size_t i = warm; i < samples_.size(); ++i) {
    (i < middle ? first : second).push_back(samples_[i].*value);
  }
  return Median(std::move(second)) - Median(std::move(first));
}

std::string SoakWatch::Table() const {
  std::string table =
      "    time    calls      ok    done  unknown  refused  not sent   untold   memory  descriptors\n";
  const std::size_t step = std::max<std::size_t>(1, samples_.size() / kLines);
  for (std::size_t i = step - 1; i < samples_.size(); i += step) {
    const SoakSample& one = samples_[i];
    const auto sum = [&one](std::uint64_t SoakTally::*count) {
      return one.symphony.*count + one.qlik.*count;
    };
    table +=
        absl::StrFormat("%6.0f s %8d %7d %7d %8d %8d %9d %8d %5.1f MB %12d\n", one.seconds,
                        one.symphony.ended() + one.qlik.ended(), sum(&SoakTally::ok), sum(&SoakTally::done),
                        sum(&SoakTally::unknown), sum(&SoakTally::refused), sum(&SoakTally::not_sent),
                        sum(&SoakTally::untold), static_cast<double>(one.kilobytes) / 1024, one.descriptors);
  }
  return table;
}

}  // namespace session_gateway
