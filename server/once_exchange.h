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
#include "server/ledger/ending.h"
#include "server/ledger/ledger.h"
#include "server/upstream/shared_exchange.h"
#include "server/upstream/transport.h"

namespace session_gateway {

// One create: what is sent, and how answers read.
class OnceCreate {
 public:
  virtual ~OnceCreate() = default;

  virtual Transport& transport() = 0;
  virtual const HttpRequest& request() const = 0;
  virtual CreateEnd Read(SendResult& result) = 0;

  // The question whether what the create would make is there; null where the upstream has none.
  virtual const HttpRequest* question() { return nullptr; }
  enum class Found { kThere, kAbsent, kNotKnown };
  // Fills `end` when it is there.
  virtual Found ReadQuestion(SendResult&, CreateEnd&) { return Found::kNotKnown; }
};

struct OnceCall {
  std::string_view method;  // of the RPC; outlives it
  Upstream upstream = Upstream::kSymphony;
  std::string key;
  ContentHash content = {};
  std::unique_ptr<OnceCreate> create;
};

// How long to wait before a claim that another replica holds is asked for again, or an end that the store did
// not take is given to it again; doubles.
struct OncePauses {
  Duration first = std::chrono::milliseconds(50);
  Duration longest = std::chrono::milliseconds(500);
};

// What became of the calls with a request_id, since the start.
struct OnceCounts {
  std::uint64_t sent = 0;      // claimed, and handed to the upstream
  std::uint64_t joined = 0;    // while one was running in this process
  std::uint64_t replayed = 0;  // out of the ledger
  std::uint64_t other_content = 0;
  std::uint64_t full = 0;
  std::uint64_t unreachable = 0;  // the ledger, before anything was sent
  std::uint64_t remembered = 0;
  std::uint64_t forgotten = 0;
  std::uint64_t lost = 0;   // ends that the ledger did not take
  std::uint64_t found = 0;  // creates that a question found done
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
  // The request was handed to the upstream, or was about to be.
  bool was_sent() const { return was_sent_; }
  // What one is told who leaves before the end; `known` is what can be seen of the exchange.
  CreateEnd Told(StopReason reason, std::optional<SendResult> known) const;

 private:
  class Keeper;

  Task<void> Run() override;
  bool knows_something() const override { return known_.has_value(); }
  void Abandon() override;

  Task<std::optional<LedgerClaim>> Claim();
  // Nothing: it is held elsewhere.
  std::optional<CreateEnd> EndWithoutClaim(const ClaimResult& result, bool held_elsewhere);
  CreateEnd StoppedBeforeSending(bool held_elsewhere) const;
  Task<void> Carry(const Keeper* keeper);  // null: the claim has no lease
  bool IsTaken() const;
  bool IsWorthAsking() const;
  Task<void> Ask();
  Task<void> Settle(const LedgerClaim& claim);
  Task<void> SettleAgain(const LedgerClaim& claim, const std::string& record);
  Task<LedgerWrite> Write(const LedgerClaim& claim, const std::string& record);
  Task<void> Pause(Duration& pause);
  void Know(CreateEnd known);
  void End();

  OnceParts& parts_;
  const OnceCall call_;
  std::optional<CreateEnd> known_;  // also while there is more to do
  bool is_final_ = false;           // `known_` is the end
  bool was_sent_ = false;
  bool abandoned_ = false;
  CallContext* question_ = nullptr;
};

}  // namespace session_gateway
