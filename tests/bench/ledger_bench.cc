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
#include "tests/bench/call_bed.h"
#include "tests/bench/once_bed.h"

namespace session_gateway {
namespace {

constexpr int kMany = 1'000'000;
constexpr int kBatch = 64;
constexpr int kProgramBatch = 512;
constexpr int kProgramInFlight = 8;
constexpr int kCases = 5;               // of each kind
constexpr double kMicrosecondsMax = 3;  // of a call beside the content's hash
constexpr double kGrowthMax = 0.10;     // by so many remembered entries

// Some remembered creates. When there is no room for one more, the oldest goes.
struct Scene {
  Scene(const OnceSample& sample, int entries, MemoryLedgerBounds bounds)
      : ledger(clock, bounds), bed(sample, clock, ledger) {
    bed.Fill(entries);
  }
  SystemClock clock;
  MemoryLedger ledger;
  OnceBed bed;
};

// With few entries the time of each is over at once, so there are never more.
std::unique_ptr<Scene> Few(const OnceSample& sample) {
  return std::make_unique<Scene>(
      sample, 0, MemoryLedgerBounds{.entries = kMany, .bytes = std::size_t{4} << 30, .age = Duration(0)});
}
// Full: each new one takes the place of the oldest.
std::unique_ptr<Scene> Full(const OnceSample& sample) {
  return std::make_unique<Scene>(
      sample, kMany,
      MemoryLedgerBounds{.entries = kMany, .bytes = std::size_t{8} << 30, .keep_min = Duration(0)});
}

using Calls = void (OnceBed::*)(int calls);
using Make = std::unique_ptr<Scene> (*)(const OnceSample& sample);

// A scene that is made when it is first needed.
class Stage {
 public:
  Stage(OnceSample sample, Make make) : sample_(std::move(sample)), make_(make) {}
  OnceBed& bed() {
    if (!scene_) scene_ = make_(sample_);
    return scene_->bed;
  }

 private:
  const OnceSample sample_;
  const Make make_;
  std::unique_ptr<Scene> scene_;
};

void Add(const std::string& name, const std::shared_ptr<Stage>& stage, Calls calls) {
  benchmark::RegisterBenchmark(name.c_str(), [stage, calls](benchmark::State& state) {
    OnceBed& bed = stage->bed();
    while (state.KeepRunningBatch(kBatch)) (bed.*calls)(kBatch);
  })->Unit(benchmark::kMicrosecond);
}

CallBedSetup SetupFor(const OnceSample& sample) {
  return {.samples = {.symphony = sample.upstream == Upstream::kSymphony ? sample : SymphonySample(),
                      .qlik = sample.upstream == Upstream::kQlik ? sample : QlikSample()},
          .yaml = "creates: {ledger_entries: 4000000, ledger_bytes: 4096MiB}\n"};
}

// Calls to the program, by the time that its process takes.
void AddProgram(const std::string& name, const OnceSample& sample) {
  struct Lazy {
    OnceSample sample;
    std::unique_ptr<CallBed> bed;
  };
  const auto lazy = std::make_shared<Lazy>(Lazy{sample, nullptr});
  benchmark::RegisterBenchmark((name + "/program").c_str(),
                               [lazy](benchmark::State& state) {
                                 if (!lazy->bed)
                                   lazy->bed = std::make_unique<CallBed>(SetupFor(lazy->sample));
                                 while (state.KeepRunningBatch(kProgramBatch)) {
                                   const Duration used = lazy->bed->Run({lazy->sample.upstream, true},
                                                                        kProgramBatch, kProgramInFlight);
                                   state.SetIterationTime(std::chrono::duration<double>(used).count());
                                 }
                               })
      ->Unit(benchmark::kMicrosecond)
      ->UseManualTime();
}

// The cases of one kind of create.
void AddAll(const std::string& name, const OnceSample& sample) {
  const auto few = std::make_shared<Stage>(sample, Few);
  Add(name + "/content", few, &OnceBed::Content);
  Add(name + "/plain", few, &OnceBed::Plain);
  Add(name + "/once", few, &OnceBed::Once);
  Add(name + "/once_full", std::make_shared<Stage>(sample, Full), &OnceBed::Once);
  AddProgram(name, sample);
}

// Keeps the medians, in microseconds, of what it prints.
class Medians final : public benchmark::ConsoleReporter {
 public:
  Medians() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.aggregate_name != "median") continue;
      const std::string& name = run.run_name.function_name;
      const bool is_program = name.ends_with("/program");
      of[name] = is_program ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime();
    }
    ConsoleReporter::ReportRuns(runs);
  }
  std::map<std::string, double> of;
};

struct Kind {
  std::string name;
  OnceSample sample;
  bool is_judged;
};

// Prints the figures; whether the bounds are kept.
bool Judge(const Kind& kind, const std::map<std::string, double>& median) {
  const auto of = [&](const char* what) { return median.at(kind.name + what); };
  const double beside = of("/once") - of("/plain");
  const double growth = of("/once_full") - of("/once");
  const double share = growth / of("/program");
  std::printf("%-13s request_id %5.2f us | content's hash %5.2f us | ", kind.name.c_str(), beside,
              of("/content"));
  std::printf("a million entries %+5.2f us, %4.1f %% of a call of %5.1f us\n", growth, share * 100,
              of("/program"));
  return !kind.is_judged || (beside <= kMicrosecondsMax && share <= kGrowthMax);
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  // The largest row is there to compare: more than half of what it costs is the writing of so many members.
  const Kind kinds[] = {{"symphony", SymphonySample(), true},
                        {"qlik", QlikSample(), true},
                        {"qlik_largest", LargestQlikSample(), false}};
  for (const Kind& kind : kinds) AddAll(kind.name, kind.sample);
  Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  if (medians.of.size() != std::size(kinds) * kCases) return 0;  // some of them alone: nothing to compare
  bool is_kept = true;
  for (const Kind& kind : kinds) is_kept = Judge(kind, medians.of) && is_kept;
  std::printf("bounds of symphony and qlik: %.0f us, %.0f %%: %s\n", kMicrosecondsMax, kGrowthMax * 100,
              is_kept ? "kept" : "NOT KEPT");
  return is_kept ? 0 : 1;
}

}  // namespace
}  // namespace session_gateway

int main(int argc, char** argv) { return session_gateway::Main(argc, argv); }
