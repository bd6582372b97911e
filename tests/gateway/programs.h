// The programs of build/bin as the tests use them: a gateway that listens, a sandbox that is asked over HTTP,
// and calls.
//
// Thread rule: one thread. Never here: what a call should give.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/exchange/rpc_text.h"
#include "tests/gateway/child_process.h"

namespace session_gateway {

// The control plane of one sandbox upstream.
class SandboxControl {
 public:
  explicit SandboxControl(const std::string& endpoint);

  nlohmann::json Get(const std::string& name) const;  // numbers as ParseExactJson has them
  void AddFault(const std::string& json) const;
  std::int64_t Count(const std::string& counter) const;

 private:
  int port_ = 0;
};

// A file that is gone after the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// session-gateway, once it listens on a free port.
class GatewayProgram {
 public:
  // On another port when `arguments` say so by --listen.
  explicit GatewayProgram(const std::vector<std::string>& arguments) : GatewayProgram(arguments, {}) {}
  // Run by a tool, whose whole path stands before its own arguments; by none where that is empty.
  GatewayProgram(const std::vector<std::string>& arguments, const std::vector<std::string>& tool);

  ChildProcess& process() { return process_; }
  const std::string& address() const { return address_; }
  SandboxControl symphony() const { return SandboxControl(symphony_); }  // with --sandbox
  SandboxControl qlik() const { return SandboxControl(qlik_); }
  RpcResult Call(const std::string& rpc, const std::string& request) const;
  RpcResult Call(const std::string& rpc, const std::string& request,
                 std::chrono::milliseconds deadline) const;

  // SIGTERM, and its exit code.
  std::optional<int> Stop();

 private:
  ChildProcess process_;
  std::string address_;
  std::string symphony_;
  std::string qlik_;
};

// session-gateway-sandbox, once it listens.
class SandboxProgram {
 public:
  SandboxProgram();

  const std::string& symphony_endpoint() const { return symphony_; }
  const std::string& qlik_endpoint() const { return qlik_; }
  SandboxControl symphony() const { return SandboxControl(symphony_); }
  SandboxControl qlik() const { return SandboxControl(qlik_); }

 private:
  ChildProcess process_;
  std::string symphony_;
  std::string qlik_;
};

// What a configuration says of the lanes and the engine that the tests run on, and of an upstream.
std::string YamlUnderTest();
std::string SymphonyYaml(const std::string& endpoint);
std::string QlikYaml(const std::string& endpoint);

// All of these; an upstream whose endpoint is empty is left out.
std::string ConfigFor(const std::string& symphony_endpoint, const std::string& qlik_endpoint);

// The request of a case file, `symphony/fixture_whole`.
std::string RequestOfCase(const std::string& name);

}  // namespace session_gateway
