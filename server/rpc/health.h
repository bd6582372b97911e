// grpc.health.v1.Health: whether the server takes calls, asked once (Check) or watched (Watch).
//
// Thread rule: one loop thread. Never here: how calls come and end, who decides that the server stops.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "server/rpc/generic_method.h"

namespace session_gateway {

class Health {
 public:
  // What is answered for "", the whole server, and for `service`; others are unknown. Serves at first.
  explicit Health(std::string service) : service_(std::move(service)) {}
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // The logic of a call; the call outlives it, and so does this object.
  std::unique_ptr<GenericMethod> Check(GenericStream& call);
  std::unique_ptr<GenericMethod> Watch(GenericStream& call);

  // For good. Whoever watches is told.
  void StopServing();

 private:
  class Checking;
  class Watching;

  bool Knows(std::string_view service) const { return service.empty() || service == service_; }

  const std::string service_;
  bool serving_ = true;
  std::set<Watching*> watching_;  // bounded by the streams of GenericServices
};

}  // namespace session_gateway
