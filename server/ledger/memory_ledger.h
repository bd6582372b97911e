// The ledger in this process's own memory: what a restart forgets is forgotten. Its claims need no lease, for
// who claims dies with it.
//
// Bounded in entries, bytes and age. Room is made by dropping the ended entry whose end is the oldest, but
// none that ended within `keep_min`: a repeat that is still under way finds it. Endings that come while the
// bytes are used up are taken all the same, since their creates have happened, and new claims are refused
// until there is room again. Each operation takes the same time however many entries there are.
//
// Thread rule: loop thread only. Never here: waiting, other processes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "absl/hash/hash.h"
#include "server/clock.h"
#include "server/ledger/ledger.h"

namespace session_gateway {

struct MemoryLedgerBounds {
  std::size_t entries = 250'000;
  std::size_t bytes = 256 * 1024 * 1024;        // of keys, endings and what an entry takes beside them
  Duration age = std::chrono::hours(24);        // after its end
  Duration keep_min = std::chrono::minutes(2);  // after its end, however full the ledger is
};

class MemoryLedger final : public Ledger {
 public:
  // What an entry takes beside its key and ending: nodes, hash table, allocator.
  static constexpr std::size_t kEntryBytes = 320;

  MemoryLedger(const Clock& clock, const MemoryLedgerBounds& bounds);

  Task<ClaimResult> Claim(const std::string& key, const ContentHash& content, CallContext& context) override;
  Task<LedgerWrite> Renew(LedgerClaim& claim) override;
  Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) override;
  Task<LedgerWrite> Forget(const LedgerClaim& claim) override;
  // Its age goes on from its first end.
  Task<LedgerWrite> Amend(const std::string& key, const ContentHash& content, std::string ending) override;
  Duration renew_every() const override { return Duration::max(); }
  void Close() override {}

  std::size_t entries() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::size_t running() const { return entries_.size() - ended_.size(); }

 private:
  struct Entry;
  // With a seed of the process: callers choose their keys, and must not choose where they lie.
  using Entries = std::unordered_map<std::string, Entry, absl::Hash<std::string>>;
  using Ended = std::list<Entries::iterator>;  // the oldest end first
  struct Entry {
    ContentHash content = {};
    std::uint64_t fencing_token = 0;
    bool ended = false;
    TimePoint ended_at = {};
    std::string ending = {};
    Ended::iterator place = {};  // once ended
  };

  static std::size_t BytesOf(const Entries::value_type& entry);
  ClaimResult Find(const std::string& key, const ContentHash& content);
  Entries::iterator FindHeld(const LedgerClaim& claim);
  bool IsOver(const Entry& entry, TimePoint now) const { return now - entry.ended_at >= bounds_.age; }
  bool HasRoomFor(std::size_t bytes) const;
  bool MakeRoomFor(std::size_t bytes, TimePoint now);
  void DropOver(TimePoint now);
  void Drop(Entries::iterator entry);

  const Clock& clock_;
  const MemoryLedgerBounds bounds_;
  Entries entries_;
  Ended ended_;
  std::size_t bytes_ = 0;
  std::uint64_t claims_ = 0;
};

}  // namespace session_gateway
