#include "tests/steps/allocations.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace session_gateway {
namespace {

// What is posted here comes before whatever the logic then begins.
void NoteUntilTheFirstWait(const LoopExecutor& executor) {
  boost::asio::post(executor, [] { CountAllocationsHere(false); });
  CountAllocationsHere(true);
}

class NotingHandler final : public SessionGatewayHandler {
 public:
  explicit NotingHandler(SessionGatewayHandler& logic) : logic_(logic) {}

  Task<std::optional<RpcError>> CreateSession(sessiongateway::v1::CreateSessionRequest& request,
                                              sessiongateway::v1::CreateSessionResponse& response,
                                              CallContext& context) override {
    NoteUntilTheFirstWait(co_await boost::asio::this_coro::executor);
    co_return co_await logic_.CreateSession(request, response, context);
  }
  Task<std::optional<RpcError>> CreateExecutionSession(
      sessiongateway::v1::CreateExecutionSessionRequest& request,
      sessiongateway::v1::CreateExecutionSessionResponse& response, CallContext& context) override {
    NoteUntilTheFirstWait(co_await boost::asio::this_coro::executor);
    co_return co_await logic_.CreateExecutionSession(request, response, context);
  }

 private:
  SessionGatewayHandler& logic_;
};

}  // namespace

std::unique_ptr<SessionGatewayHandler> NoteAllocationsOf(SessionGatewayHandler& logic) {
  return std::make_unique<NotingHandler>(logic);
}

}  // namespace session_gateway
