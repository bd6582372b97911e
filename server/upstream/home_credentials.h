// The log-ons of one endpoint for calls of another loop: they live on their home loop, once for the whole
// program, and each question to them is asked there.
//
// Thread rule: the asking loop's thread; what is asked runs on the home loop's. Never here: a log-on of its
// own, what a log-on is.
#pragma once

#include "server/upstream/credentials.h"

namespace session_gateway {

class HomeCredentials final : public Credentials {
 public:
  // `at_home` outlives every call, as does its loop.
  HomeCredentials(Credentials& at_home, const LoopExecutor& home, const LoopExecutor& own)
      : at_home_(at_home), home_(home), own_(own) {}

  Task<ApplyResult> Apply(HttpRequest& attempt, CallContext& context) override;
  Task<RenewResult> Renew(LogonStamp stamp, CallContext& context) override;
  void Observe(const LogonStamp& stamp, const HttpReply& reply, const CallContext& context) override;
  // Those at home are closed there.
  void Close() override {}

 private:
  Credentials& at_home_;
  const LoopExecutor home_;
  const LoopExecutor own_;
};

}  // namespace session_gateway
