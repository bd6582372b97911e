// The control of the suite: the same Envoy before a server that says UNAVAILABLE of what it has done makes
// more sessions than there were calls. So what the other tests find is the gateway's doing.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/exchange/channel.h"
#include "tests/mesh/envoy.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

class CarelessServer final : public v1::SessionGateway::Service {
 public:
  CarelessServer()
      : server_(grpc::ServerBuilder()
                    .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_)
                    .RegisterService(this)
                    .BuildAndStart()) {}

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int created() const { return created_; }

 private:
  grpc::Status CreateSession(grpc::ServerContext*, const v1::CreateSessionRequest*,
                             v1::CreateSessionResponse*) override {
    ++created_;
    return {grpc::StatusCode::UNAVAILABLE, "the upstream answered 503"};
  }

  int port_ = 0;
  std::atomic<int> created_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(MeshControl, UnavailableAfterACreateMakesThreeSessionsOfOneCall) {
  CarelessServer server;
  const Envoy envoy({server.address()}, kUsualPolicy);
  const auto channel = ConnectTo(envoy.address());
  constexpr int kCalls = 5;
  for (int i = 0; i < kCalls; ++i) {
    const RpcResult result =
        CallByText(channel, "CreateSession", R"(application_name: "a")", std::chrono::seconds(30));
    EXPECT_EQ(result.code, "UNAVAILABLE");
  }
  EXPECT_EQ(server.created(), 3 * kCalls);
  EXPECT_EQ(envoy.Stat("upstream_rq_retry"), 2 * kCalls);
}

}  // namespace
}  // namespace session_gateway
