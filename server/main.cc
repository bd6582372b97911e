// The program: makes the gateway (gateway.h) and its listener, runs until it is told to end, ends without
// losing a call.
#include <malloc.h>

#include <boost/system/system_error.hpp>
#include <deque>
#include <functional>
#include <iostream>
#include <thread>
#include <vector>

#include "server/config.h"
#include "server/credential_files.h"
#include "server/descriptor_budget.h"
#include "server/doctor/doctor.h"
#include "server/flags.h"
#include "server/gateway.h"
#include "server/lane_share.h"
#include "server/log.h"
#include "server/process_protection.h"
#include "server/random.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/library_settings.h"
#include "server/rpc/listener_tls.h"
#include "server/service_manager.h"
#include "server/signals.h"
#include "server/upstream/site.h"
#include "server/upstream/tls_identity.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway {
namespace {

constexpr std::size_t kLogLinesMax = 8192;

// The configuration that --sandbox stands for. `sandbox` is running.
Config SandboxConfig(const Sandbox& sandbox) {
  Config config;
  config.symphony.emplace().endpoints = {
      std::get<Endpoint>(ParseEndpoint(sandbox.Endpoint(SandboxUpstream::kSymphony)))};
  config.qlik.emplace().endpoints = {
      std::get<Endpoint>(ParseEndpoint(sandbox.Endpoint(SandboxUpstream::kQlik)))};
  config.qlik->auth.user_directory = "INTERNAL";
  config.qlik->auth.user_id = "sa_api";
  return config;
}

std::uint64_t RandomSeed() {
  SystemRandom random;
  return (std::uint64_t{random.Next()} << 32) | random.Next();
}

// From the file that the flags name, or for the sandbox, which is then started. Else the code to exit with;
// what is wrong is already printed.
std::variant<Config, int> MakeConfig(const Flags& flags, std::optional<Sandbox>& sandbox) {
  Config config;
  if (flags.config_file) {
    auto loaded = LoadConfig(*flags.config_file, SecretFromEnvironment);
    if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) {
      for (const ConfigError& error : *errors) std::cerr << error.ToString() << '\n';
      return kExitUsage;
    }
    config = std::get<Config>(std::move(loaded));
  } else {
    SandboxOptions options;
    options.seed = RandomSeed();
    sandbox.emplace(options);
    if (const auto error = sandbox->Start()) {
      std::cerr << "session-gateway: the sandbox does not start: " << *error << '\n';
      return kExitFailure;
    }
    config = SandboxConfig(*sandbox);
  }
  if (flags.listen) {
    if (const auto error = OverrideListenAddress(*flags.listen, config)) {
      std::cerr << "session-gateway: --listen: " << *error << '\n';
      return kExitUsage;
    }
  }
  return config;
}

GrpcServerOptions ServerOptions(const Config& config, std::size_t connections_max,
                                std::shared_ptr<ListenerTls> tls) {
  GrpcServerOptions options;
  options.address = JoinHostPort(config.listen.address.host, config.listen.address.port);
  options.calls_max = config.limits.calls;
  options.request_size_max = config.limits.request_bytes;
  options.connections_max = connections_max;
  options.handshake_timeout = config.listen.handshake;
  options.connection_age_max = config.listen.connection_age;
  options.call_timeout = config.timeouts.call;
  options.call_timeout_max = config.timeouts.call_max;
  options.drain_timeout = config.timeouts.drain;
  options.tls = std::move(tls);
  return options;
}

void LogStart(Log& log, const Config& config, const DescriptorBudget& descriptors, int port,
              const std::optional<Sandbox>& sandbox) {
  if (descriptors.warning) {
    log.Event(LogLevel::kWarning, "configuration", {{"warning", *descriptors.warning}});
  }
  for (const std::string& warning : ConfigWarnings(config)) {
    log.Event(LogLevel::kWarning, "configuration", {{"warning", warning}});
  }
  const std::string address = JoinHostPort(config.listen.address.host, static_cast<std::uint16_t>(port));
  if (sandbox) {
    log.Event(LogLevel::kInfo, "listening",
              {{"address", address},
               {"version", SESSION_GATEWAY_VERSION},
               {"sandbox_symphony", sandbox->Endpoint(SandboxUpstream::kSymphony)},
               {"sandbox_qlik", sandbox->Endpoint(SandboxUpstream::kQlik)}});
  } else {
    log.Event(LogLevel::kInfo, "listening", {{"address", address}, {"version", SESSION_GATEWAY_VERSION}});
  }
}

