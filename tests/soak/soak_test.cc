// The gateway under load with faults on all the time: a few seconds as a test, SOAK_SECONDS of them by `make
// soak`. No answer lies, nothing grows, and all is well soon after the faults end.
#include <gmock/gmock.h>

#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

#include "tests/exchange/channel.h"
#include "tests/gateway/load_client.h"
#include "tests/gateway/programs.h"
#include "tests/pki/temporary_directory.h"
#include "tests/soak/soak_faults.h"
#include "tests/soak/soak_watch.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
constexpr auto kSymphony = SandboxUpstream::kSymphony;
constexpr auto kQlik = SandboxUpstream::kQlik;

// A sanitizer makes each call many times as slow, and its own memory and times say nothing about the
// gateway's.
#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kInFlight = 32;
constexpr int kCleanCalls = 200;
constexpr bool kMeasures = false;
#else
constexpr int kInFlight = 256;
constexpr int kCleanCalls = 1000;
constexpr bool kMeasures = true;
#endif
constexpr int kCleanInFlight = 32;
constexpr int kShortSeconds = 5;
constexpr int kLongFormFrom = 30;  // seconds
constexpr double kFaultyConnections = 0.15;
constexpr seconds kRecoveryMax(5);
constexpr seconds kIdleMax(30);
constexpr milliseconds kCallDeadline = seconds(3);
constexpr std::size_t kLogKept = 1 << 20;
// What may lie between the halves of a run: its size follows the most connections that ever stood at a fault
// at once. In a few seconds the heap is still finding it.
constexpr long kGrowthKilobytesMax = 8 * 1024;
constexpr long kShortGrowthKilobytesMax = 32 * 1024;
// As many more connections as may stand at a fault by chance.
constexpr long kGrowthDescriptorsMax = kInFlight / 2;
// Of the calls that had time: the share, in percent, that the gateway may leave without a word before their
// deadline.
constexpr double kOverduePercentMax = 10;
// Open at rest beyond what was open at first: the callers' connections, and some of gRPC's own.
constexpr long kRestDescriptorsMax = 8;
constexpr char kUser[] = "svc_gateway";
constexpr char kPassword[] = "soaked 1";

int Seconds() {
  const char* const given = std::getenv("SOAK_SECONDS");
  return given == nullptr ? kShortSeconds : std::max(1, std::atoi(given));
}

// Plain with a log-on.
SandboxOptions SymphonyOptions() {
  SandboxOptions options;
  options.symphony_logon.emplace().users = {{kUser, kPassword}};
  return options;
}

// TLS with a client's certificate.
SandboxOptions QlikOptions(const pki::TemporaryDirectory& files) {
  SandboxOptions options;
  options.tls.emplace().directory = files.path().string();
  return options;
}

class Soak : public testing::Test {
 protected:
  Soak() : symphony_(SymphonyOptions()), qlik_(QlikOptions(files_)) {
    EXPECT_EQ(symphony_.Start(), std::nullopt);
    EXPECT_EQ(qlik_.Start(), std::nullopt);
    to_symphony_.emplace(ChaosOptions{.upstream_port = symphony_.symphony_port()});
    to_qlik_.emplace(ChaosOptions{.upstream_port = qlik_.qlik_port()});
    files_.Write("password", std::string(kPassword) + "\n");
    gateway_.emplace(std::vector<std::string>{"--config", files_.Write("gateway.yaml", Config())});
  }

  std::string Config() const {
    const auto port = [](const ChaosProxy& proxy) { return "://127.0.0.1:" + std::to_string(proxy.port()); };
    return "pool: {idle_max: 1s, age_max: 2s}\ncreates: {linger: 2s}\n" +
           ConfigFor("http" + port(*to_symphony_), "") + "  auth: {mode: service_account, user: " + kUser +
           ", password_file: password, renew_min_age: 200ms, logon_timeout: 1s}\n" +
           QlikYaml("https" + port(*to_qlik_)) +
           "  tls: {ca_file: ca.pem, cert_file: client.pem, key_file: client_key.pem}\n";
  }

  std::uint64_t Sessions(SandboxUpstream upstream) const {
    return (upstream == kSymphony ? symphony_ : qlik_).counters(upstream).creates;
  }
  pid_t pid() { return gateway_->process().pid(); }

