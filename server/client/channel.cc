#include "server/client/channel.h"

#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <string_view>

#include "server/client/input.h"
#include "server/host_port.h"

namespace session_gateway {
namespace {

constexpr int kAnswerBytesMax = 256 * 1024 * 1024;

// What is wrong with the target, or an empty text.
std::string TargetProblem(const std::string& target) {
  if (target.starts_with("http://") || target.starts_with("https://")) {
    return "--target is HOST:PORT, without " + target.substr(0, target.find(':') + 3) +
           "; for TLS there is --tls";
  }
  if (target.find(':') == std::string::npos) return "--target needs a port: HOST:PORT";
  return {};
}

// Reads a PEM file into `text`; what is wrong with it, or an empty text.
std::string ReadPem(const std::string& path, std::string_view label, std::string& text) {
  if (path.empty()) return {};
  auto read = ReadInput(path);
  if (const auto* problem = std::get_if<InputProblem>(&read)) return problem->text;
  text = std::get<std::string>(std::move(read));
  if (text.find("-----BEGIN ") == std::string::npos || text.find(label) == std::string::npos) {
    return path + " is no PEM file with a " + std::string(label);
  }
  if (text.find("ENCRYPTED") != std::string::npos) {
    return path + " is encrypted; a key without a passphrase is needed (openssl pkey -in FILE -out FILE)";
  }
  return {};
}

bool IsOnThisMachine(const std::string& target) {
  if (target.starts_with("unix:")) return true;
  const auto parsed = ParseHostPort(target, PortZero::kRefused);
  const auto* const place = std::get_if<HostPort>(&parsed);
  return place != nullptr && IsLoopback(place->host);
}

}  // namespace

std::variant<std::shared_ptr<grpc::Channel>, ChannelProblem> OpenChannel(const std::string& target,
                                                                         const TlsFlags& tls) {
  // The library logs each failed connection; what it says is in the status as well.
  gpr_set_log_function([](gpr_log_func_args*) {});
  if (std::string problem = TargetProblem(target); !problem.empty()) return ChannelProblem{problem};
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
  // A proxy of the environment cannot reach this machine's own loopback.
  if (IsOnThisMachine(target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!tls.enabled) return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);

  grpc::SslCredentialsOptions options;
  std::string problem = ReadPem(tls.ca_file, "CERTIFICATE-----", options.pem_root_certs);
  if (problem.empty()) problem = ReadPem(tls.cert_file, "CERTIFICATE-----", options.pem_cert_chain);
  if (problem.empty()) problem = ReadPem(tls.key_file, "PRIVATE KEY-----", options.pem_private_key);
  if (!problem.empty()) return ChannelProblem{problem};
  if (!tls.server_name.empty()) arguments.SetSslTargetNameOverride(tls.server_name);
  return grpc::CreateCustomChannel(target, grpc::SslCredentials(options), arguments);
}

Connection Connect(grpc::Channel& channel, std::chrono::system_clock::time_point deadline) {
  for (;;) {
    const grpc_connectivity_state state = channel.GetState(true);
    if (state == GRPC_CHANNEL_READY) return Connection::kMade;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) return Connection::kFailed;
    if (!channel.WaitForStateChange(state, deadline)) return Connection::kTimedOut;
  }
}

bool IsExposed(const std::string& target, const TlsFlags& tls) {
  return !tls.enabled && !IsOnThisMachine(target);
}

}  // namespace session_gateway
