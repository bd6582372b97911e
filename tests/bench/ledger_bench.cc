// What a create with a request_id costs beside one without, with the ledger in memory (docs/once.md, Cost).
//
// Rounds of all cases are interleaved, and the medians compared. Exit code 1: a bound is not kept.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/ledger/memory_ledger.h"
#include "tests/bench/once_bed.h"

namespace session_gateway {
namespace {

constexpr int kMany = 1'000'000;
constexpr int kBatch = 64;
constexpr double kMicrosecondsMax = 3;  // of a call beside the content's hash
constexpr double kGrowthMax = 0.10;     // by so many remembered entries

// Some remembered creates. When there is no room for one more, the oldest goes.
struct Scene {
  Scene(const OnceSample& sample, BedUpstream upstream, int entries, MemoryLedgerBounds bounds)
      : ledger(clock, bounds), bed(sample, upstream, clock, ledger) {
    bed.Fill(entries);
  }
  SystemClock clock;
  MemoryLedger ledger;
  OnceBed bed;
};

// With few entries the time of each is over at once, so there are never more.
std::unique_ptr<Scene> Few(const OnceSample& sample, BedUpstream upstream) {
  return std::make_unique<Scene>(
      sample, upstream, 0,
      MemoryLedgerBounds{.entries = kMany, .bytes = std::size_t{4} << 30, .age = Duration(0)});
}
// Full: each new one takes the place of the oldest.
std::unique_ptr<Scene> Full(const OnceSample& sample, BedUpstream upstream) {
  return std::make_unique<Scene>(
      sample, upstream, kMany,
      MemoryLedgerBounds{.entries = kMany, .bytes = std::size_t{8} << 30, .keep_min = Duration(0)});
}

using Calls = void (OnceBed::*)(int calls);
using Make = std::unique_ptr<Scene> (*)(const OnceSample& sample, BedUpstream upstream);

// A scene that is made when it is first needed.
class Stage {
 public:
  Stage(OnceSample sample, BedUpstream upstream, Make make)
      : sample_(std::move(sample)), upstream_(upstream), make_(make) {}
  OnceBed& bed() {
    if (!scene_) scene_ = make_(sample_, upstream_);
    return scene_->bed;
  }

 private:
  const OnceSample sample_;
  const BedUpstream upstream_;
  const Make make_;
  std::unique_ptr<Scene> scene_;
};

void Add(const std::string& name, const std::shared_ptr<Stage>& stage, Calls calls) {
  benchmark::RegisterBenchmark(name.c_str(), [stage, calls](benchmark::State& state) {
    OnceBed& bed = stage->bed();
    while (state.KeepRunningBatch(kBatch)) (bed.*calls)(kBatch);
  })->Unit(benchmark::kMicrosecond);
}

// The cases of one kind of create.
void AddAll(const std::string& name, const OnceSample& sample) {
  const auto few = std::make_shared<Stage>(sample, BedUpstream::kAtOnce, Few);
  Add(name + "/content", few, &OnceBed::Content);
  Add(name + "/plain", few, &OnceBed::Plain);
  Add(name + "/once", few, &OnceBed::Once);
  Add(name + "/once_full", std::make_shared<Stage>(sample, BedUpstream::kAtOnce, Full), &OnceBed::Once);
  Add(name + "/call", std::make_shared<Stage>(sample, BedUpstream::kLoopback, Few), &OnceBed::Once);
  Add(name + "/call_full", std::make_shared<Stage>(sample, BedUpstream::kLoopback, Full), &OnceBed::Once);
}

// Keeps the medians, in microseconds, of what it prints.
class Medians final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) failed = true;
      if (run.aggregate_name == "median") of[run.run_name.function_name] = run.GetAdjustedCPUTime();
    }
    ConsoleReporter::ReportRuns(runs);
  }
  std::map<std::string, double> of;
  bool failed = false;
};

// One line of figures; whether the bounds are kept.
bool Judge(const std::string& name, const std::map<std::string, double>& median) {
  const auto of = [&](const char* what) { return median.at(name + what); };
  const double beside = of("/once") - of("/plain");
  const double growth = of("/call_full") / of("/call") - 1;
  std::printf(
      "%-14s a request_id: %.2f us, and %.2f us for the content's hash (%.2f us with a million entries);"
      " a call: %.1f us, %+.1f %% with a million entries\n",
      name.c_str(), beside, of("/content"), of("/once_full") - of("/plain"), of("/call"), growth * 100);
  return beside <= kMicrosecondsMax && growth <= kGrowthMax;
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const std::pair<std::string, OnceSample> samples[] = {
      {"symphony", SymphonySample()}, {"qlik", QlikSample()}, {"qlik_largest", LargestQlikSample()}};
  for (const auto& [name, sample] : samples) AddAll(name, sample);
  Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  if (medians.failed || medians.of.size() != std::size(samples) * 6) return 2;  // a filter was given
  bool is_kept = true;
  for (const auto& [name, sample] : samples) is_kept = Judge(name, medians.of) && is_kept;
  std::printf("bounds: %.0f us beside the content's hash, %.0f %% by a million entries: %s\n",
              kMicrosecondsMax, kGrowthMax * 100, is_kept ? "kept" : "NOT KEPT");
  return is_kept ? 0 : 1;
}

}  // namespace
}  // namespace session_gateway

int main(int argc, char** argv) { return session_gateway::Main(argc, argv); }