  // Calls until one succeeds; how long that took.
  milliseconds TimeToRecover(SandboxUpstream upstream) {
    const auto begun = Clock::now();
    const auto channel = ConnectTo(gateway_->address());
    while (Clock::now() < begun + kIdleMax) {
      const RpcResult result =
          upstream == kSymphony
              ? CallByText(channel, "CreateSession", R"(application_name: "recovery")", kCallDeadline)
              : CallByText(channel, "CreateExecutionSession", "execution_session { }", kCallDeadline);
      EXPECT_EQ(result.problems, "");
      done_later_[upstream] += result.ok || result.outcome == "done" ? 1 : 0;
      unknown_later_[upstream] += result.outcome == "unknown" ? 1 : 0;
      if (result.ok) break;
    }
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
  }

  // What holds at any time, for the upstream counts before a caller is told.
  void ExpectEnoughSessions(const SoakCallers& callers, SandboxUpstream upstream) const {
    const SoakTally told = callers.tally(upstream);
    const std::uint64_t sessions = Sessions(upstream);
    EXPECT_LE(told.ok + told.done, sessions);
    const SoakTally later = callers.tally(upstream);
    EXPECT_LE(sessions, later.started - told.not_sent - told.refused);
  }

  // The rows that the upstream has, held against what their callers were told.
  void CompareRows(const SoakCallers& callers, SandboxUpstream upstream) {
    const bool is_symphony = upstream == kSymphony;
    for (const std::string& text : (is_symphony ? symphony_ : qlik_).rows(upstream)) {
      const auto row = nlohmann::json::parse(text);
      const auto& id = row.at(is_symphony ? "sessionId" : "id");
      const auto tag = callers.TagOf(upstream, id.is_string() ? id.get<std::string>() : id.dump());
      if (!tag) continue;
      ++compared_rows_;
      EXPECT_EQ(row.at(is_symphony ? "applicationName" : "user").get<std::string>(), *tag);
    }
  }

  // Until the callers have ended.
  void Watch(const SoakCallers& callers, int for_seconds);
  // Idle connections have ended by then.
  long DescriptorsAtRest(long wanted);
  void ExpectHonestCount(const SoakCallers& callers, SandboxUpstream upstream, std::uint64_t clean) const;

  pki::TemporaryDirectory files_;
  Sandbox symphony_;
  Sandbox qlik_;
  std::optional<ChaosProxy> to_symphony_;
  std::optional<ChaosProxy> to_qlik_;
  std::optional<GatewayProgram> gateway_;
  SoakWatch watch_;
  std::uint64_t compared_rows_ = 0;
  std::map<SandboxUpstream, std::uint64_t> done_later_;
  std::map<SandboxUpstream, std::uint64_t> unknown_later_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool callers_ended_ = false;  // guarded by mutex_
};

void Soak::Watch(const SoakCallers& callers, int for_seconds) {
  const auto begun = Clock::now();
  const milliseconds pause =
      std::clamp(milliseconds(for_seconds * 1000 / 200), milliseconds(100), milliseconds(1000));
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, pause, [this] { return callers_ended_; })) {
    const double now = std::chrono::duration<double>(Clock::now() - begun).count();
    for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
      ExpectEnoughSessions(callers, upstream);
      CompareRows(callers, upstream);
    }
    watch_.Add({now, callers.tally(kSymphony), callers.tally(kQlik), ResidentKilobytes(pid()),
                DescriptorsOf(pid())});
    gateway_->process().ForgetLogBut(kLogKept);
    ASSERT_GT(ResidentKilobytes(pid()), 0) << "the gateway is gone: " << gateway_->process().log();
  }
}

long Soak::DescriptorsAtRest(long wanted) {
  const auto end = Clock::now() + kIdleMax;
  std::unique_lock lock(mutex_);
  while (DescriptorsOf(pid()) > wanted && Clock::now() < end) changed_.wait_for(lock, milliseconds(50));
  return DescriptorsOf(pid());
}

