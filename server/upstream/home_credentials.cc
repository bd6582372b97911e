#include "server/upstream/home_credentials.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "server/upstream/logon_answer.h"
#include "server/upstream/loop_event.h"

namespace session_gateway {
namespace {

// A call's question on the home loop. The context there is the call's own one again: a context belongs to one
// loop.
template <typename Result>
struct Visit {
  explicit Visit(const CallContext& asking) : context(asking.deadline()) {
    context.set_caller(asking.caller());
    if (asking.stopped() != StopReason::kNone) context.Stop(asking.stopped());
  }

  CallContext context;           // the home loop's
  std::optional<Result> result;  // written there, read once it is over
  std::exception_ptr exception;
};

// Asks `question(context)` on `home` and waits there, on `own`, for its end, which a stop of `context`
// hastens. What the question refers to lives until then.
template <typename Result, typename Question>
Task<Result> AskAt(LoopExecutor home, LoopExecutor own, CallContext& context, Question question) {
  auto visit = std::make_shared<Visit<Result>>(context);
  LoopEvent over(own);
  boost::asio::co_spawn(home, question(visit->context),
                        [visit, own, &over](const std::exception_ptr& exception, Result result) {
                          visit->exception = exception;
                          if (!exception) visit->result.emplace(std::move(result));
                          boost::asio::post(own, [&over] { over.Announce(); });
                        });
  {
    const StopGuard guard(context, [&context, visit, home] {
      boost::asio::post(home, [visit, reason = context.stopped()] { visit->context.Stop(reason); });
    });
    co_await over.Wait();
  }
  if (visit->exception) std::rethrow_exception(visit->exception);
  co_return *std::move(visit->result);
}

}  // namespace

Task<ApplyResult> HomeCredentials::Apply(HttpRequest& attempt, CallContext& context) {
  ApplyResult result = co_await AskAt<ApplyResult>(
      home_, own_, context,
      [this, &attempt](CallContext& at_home) { return at_home_.Apply(attempt, at_home); });
  co_return result;
}

Task<RenewResult> HomeCredentials::Renew(LogonStamp stamp, CallContext& context) {
  RenewResult result = co_await AskAt<RenewResult>(
      home_, own_, context, [this, stamp](CallContext& at_home) { return at_home_.Renew(stamp, at_home); });
  co_return result;
}

void HomeCredentials::Observe(const LogonStamp& stamp, const HttpReply& reply, const CallContext& context) {
  if (!MayChangeLogon(reply)) return;  // as almost always
  boost::asio::post(home_, [this, stamp, reply, caller = context.caller(), end = context.deadline()] {
    CallContext at_home(end);
    at_home.set_caller(caller);
    at_home_.Observe(stamp, reply, at_home);
  });
}

}  // namespace session_gateway
