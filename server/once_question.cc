#include "server/once_question.h"

namespace session_gateway {

OnceQuestion::OnceQuestion(Loop& loop, TimePoint end, const Caller& caller)
    : context_(std::make_shared<CallContext>(end)), timer_(loop.get_executor(), end) {
  context_->set_caller(caller);
  timer_.async_wait([weak = std::weak_ptr(context_)](const boost::system::error_code& error) {
    const auto context = weak.lock();
    if (!error && context) context->Stop(StopReason::kDeadline);
  });
}

Task<OnceCreate::Found> OnceQuestion::Ask(OnceCreate& create, CreateEnd& there) {
  SendResult result = co_await create.transport().Send(*create.question(), *context_);
  co_return create.ReadQuestion(result, there);
}

}  // namespace session_gateway
