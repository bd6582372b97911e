#include "server/once_claim.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace session_gateway {
namespace {

// How often an end is given to a store that does not take it, the first time among them.
constexpr int kWritesMax = 8;

}  // namespace

OnceClaim::OnceClaim(const Parts& parts, LedgerClaim claim, OnLease on_lease)
    : parts_(parts),
      claim_(std::move(claim)),
      on_lease_(std::move(on_lease)),
      kept_(parts.loop.get_executor()) {}

void OnceClaim::Start() {
  if (parts_.ledger.renew_every() == Duration::max()) return;
  on_lease_(claim_.lease_end);
  boost::asio::co_spawn(parts_.loop.get_executor(), Keep(shared_from_this()),
                        [self = shared_from_this()](const std::exception_ptr&) { self->kept_.Announce(); });
  keeps_ = true;
}

void OnceClaim::Cancel() {
  stopping_ = true;
  if (pause_) pause_->cancel();
}

Task<void> OnceClaim::Stop() {
  Cancel();
  if (keeps_) co_await kept_.Wait();
}

Task<void> OnceClaim::Keep(std::shared_ptr<OnceClaim> self) {
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
    pause = renewed == LedgerWrite::kDone ? ledger.renew_every() : self->parts_.pauses.longest;
  }
}

Task<LedgerWrite> OnceClaim::End(std::string record) {
  if (record.empty()) co_return co_await parts_.ledger.Forget(claim_);
  co_return co_await parts_.ledger.Remember(claim_, std::move(record));
}

Task<LedgerWrite> OnceClaim::EndAgain(std::string record) {
  Duration pause = parts_.pauses.first;
  LedgerWrite written = LedgerWrite::kUnreachable;
  for (int i = 1; i < kWritesMax && written == LedgerWrite::kUnreachable; ++i) {
    LoopTimer timer(parts_.loop.get_executor(), pause);
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(kUseTask, ignored));
    pause = std::min(pause * 2, parts_.pauses.longest);
    written = co_await End(record);
  }
  co_return written;
}

}  // namespace session_gateway
