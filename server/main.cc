// The program: builds every object, runs until it is told to end, ends without losing a call. Nothing else
// builds objects, so that reading this file tells what runs.
#include <malloc.h>

#include <csignal>
#include <functional>
#include <iostream>
#include <thread>

#include "server/config.h"
#include "server/credential_files.h"
#include "server/flags.h"
#include "server/log.h"
#include "server/process_protection.h"
#include "server/random.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/library_logs.h"
#include "server/rpc/listener_tls.h"
#include "server/session_service.h"
#include "server/upstream/stack.h"
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

GrpcServerOptions ServerOptions(const Config& config) {
  GrpcServerOptions options;
  options.address = JoinHostPort(config.listen.address.host, config.listen.address.port);
  options.calls_max = config.limits.calls;
  options.request_size_max = config.limits.request_bytes;
  options.call_timeout = config.timeouts.call;
  options.call_timeout_max = config.timeouts.call_max;
  options.drain_timeout = config.timeouts.drain;
  return options;
}

// SIGTERM, SIGINT and SIGHUP, taken by the main thread alone. Blocked before the first thread starts, so that
// all inherit it.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Returns when a signal asks the program to end. Each SIGHUP until then makes it look at its credential
// files.
void WaitForStop(sigset_t signals, Log& log, const std::function<void()>& look) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    log.Event(LogLevel::kInfo, "signal", {{"number", std::int64_t{signal}}});
    if (signal != SIGHUP) break;
    look();
  }
  // From here on a second signal ends the program at once; a SIGHUP does not.
  sigdelset(&signals, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
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
                                                                        CredentialFiles& files) {
  if (config.cert_file.empty()) return std::shared_ptr<ListenerTls>();
  auto tls = std::make_shared<ListenerTls>(ListenerTls::Files{
      .certificate = config.cert_file, .key = config.key_file, .client_ca = config.client_ca_file});
  const auto take = [tls](const std::vector<Secret>& contents) { return tls->Replace(contents); };
  if (auto problem = files.Add("listen.tls", tls->Paths(), take)) return "listen.tls: " + *problem;
  return tls;
}

void LogListening(Log& log, const Config& config, int port, const std::optional<Sandbox>& sandbox) {
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

// One heap for all threads. Messages are made on one thread and freed on another; with a heap for each, what
// one frees does not serve the others, and the process grows for a long time before it stays flat.
void ShareOneHeap() { mallopt(M_ARENA_MAX, 1); }

// One thread runs the loop; it ends when it is released and nothing is left to do.
class LoopThread {
 public:
  explicit LoopThread(Loop& loop)
      : work_(boost::asio::make_work_guard(loop)), thread_([&loop] { loop.run(); }) {}
  ~LoopThread() {
    work_.reset();
    thread_.join();
  }

 private:
  boost::asio::executor_work_guard<LoopExecutor> work_;
  std::thread thread_;
};

// Serves until a signal asks it to end. `sandbox` runs when there is one.
int Serve(const Config& config, const std::optional<Sandbox>& sandbox, const sigset_t& signals) {
  auto create_session = CreateSessionTranslator::Make(DeclaredOptions);
  auto create_execution_session = CreateExecutionSessionTranslator::Make(DeclaredOptions);
  for (const std::string* fault :
       {std::get_if<std::string>(&create_session), std::get_if<std::string>(&create_execution_session)}) {
    if (fault == nullptr) continue;
    std::cerr << "session-gateway: illegal field option: " << *fault << '\n';
    return kExitFailure;
  }

  const SystemClock clock;
  SystemRandom random;
  Log log(clock, LogLevel::kInfo, kLogLinesMax, WriteToStderr());
  Loop loop(1);  // one thread, which spares the loop its locks
  CredentialFiles credential_files(loop, clock, config.credentials_check, ReportCredentials(log));
  auto tls = MakeListenerTls(config.listen.tls, credential_files);
  if (const auto* problem = std::get_if<std::string>(&tls)) {
    std::cerr << "session-gateway: " << *problem << '\n';
    return kExitUsage;
  }
  std::optional<UpstreamStack> symphony;
  std::optional<UpstreamStack> qlik;
  if (config.symphony) {
    symphony.emplace(loop, config.symphony->endpoints, config.engine, std::make_unique<NoCredentials>(),
                     clock);
  }
  if (config.qlik) {
    qlik.emplace(loop, config.qlik->endpoints, config.engine,
                 std::make_unique<QlikCertificate>(config.qlik->auth.user_directory,
                                                   config.qlik->auth.user_id, random),
                 clock);
  }
  SessionService service(std::get<CreateSessionTranslator>(std::move(create_session)),
                         std::get<CreateExecutionSessionTranslator>(std::move(create_execution_session)),
                         symphony ? &*symphony : nullptr, qlik ? &*qlik : nullptr);
  credential_files.Start();
  LoopThread loop_thread(loop);
  GrpcServerOptions options = ServerOptions(config);
  options.tls = std::get<std::shared_ptr<ListenerTls>>(std::move(tls));
  GrpcServer server(std::move(options), loop, service, clock, log);
  const auto started = server.Start();
  const auto* port = std::get_if<int>(&started);
  if (port == nullptr) {
    std::cerr << "session-gateway: " << std::get<std::string>(started) << '\n';
    boost::asio::post(loop, [&] { credential_files.Stop(); });
    return kExitFailure;
  }
  LogListening(log, config, *port, sandbox);

  WaitForStop(signals, log, [&] { boost::asio::post(loop, [&] { credential_files.CheckNow(); }); });
  server.Drain();
  boost::asio::post(loop, [&] {
    credential_files.Stop();
    if (symphony) symphony->Close();
    if (qlik) qlik->Close();
  });
  return kExitOk;
}

int Main(int argc, char** argv) {
  if (const auto problem = ForbidDumps()) {
    std::cerr << "session-gateway: its memory cannot be protected: " << *problem << '\n';
    return kExitFailure;
  }
  const auto parsed = ParseFlags(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const Flags& flags = std::get<Flags>(parsed);
  ShareOneHeap();
  const sigset_t signals = BlockSignals();
  QuietLibraryLogs();

  std::optional<Sandbox> sandbox;
  const auto made = MakeConfig(flags, sandbox);
  if (const int* exit_code = std::get_if<int>(&made)) return *exit_code;
  const Config& config = std::get<Config>(made);
  if (flags.check_config) {
    std::cout << DescribeConfig(config);
    return kExitOk;
  }
  return Serve(config, sandbox, signals);
}

}  // namespace
}  // namespace session_gateway

int main(int argc, char** argv) { return session_gateway::Main(argc, argv); }
