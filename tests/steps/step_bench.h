// One kind of exchange (upstream, TLS, log-on, connection) between the gateway and a sandbox upstream, made
// again and again with one step of it failing, and what may come of that.
//
// Thread rule: one thread; one bench at a time, for there is one set of steps. Never here: which kinds there
// are.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/exchange/gateway_under_test.h"
#include "tests/exchange/rpc_text.h"
#include "tests/sandbox/sandbox.h"
#include "tests/steps/upstream_steps.h"

namespace session_gateway {

enum class StepLogon {
  kNone,
  kFirst,  // the gateway has none yet
  kAgain,  // what it has is refused
};

struct StepSetting {
  SandboxUpstream upstream = SandboxUpstream::kSymphony;
  bool tls = false;
  StepLogon logon = StepLogon::kNone;
  bool kept = false;     // on a connection that was used before
  bool by_name = false;  // the endpoint is a name that is looked up
  bool once = false;     // with a request_id, and repeated after the failure
};
std::string SettingName(const StepSetting& setting);

class StepBench {
 public:
  explicit StepBench(const StepSetting& setting);
  ~StepBench();
  StepBench(const StepBench&) = delete;
  StepBench& operator=(const StepBench&) = delete;

  // One exchange without a failure: its steps.
  std::vector<StepCall> CleanSteps();
  // One with that step failing, and one after it. False: there is no such step.
  bool Fail(const StepFault& fault, int number);
  // The same for the allocations of the call's logic.
  int CleanAllocations();
  bool FailAllocation(int number);
  // Lets go of everything and compares what was told with what was created.
  void Settle();

  int runs() const { return static_cast<int>(told_.size()); }
  int Ended(const std::string& how) const;  // first, `OK` or an outcome

 private:
  struct Told {
    std::string where;
    std::string first;  // what it was told first
    std::string how;    // and last
  };

  SandboxOptions Options() const;
  GatewaySetup Setup() const;
  void Renew();
  void Prepare();
  RpcResult Call(const std::string& tag);
  RpcResult SendCall(const std::string& tag) const;
  void RepeatAfter(const std::string& tag, const std::string& where, const RpcResult& first);
  RpcResult CallAnew(const std::string& tag);
  void Judge(const std::string& where, const RpcResult& result, const StepReport& steps) const;
  void JudgeWithoutMemory(const std::string& where, const RpcResult& result, const StepReport& steps) const;
  void ExpectAllWellAfter(const std::string& where);
  std::map<std::string, int> SessionsByTag() const;

  const StepSetting setting_;
  Sandbox sandbox_;
  std::string log_;
  std::optional<GatewayUnderTest> gateway_;
  std::shared_ptr<grpc::Channel> channel_;
  int runs_ = 0;
  int calls_ = 0;                     // the last one's request_id
  std::map<std::string, Told> told_;  // by tag
};

}  // namespace session_gateway