void Soak::ExpectHonestCount(const SoakCallers& callers, SandboxUpstream upstream,
                             std::uint64_t clean) const {
  const SoakTally told = callers.tally(upstream);
  const std::uint64_t done = told.ok + told.done + done_later_.at(upstream) + clean;
  const std::uint64_t unknown = told.unknown + told.untold + unknown_later_.at(upstream);
  const std::uint64_t sessions = Sessions(upstream);
  std::cout << (upstream == kSymphony ? "Symphony" : "Qlik") << ": done " << done << " <= sessions "
            << sessions << " <= done + unknown " << done + unknown << " <= calls " << told.started + clean
            << '\n';
  EXPECT_EQ(told.ended(), told.started);
  EXPECT_LE(done, sessions);
  EXPECT_LE(sessions, done + unknown);
  EXPECT_GT(told.ok, 0u);
  EXPECT_GT(told.unknown, 0u);
}

TEST_F(Soak, FaultsAllTheTimeLeaveNothingBehind) {
  const int for_seconds = Seconds();
  const bool is_long = for_seconds >= kLongFormFrom;
  const long descriptors_at_first = DescriptorsOf(pid());
  SoakCallers callers(gateway_->address(), kInFlight, 1);
  {
    SoakFaults symphony_faults(symphony_, kSymphony, *to_symphony_, kFaultyConnections, 2);
    SoakFaults qlik_faults(qlik_, kQlik, *to_qlik_, kFaultyConnections, 3);
    std::thread load([&] {
      callers.Run(Clock::now() + seconds(for_seconds));
      const std::lock_guard lock(mutex_);
      callers_ended_ = true;
      changed_.notify_all();
    });
    Watch(callers, for_seconds);
    load.join();
  }
  const milliseconds symphony_recovery = TimeToRecover(kSymphony);
  const milliseconds qlik_recovery = TimeToRecover(kQlik);
  EXPECT_LE(symphony_recovery, kRecoveryMax);
  EXPECT_LE(qlik_recovery, kRecoveryMax);
  LoadResult clean = LoadClient(gateway_->address()).Run(kCleanCalls, kCleanInFlight);
  EXPECT_EQ(clean.errors, 0) << clean.first_error;
  const long descriptors_at_rest = DescriptorsAtRest(descriptors_at_first + kRestDescriptorsMax);
  // A leak sanitizer speaks through the exit code.
  EXPECT_EQ(gateway_->Stop(), 0) << gateway_->process().log();
  to_symphony_->EndOpen(ChaosEnd::kReset);
  to_qlik_->EndOpen(ChaosEnd::kReset);
  symphony_.Stop();
  qlik_.Stop();

  std::cout << watch_.Table();
  for (const auto& [status, count] : callers.statuses()) std::cout << status << ' ' << count << "  ";
  const double overdue =
      100.0 * static_cast<double>(callers.overdue()) / static_cast<double>(callers.patient());
  std::cout << "\nwithout a word before a deadline of a second or more: " << callers.overdue() << " of "
            << callers.patient() << "\nrecovered in " << symphony_recovery.count() << " ms and "
            << qlik_recovery.count() << " ms, then " << clean.symphony_calls + clean.qlik_calls << " of "
            << kCleanCalls << " OK; " << compared_rows_
            << " rows compared\nsecond half over first: " << watch_.GrowthOfKilobytes() << " kB, "
            << watch_.GrowthOfDescriptors() << " descriptors; at rest " << descriptors_at_first << " before, "
            << descriptors_at_rest << " after\n";
  ExpectHonestCount(callers, kSymphony, static_cast<std::uint64_t>(clean.symphony_calls));
  ExpectHonestCount(callers, kQlik, static_cast<std::uint64_t>(clean.qlik_calls));
  EXPECT_THAT(callers.problems(), testing::IsEmpty());
  EXPECT_GT(compared_rows_, 0u);
  if (kMeasures) {
    EXPECT_LE(overdue, kOverduePercentMax);
  }
  if (kMeasures) {
    EXPECT_LE(watch_.GrowthOfKilobytes(), is_long ? kGrowthKilobytesMax : kShortGrowthKilobytesMax);
  }
  // A few seconds are still the way up to full load.
  if (is_long) {
    EXPECT_LE(watch_.GrowthOfDescriptors(), kGrowthDescriptorsMax);
  }
  EXPECT_LE(descriptors_at_rest, descriptors_at_first + kRestDescriptorsMax);
}

}  // namespace
}  // namespace session_gateway
