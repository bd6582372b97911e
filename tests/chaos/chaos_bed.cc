#include "tests/chaos/chaos_bed.h"

#include <cstdlib>
#include <iostream>
#include <random>

namespace session_gateway {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(20);
constexpr char kUser[] = "svc_gateway";
constexpr char kPassword[] = "correct horse";

SandboxOptions MakeSandbox(const ChaosBedOptions& options, const pki::TemporaryDirectory& files) {
  SandboxOptions sandbox;
  sandbox.seed = 5;
  if (options.tls) {
    sandbox.tls.emplace().directory = files.path().string();
    // So that every handshake has the same records.
    sandbox.tls->resumption = false;
  }
  if (options.logon) sandbox.symphony_logon.emplace().users = {{kUser, kPassword}};
  return sandbox;
}

const char* Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool IsLongForm() { return std::string(Variable("SESSION_GATEWAY_CHAOS")) == "long"; }

std::uint64_t ChaosSeed() {
  const std::string given = Variable("SESSION_GATEWAY_SEED");
  const std::uint64_t seed = !given.empty() ? std::stoull(given) : IsLongForm() ? std::random_device()() : 20;
  std::cout << "SESSION_GATEWAY_SEED=" << seed << std::endl;
  return seed;
}

void PrintFigure(const std::string& text) { std::cout << "[ FIGURE   ] " << text << std::endl; }

ChaosBed::ChaosBed(const ChaosBedOptions& options)
    : options_(options), sandbox_(MakeSandbox(options, files_)) {
  const std::optional<std::string> problem = sandbox_.Start();
  EXPECT_EQ(problem, std::nullopt);
  const bool is_symphony = options_.upstream == SandboxUpstream::kSymphony;
  proxy_.emplace(ChaosOptions{.upstream_port = is_symphony ? sandbox_.symphony_port() : sandbox_.qlik_port(),
                              .keep_bytes = options_.keep_bytes,
                              .keep_records = options_.tls ? 64u : 0u,
                              .receive_buffer_bytes = options_.receive_buffer_bytes});
  files_.Write("password", std::string(kPassword) + "\n");
  gateway_.emplace(std::vector<std::string>{"--config", files_.Write("gateway.yaml", Config())});
  caller_.emplace(gateway_->address(), options_.upstream, options_.body_bytes);
}

std::string ChaosBed::Config() const {
  return UpstreamConfig() + (options_.repeats ? "" : "retry: {attempts: 1}\n");
}

std::string ChaosBed::UpstreamConfig() const {
  const std::string endpoint =
      std::string(options_.tls ? "https" : "http") + "://127.0.0.1:" + std::to_string(proxy_->port());
  if (options_.upstream == SandboxUpstream::kSymphony) {
    std::string yaml = ConfigFor(endpoint, "");
    if (options_.logon) {
      yaml += "  auth: {mode: service_account, user: " + std::string(kUser) + ", password_file: password}\n";
    }
    return options_.tls ? yaml + "  tls: {ca_file: ca.pem}\n" : yaml;
  }
  const std::string yaml = ConfigFor("", endpoint);
  return options_.tls ? yaml + "  tls: {ca_file: ca.pem, cert_file: client.pem, key_file: client_key.pem}\n"
                      : yaml;
}

ChaosTold ChaosBed::Call(std::chrono::milliseconds deadline) {
  const ChaosTold told = caller_->Call(deadline);
  Note(told);
  return told;
}

void ChaosBed::Note(const ChaosTold& told) {
  EXPECT_EQ(told.problems, "") << told.Words();
  tally_.Add(told);
}

void ChaosBed::ExpectEnoughSessions() const {
  EXPECT_LE(static_cast<std::uint64_t>(tally_.done), sessions()) << tally_.Words();
}

void ChaosBed::WaitUntilClosed() {
  EXPECT_TRUE(proxy_->WaitFor([](const ChaosTotals& totals) { return totals.open == 0; }, kPatience));
}

void ChaosBed::ExpectHonestCount() {
  proxy_->EndOpen(ChaosEnd::kReset);
  sandbox_.Stop();
  ExpectEnoughSessions();
  EXPECT_LE(sessions(), static_cast<std::uint64_t>(tally_.done + tally_.unknown)) << tally_.Words();
  EXPECT_LE(tally_.done + tally_.unknown, tally_.calls);
}

std::string NameOf(const ChaosPlace& place) {
  return std::string(place.upstream == SandboxUpstream::kSymphony ? "Symphony" : "Qlik") +
         (place.tls ? "Tls" : "Plain");
}

}  // namespace session_gateway
