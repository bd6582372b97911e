#include "server/once_keeper.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace session_gateway {

ClaimKeeper::ClaimKeeper(const Parts& parts, LedgerClaim claim, OnLease on_lease)
    : parts_(parts),
      claim_(std::move(claim)),
      on_lease_(std::move(on_lease)),
      kept_(parts.loop.get_executor()) {}

void ClaimKeeper::Start() {
  on_lease_(claim_.lease_end);
  boost::asio::co_spawn(parts_.loop.get_executor(), Keep(shared_from_this()),
                        [self = shared_from_this()](const std::exception_ptr&) { self->kept_.Announce(); });
  keeps_ = true;
}

void ClaimKeeper::Cancel() {
  stopping_ = true;
  if (pause_) pause_->cancel();
}

Task<void> ClaimKeeper::Stop() {
  Cancel();
  if (keeps_) co_await kept_.Wait();
}

Task<void> ClaimKeeper::Keep(std::shared_ptr<ClaimKeeper> self) {
  LedgerClaim& claim = self->claim_;
  Ledger& ledger = self->parts_.ledger;
  Duration pause = ledger.renew_every();
  while (!self->stopping_) {
    self->pause_.emplace(self->parts_.loop.get_executor(), pause);
    boost::system::error_code ignored;
    co_await self->pause_->async_wait(boost::asio::redirect_error(kUseTask, ignored));
    if (self->stopping_) break;
    const LedgerWrite renewed = co_await ledger.Renew(claim);
    if (renewed == LedgerWrite::kLost) claim.lease_end = self->parts_.clock.Now();
    self->on_lease_(claim.lease_end);
    if (renewed == LedgerWrite::kLost) break;
    pause = renewed == LedgerWrite::kDone ? ledger.renew_every() : self->parts_.retry;
  }
}

}  // namespace session_gateway
