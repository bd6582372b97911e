// The sandbox as a program of its own: both upstreams on two ports, until SIGTERM or SIGINT.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <random>
#include <string>

#include "tests/sandbox/sandbox.h"

namespace {

using session_gateway::Sandbox;
using session_gateway::SandboxOptions;
using session_gateway::SandboxUpstream;

int Run(SandboxOptions options) {
  // Blocked before any thread starts, so that only the wait below takes them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  Sandbox sandbox(std::move(options));
  if (const auto problem = sandbox.Start()) {
    std::fprintf(stderr, "session-gateway-sandbox: %s\n", problem->c_str());
    return 1;
  }
  std::printf("{\"symphony\":\"%s\",\"qlik\":\"%s\"}\n", sandbox.Endpoint(SandboxUpstream::kSymphony).c_str(),
              sandbox.Endpoint(SandboxUpstream::kQlik).c_str());
  std::fflush(stdout);
  int received = 0;
  sigwait(&ends, &received);
  sandbox.Stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  SandboxOptions options;
  std::vector<std::string> extras;
  std::string csrf_token;
  CLI::App app("Strict in-memory upstreams of session-gateway: Symphony and the Qlik repository");
  app.add_option("--host", options.host, "address to listen on")->capture_default_str();
  app.add_option("--symphony-port", options.symphony_port, "0 takes a free one")->check(CLI::Range(0, 65535));
  app.add_option("--qlik-port", options.qlik_port, "0 takes a free one")->check(CLI::Range(0, 65535));
  app.add_option("--allow-extra", extras, "accept members of this name in every object (repeatable)");
  const CLI::Option* token =
      app.add_option("--csrf-token", csrf_token, "refuse Symphony creates without this csrftoken");
  CLI11_PARSE(app, argc, argv);
  options.symphony_extras = extras;
  options.qlik_extras = extras;
  if (token->count() > 0) options.csrf_token = csrf_token;
  std::random_device random;
  options.seed = (std::uint64_t{random()} << 32) | random();
  return Run(std::move(options));
}