CredentialFiles::Report ReportCredentials(Log& log) {
  return [&log](std::string_view set, const std::optional<std::string>& problem) {
    if (problem) {
      log.Event(LogLevel::kWarning, "credentials_refused", {{"set", set}, {"problem", *problem}});
    } else {
      log.Event(LogLevel::kInfo, "credentials_reloaded", {{"set", set}});
    }
  };
}

// Null without `listen.tls`; else with the contents of its files, and again with those that they will have.
std::variant<std::shared_ptr<ListenerTls>, std::string> MakeListenerTls(const ListenTlsConfig& config,
                                                                        CredentialFiles& files, Log& log) {
  if (config.cert_file.empty()) return std::shared_ptr<ListenerTls>();
  auto tls = std::make_shared<ListenerTls>(ListenerTls::Files{
      .certificate = config.cert_file, .key = config.key_file, .client_ca = config.client_ca_file});
  const auto take = [tls, &log](const std::vector<Secret>& contents) {
    auto problem = tls->Replace(contents);
    const auto read = ReadCertificates("cert_file", contents.front());
    const auto* own = std::get_if<std::vector<Owned<X509>>>(&read);
    if (!problem && own != nullptr) WarnOfCertificate("listen.tls", OutOfDate(own->front().get()), log);
    return problem;
  };
  if (auto problem = files.Add("listen.tls", tls->Paths(), take)) return "listen.tls: " + *problem;
  return tls;
}

// One heap for all threads, where the C library's allocator serves (docs/decisions/allocator.md). Messages
// may be made on one thread and freed on another; with a heap for each, what one frees does not serve the
// others, and the process grows for a long time before it stays flat.
void ShareOneHeap() { mallopt(M_ARENA_MAX, 1); }

// A thread for each loop; it ends when it is released and nothing is left to do.
class LoopThreads {
 public:
  explicit LoopThreads(std::deque<Loop>& loops) {
    for (Loop& loop : loops) {
      work_.push_back(boost::asio::make_work_guard(loop));
      threads_.emplace_back([&loop] { loop.run(); });
    }
  }
  ~LoopThreads() {
    work_.clear();
    for (std::thread& thread : threads_) thread.join();
  }
  LoopThreads(const LoopThreads&) = delete;
  LoopThreads& operator=(const LoopThreads&) = delete;

 private:
  std::vector<boost::asio::executor_work_guard<LoopExecutor>> work_;
  std::vector<std::thread> threads_;
};

// Each is run by one thread, which spares it its locks. Why there are not so many, if so: a loop has
// descriptors of its own.
std::optional<std::string> MakeLoops(std::size_t count, std::deque<Loop>& loops) {
  try {
    while (loops.size() < count) {
      // A loop opens its descriptors for its first timer.
      const LoopTimer first(loops.emplace_back(1).get_executor());
    }
  } catch (const boost::system::system_error& error) {
    return "the system has no room for " + std::to_string(count) + " lanes: " + error.code().message();
  }
  return std::nullopt;
}

int Fail(int exit_code, std::string_view problem) {
  std::cerr << "session-gateway: " << problem << '\n';
  return exit_code;
}

