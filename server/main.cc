// The program: builds every object, runs until it is told to end, ends without losing a call. Nothing else
// builds objects, so that reading this file tells what runs.
#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <thread>

#include "server/config.h"
#include "server/credential_files.h"
#include "server/flags.h"
#include "server/log.h"
#include "server/random.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/library_logs.h"
#include "server/session_service.h"
#include "server/upstream/make_authentication.h"
#include "server/upstream/stack.h"
#include "server/upstream/tls_files.h"
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

// SIGTERM and SIGINT, taken by the main thread alone. Blocked before the first thread starts, so that all
// inherit it.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
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

// What became of credential files that have changed.
void LogCredentials(Log& log, std::string_view set, const std::optional<std::string>& problem) {
  if (problem) {
    log.Event(LogLevel::kWarning, "credentials not taken", {{"set", set}, {"problem", *problem}});
  } else {
    log.Event(LogLevel::kInfo, "credentials replaced", {{"set", set}});
  }
}

// One upstream: its TLS and what stands on it.
struct UpstreamObjects {
  std::optional<TlsClient> tls;
  std::optional<UpstreamStack> stack;

  UpstreamStack* get() { return stack ? &*stack : nullptr; }
};

// What is wrong with the authentication or with the TLS settings, or nothing. `name` is its section of the
// configuration, `config` that section.
template <typename UpstreamConfig>
std::optional<std::string> MakeUpstream(const std::string& name, const UpstreamConfig& config,
                                        const EngineLimits& limits, MadeAuthentication made,
                                        const AuthenticationParts& parts, UpstreamObjects& upstream) {
  if (auto* problem = std::get_if<std::string>(&made)) return std::move(*problem);
  const auto is_https = [](const Endpoint& endpoint) { return endpoint.scheme == "https"; };
  if (std::any_of(config.endpoints.begin(), config.endpoints.end(), is_https)) {
    upstream.tls.emplace(config.tls.server_name, config.tls.version_min);
    if (auto problem =
            FollowTlsFiles(name + ".tls", config.tls, SecretFromEnvironment, parts.files, *upstream.tls)) {
      return problem;
    }
  }
  upstream.stack.emplace(parts.loop, config.endpoints, limits,
                         std::get<std::unique_ptr<Authentication>>(std::move(made)), parts.clock,
                         upstream.tls ? &*upstream.tls : nullptr);
  return std::nullopt;
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

// Serves until a signal comes. `sandbox` runs when there is one.
int Serve(const Config& config, const std::optional<Sandbox>& sandbox, const sigset_t& stop_signals) {
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
  CredentialFiles files(loop, clock, config.credentials_check,
                        [&log](std::string_view set, const std::optional<std::string>& problem) {
                          LogCredentials(log, set, problem);
                        });
  const AuthenticationParts parts{loop, clock, random, files, SecretFromEnvironment};
  UpstreamObjects symphony;
  UpstreamObjects qlik;
  std::optional<std::string> problem;
  if (config.symphony) {
    problem = MakeUpstream("symphony", *config.symphony, config.engine,
                           MakeSymphonyAuthentication(config.symphony->auth, parts), parts, symphony);
  }
  if (config.qlik && !problem) {
    problem = MakeUpstream("qlik", *config.qlik, config.engine,
                           MakeQlikAuthentication(config.qlik->auth, parts), parts, qlik);
  }
  if (problem) {
    std::cerr << "session-gateway: " << *problem << '\n';
    return kExitFailure;
  }
  SessionService service(std::get<CreateSessionTranslator>(std::move(create_session)),
                         std::get<CreateExecutionSessionTranslator>(std::move(create_execution_session)),
                         symphony.get(), qlik.get());
  files.Start();
  LoopThread loop_thread(loop);
  GrpcServer server(ServerOptions(config), loop, service, clock, log);
  const auto started = server.Start();
  const auto* port = std::get_if<int>(&started);
  if (port == nullptr) {
    std::cerr << "session-gateway: " << std::get<std::string>(started) << '\n';
    return kExitFailure;
  }
  LogListening(log, config, *port, sandbox);

  int signal = 0;
  sigwait(&stop_signals, &signal);
  // From here on a second signal ends the program at once.
  pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);
  log.Event(LogLevel::kInfo, "signal", {{"number", std::int64_t{signal}}});
  server.Drain();
  boost::asio::post(loop, [&] {
    files.Stop();
    if (symphony.stack) symphony.stack->Close();
    if (qlik.stack) qlik.stack->Close();
  });
  return kExitOk;
}

int Main(int argc, char** argv) {
  const auto parsed = ParseFlags(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const Flags& flags = std::get<Flags>(parsed);
  ShareOneHeap();
  const sigset_t stop_signals = BlockStopSignals();
  QuietLibraryLogs();

  std::optional<Sandbox> sandbox;
  const auto made = MakeConfig(flags, sandbox);
  if (const int* exit_code = std::get_if<int>(&made)) return *exit_code;
  const Config& config = std::get<Config>(made);
  if (flags.check_config) {
    std::cout << DescribeConfig(config);
    return kExitOk;
  }
  return Serve(config, sandbox, stop_signals);
}

}  // namespace
}  // namespace session_gateway

int main(int argc, char** argv) { return session_gateway::Main(argc, argv); }
