// How often the loop's thread allocates for a call that comes when everything is warm, in the whole gateway.
#include <gtest/gtest.h>

#include <string>

#include "tests/bench/call_load.h"
#include "tests/bench/instant_upstream.h"
#include "tests/bench/work_bounds.h"
#include "tests/exchange/gateway_under_test.h"
#include "tests/steps/failing_new.h"

namespace session_gateway {
namespace {

constexpr int kCalls = 200;

Endpoint EndpointOf(const InstantUpstream& upstream) { return {"http", "127.0.0.1", upstream.port(), ""}; }

TEST(Allocations, OfOneCallOnTheLoopStayWithinTheirBounds) {
  const CallSamples samples;
  const InstantUpstream symphony(200, samples.symphony.answer);
  const InstantUpstream qlik(201, samples.qlik.answer);
  std::string log;
  GatewaySetup setup;
  setup.symphony = EndpointOf(symphony);
  setup.qlik = EndpointOf(qlik);
  setup.qlik_auth.mode = QlikAuthMode::kCertificate;
  setup.qlik_auth.user_directory = "INTERNAL";
  setup.qlik_auth.user_id = "sa_api";
  const GatewayUnderTest gateway(setup, log);
  CallLoad load(gateway.address(), samples, 1);
  for (const CallKind& kind : kCallKinds) {
    load.Run(kind, kCalls, 1);
    BeginAllocations(0);
    CountAllocationsOf(gateway.loop_thread());
    load.Run(kind, kCalls, 1);
    CountAllocationsHere(false);
    ExpectWithinBound("allocations.loop." + NameOf(kind), EndAllocations().all / kCalls);
  }
}

}  // namespace
}  // namespace session_gateway