// Serves until a signal asks it to end. `sandbox` runs when there is one.
int Serve(const Config& config, std::size_t lanes, const DescriptorBudget& descriptors,
          const std::optional<Sandbox>& sandbox, const sigset_t& signals) {
  const SystemClock clock;
  SystemRandom random;
  Log log(clock, LogLevel::kInfo, kLogLinesMax, StderrWriter());
  std::deque<Loop> loops;
  if (const auto problem = MakeLoops(lanes, loops)) return Fail(kExitFailure, *problem);
  Loop& loop = loops.front();
  auto made = std::variant<std::unique_ptr<Gateway>, std::string>();
  CredentialFiles files(loop, clock, config.credentials_check, ReportCredentials(log));
  auto tls = MakeListenerTls(config.listen.tls, files, log);
  if (const auto* problem = std::get_if<std::string>(&tls)) return Fail(kExitUsage, *problem);
  made = Gateway::Make(config, {loop, clock, random, files, SecretFromEnvironment}, loops, log);
  if (const auto* problem = std::get_if<std::string>(&made)) return Fail(kExitUsage, *problem);
  Gateway& gateway = *std::get<std::unique_ptr<Gateway>>(made);
  files.Start();
  ServiceManager service_manager(OwnServiceManagerSettings());
  const LoopThreads threads(loops);
  GrpcServer server(
      ServerOptions(config, descriptors.connections, std::get<std::shared_ptr<ListenerTls>>(std::move(tls))),
      gateway.lanes(), clock, log);
  const auto close = [&] {
    boost::asio::post(loop, [&] {
      files.Stop();
      service_manager.Close();
    });
    gateway.Close();
  };
  const auto started = server.Start();
  if (const auto* problem = std::get_if<std::string>(&started)) {
    close();
    return Fail(kExitFailure, *problem);
  }
  LogStart(log, config, descriptors, std::get<int>(started), sandbox);
  service_manager.Ready(loop, clock);

  WaitForStop(
      signals,
      [&log](int signal) {
        log.Event(LogLevel::kInfo, "signal", {{"number", std::int64_t{signal}}});
      },
      [&] { boost::asio::post(loop, [&files] { files.CheckNow(); }); });
  const TimePoint drained_by = clock.Now() + config.timeouts.drain;
  service_manager.Stopping(config.timeouts.drain);
  server.Drain();
  gateway.Drain(drained_by);
  close();
  return kExitOk;
}

// Examines the endpoints and prints what was found.
int Examine(const Config& config, const DoctorFlags& flags) {
  const SystemClock clock;
  SystemRandom random;
  Loop loop(1);
  std::optional<MadeSite> symphony;
  std::optional<MadeSite> qlik;
  CredentialFiles files(loop, clock, config.credentials_check, [](auto...) {});
  const AuthenticationParts parts{loop, clock, random, files, SecretFromEnvironment};
  if (config.symphony) symphony = MakeSymphonySite(*config.symphony, parts);
  if (config.qlik) qlik = MakeQlikSite(*config.qlik, parts);
  Capture capture;
  const DoctorReport report =
      RunDoctor(config, {loop, clock, symphony ? &*symphony : nullptr, qlik ? &*qlik : nullptr},
                flags.timeout, capture);
  std::cout << (flags.json ? ReportJson(report) : ReportText(report));
  if (flags.capture_file &&
      !WritePrivateFile(*flags.capture_file, ReportText(report) + "\n" + capture.Text())) {
    return Fail(kExitUsage, "cannot write " + *flags.capture_file);
  }
  return report.HasFailure() ? kExitFailure : kExitOk;
}

int Main(int argc, char** argv) {
  if (const auto problem = ForbidDumps()) {
    return Fail(kExitFailure, "its memory cannot be protected: " + *problem);
  }
  const auto parsed = ParseFlags(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const Flags& flags = std::get<Flags>(parsed);
  ShareOneHeap();
  const std::size_t descriptors = RaiseDescriptorLimit();
  const sigset_t signals = BlockSignals();
  QuietLibraryLogs();
  HoldGrpc();
  SkipMutexChecks();

  std::optional<Sandbox> sandbox;
  const auto made = MakeConfig(flags, sandbox);
  if (const int* exit_code = std::get_if<int>(&made)) return *exit_code;
  const Config& config = std::get<Config>(made);
  if (flags.check_config) {
    for (const std::string& warning : ConfigWarnings(config)) std::cerr << "warning: " << warning << '\n';
    std::cout << DescribeConfig(config);
    return kExitOk;
  }
  if (flags.doctor) return Examine(config, *flags.doctor);
  const std::size_t lanes = LaneCount(config, std::thread::hardware_concurrency());
  return Serve(config, lanes, ShareDescriptors(config, lanes, descriptors), sandbox, signals);
}

}  // namespace
}  // namespace session_gateway

// Read by jemalloc, where it is linked, before anything runs: one heap for all threads, for the same reason,
// and what was not used for a second goes back to the system. It looks only while something is allocated or
// freed: a program that is idle after a burst keeps what it has until the next calls come.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf = "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

int main(int argc, char** argv) { return session_gateway::Main(argc, argv); }
