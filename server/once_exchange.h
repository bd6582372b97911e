// The exchange of one request_id: claims it in the ledger, sends, reads the answer, and sees to it that the
// ledger knows the end. It belongs to no caller.
//
//   Claim --ended before--> that end, again        --unknown--> the question, where the upstream has one
//     |`--running elsewhere--> asks again, until it ended or the callers have left
//     `--claimed--> sent once --done, unknown--> remembered
//                       |   `--not sent, refused--> forgotten
//                       `--unknown--> the question --there--> done
//
// Thread rule: loop thread only. Never here: who may join, how requests and answers read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/clock.h"
#include "server/ledger/ledger.h"
#include "server/once_counts.h"
#include "server/once_create.h"
#include "server/once_keeper.h"
#include "server/once_question.h"
#include "server/upstream/shared_exchange.h"

namespace session_gateway {

// How long to wait before a claim that another replica holds is asked for again, or an end that the store did
// not take is given to it again; doubles.
struct OncePauses {
  Duration first = std::chrono::milliseconds(50);
  Duration longest = std::chrono::milliseconds(500);
  int writes_max = 120;  // of one end: with these pauses about a minute, the time of a failover
};

class OnceExchange;

// What all of them share; outlives them.
struct OnceParts {
  Loop& loop;
  const Clock& clock;
  Ledger& ledger;
  const OncePauses pauses;
  const Duration question_time;
  OnceCounts counts;
  std::function<void(const OnceExchange& exchange)> on_over;  // nobody may join any more
};

class OnceExchange final : public SharedExchange, public std::enable_shared_from_this<OnceExchange> {
 public:
  OnceExchange(OnceParts& parts, const Caller& caller, OnceCall call);

  const std::string& key() const { return call_.key; }
  const ContentHash& content() const { return call_.content; }
  // Once it has ended; null when it threw.
  const CreateEnd* end() const { return is_final_ ? &*known_ : nullptr; }
  // It ended only because its callers had left, with nothing created here: no end for one who still waits.
  bool ended_for_lack_of_callers() const;
  // The request was handed to the upstream, or was about to be.
  bool was_sent() const { return was_sent_; }
  // What one is told who leaves before the end; `known` is what can be seen of the exchange.
  CreateEnd Told(StopReason reason, std::optional<SendResult> known) const;

 private:
  Task<void> Run() override;
  bool knows_something() const override { return known_.has_value(); }
  void Abandon() override;

  // Nothing: the call ends as `known_` says.
  Task<std::optional<LedgerClaim>> Claim();
  // Nothing: it is held elsewhere.
  std::optional<CreateEnd> EndWithoutClaim(const ClaimResult& result, bool held_elsewhere);
  CreateEnd StoppedBeforeSending(bool held_elsewhere);
  Task<void> Amend();

  std::shared_ptr<ClaimKeeper> StartKeeper(const LedgerClaim& claim);
  Task<void> Carry(const ClaimKeeper* keeper);  // null: the claim has no lease
  bool IsWorthAsking() const;
  Task<void> Ask();
  Task<void> Settle(const LedgerClaim& claim);
  Task<LedgerWrite> SettleAgain(const LedgerClaim& claim, const std::string& record);
  Task<LedgerWrite> Write(const LedgerClaim& claim, const std::string& record);
  Task<void> Pause(Duration& pause);
  void CountEnd();
  void Know(CreateEnd known);
  void End();

  OnceParts& parts_;
  const OnceCall call_;
  std::optional<CreateEnd> known_;  // also while there is more to do
  bool is_final_ = false;           // `known_` is the end
  bool left_before_claim_ = false;
  bool was_recalled_ = false;  // its end came out of the ledger
  bool was_found_ = false;     // by a question
  bool was_sent_ = false;
  bool abandoned_ = false;
  std::optional<OnceQuestion> question_;   // while it is under way
  std::optional<LoopTimer> settle_pause_;  // before an end is given to the store again
};

}  // namespace session_gateway
