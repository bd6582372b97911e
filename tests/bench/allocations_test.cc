// How often the loop's thread allocates for a call that comes when everything is warm, in the whole gateway:
// the least of many calls, for now and then it takes the request off gRPC's queue itself, and then parses it,
// too.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
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
    auto least = std::numeric_limits<decltype(EndAllocations().all)>::max();
    for (int i = 0; i < kCalls; ++i) {
      BeginAllocations(0);
      CountAllocationsOf(gateway.loop_thread());
      load.Run(kind, 1, 1);
      CountAllocationsHere(false);
      least = std::min(least, EndAllocations().all);
    }
    ExpectWithinBound("allocations.loop." + NameOf(kind), least);
  }
}

}  // namespace
}  // namespace session_gateway
