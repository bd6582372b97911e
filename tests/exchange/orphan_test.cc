// What is kept of a request while its call waits.
#include "server/orphan.h"

#include <gtest/gtest.h>

namespace session_gateway {
namespace {

using sessiongateway::v1::CreateExecutionSessionRequest;
using sessiongateway::v1::CreateSessionRequest;

// More than a string holds within itself.
std::string Long(const std::string& name) { return name + std::string(100, '.'); }

TEST(Orphan, OfASessionIsAllThatIsKeptOfItsRequest) {
  CreateSessionRequest request;
  request.set_request_id(Long("request"));
  request.set_application_name(Long("application"));
  request.set_cluster_id(Long("cluster"));
  request.mutable_session()->set_session_name(Long("name"));
  request.mutable_session()->set_session_tag(Long("tag"));
  request.mutable_session()->set_service_name(Long("service"));
  const Orphan orphan = TakeOrphan(request);
  EXPECT_EQ(orphan.method, "sessiongateway.v1.SessionGateway/CreateSession");
  EXPECT_EQ(orphan.upstream, "symphony");
  EXPECT_EQ(orphan.request_id, Long("request"));
  EXPECT_EQ(orphan.application_name, Long("application"));
  EXPECT_EQ(orphan.cluster_id, Long("cluster"));
  EXPECT_EQ(orphan.session_name, Long("name"));
  EXPECT_EQ(orphan.session_tag, Long("tag"));
  EXPECT_EQ(orphan.requested_id, "");
  EXPECT_EQ(request.SpaceUsedLong(), CreateSessionRequest().SpaceUsedLong());
}

TEST(Orphan, OfARowIsAllThatIsKeptOfItsRequest) {
  CreateExecutionSessionRequest request;
  request.set_request_id(Long("request"));
  request.mutable_execution_session()->set_id(Long("id"));
  const Orphan orphan = TakeOrphan(request);
  EXPECT_EQ(orphan.method, "sessiongateway.v1.SessionGateway/CreateExecutionSession");
  EXPECT_EQ(orphan.upstream, "qlik");
  EXPECT_EQ(orphan.request_id, Long("request"));
  EXPECT_EQ(orphan.requested_id, Long("id"));
  EXPECT_EQ(request.SpaceUsedLong(), CreateExecutionSessionRequest().SpaceUsedLong());
}

TEST(Orphan, OfAnEmptyRequestIsEmpty) {
  CreateSessionRequest request;
  EXPECT_EQ(TakeOrphan(request).session_name, "");
  CreateExecutionSessionRequest row;
  EXPECT_EQ(TakeOrphan(row).requested_id, "");
}

}  // namespace
}  // namespace session_gateway
