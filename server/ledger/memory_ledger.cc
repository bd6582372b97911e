#include "server/ledger/memory_ledger.h"

#include <algorithm>
#include <utility>

namespace session_gateway {
namespace {

// How many entries one operation drops at most because their time is over. More than one, so that those who
// come in are outnumbered; few, so that no operation pays for many.
constexpr int kDroppedAtOnce = 4;

}  // namespace

MemoryLedger::MemoryLedger(const Clock& clock, const MemoryLedgerBounds& bounds)
    : clock_(clock), bounds_(bounds) {
  // A table that grew while calls come in would make one of them wait until all is moved.
  entries_.reserve(std::min(bounds.entries, bounds.bytes / kEntryBytes));
}

Task<ClaimResult> MemoryLedger::Claim(const std::string& key, const ContentHash& content, CallContext&) {
  co_return Find(key, content);
}

ClaimResult MemoryLedger::Find(const std::string& key, const ContentHash& content) {
  const TimePoint now = clock_.Now();
  DropOver(now);
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    const Entry& entry = found->second;
    if (!entry.ended || !IsOver(entry, now)) {
      if (entry.content != content) return LedgerOtherContent{};
      if (!entry.ended) return LedgerRunning{};
      return LedgerEnded{entry.ending};
    }
    Drop(found);
  }
  const std::size_t needed = kEntryBytes + key.size();
  if (!MakeRoomFor(needed, now)) return LedgerFull{};
  const auto made = entries_.emplace(key, Entry{.content = content, .fencing_token = ++claims_}).first;
  bytes_ += BytesOf(*made);
  return LedgerClaim{.key = key, .fencing_token = claims_};
}

Task<LedgerWrite> MemoryLedger::Renew(LedgerClaim& claim) {
  co_return FindHeld(claim) == entries_.end() ? LedgerWrite::kLost : LedgerWrite::kDone;
}

Task<LedgerWrite> MemoryLedger::Remember(const LedgerClaim& claim, std::string ending) {
  const auto held = FindHeld(claim);
  if (held == entries_.end()) co_return LedgerWrite::kLost;
  const TimePoint now = clock_.Now();
  Entry& entry = held->second;
  entry.ended = true;
  entry.ended_at = now;
  entry.ending = std::move(ending);
  entry.place = ended_.insert(ended_.end(), held);
  bytes_ += entry.ending.size();
  MakeRoomFor(0, now);
  co_return LedgerWrite::kDone;
}

Task<LedgerWrite> MemoryLedger::Forget(const LedgerClaim& claim) {
  const auto held = FindHeld(claim);
  if (held == entries_.end()) co_return LedgerWrite::kLost;
  Drop(held);
  co_return LedgerWrite::kDone;
}

Task<LedgerWrite> MemoryLedger::Amend(const std::string& key, const ContentHash& content,
                                      std::string ending) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.ended || found->second.content != content) {
    co_return LedgerWrite::kLost;
  }
  Entry& entry = found->second;
  bytes_ -= entry.ending.size();
  entry.ending = std::move(ending);
  bytes_ += entry.ending.size();
  MakeRoomFor(0, clock_.Now());
  co_return LedgerWrite::kDone;
}

MemoryLedger::Entries::iterator MemoryLedger::FindHeld(const LedgerClaim& claim) {
  const auto found = entries_.find(claim.key);
  if (found == entries_.end() || found->second.ended || found->second.fencing_token != claim.fencing_token) {
    return entries_.end();
  }
  return found;
}

std::size_t MemoryLedger::BytesOf(const Entries::value_type& entry) {
  return kEntryBytes + entry.first.size() + entry.second.ending.size();
}

bool MemoryLedger::HasRoomFor(std::size_t bytes) const {
  // An entry more is asked for with its bytes; without any, only what is there must fit.
  const std::size_t one = bytes > 0 ? 1 : 0;
  return entries_.size() + one <= bounds_.entries && bytes_ + bytes <= bounds_.bytes;
}

// True when so much fits. Each entry that is dropped was once put in, so all that is dropped costs an
// operation no more than it paid for itself.
bool MemoryLedger::MakeRoomFor(std::size_t bytes, TimePoint now) {
  while (!HasRoomFor(bytes)) {
    if (ended_.empty() || now - ended_.front()->second.ended_at < bounds_.keep_min) return false;
    Drop(ended_.front());
  }
  return true;
}

void MemoryLedger::DropOver(TimePoint now) {
  for (int i = 0; i < kDroppedAtOnce; ++i) {
    if (ended_.empty() || !IsOver(ended_.front()->second, now)) return;
    Drop(ended_.front());
  }
}

void MemoryLedger::Drop(Entries::iterator entry) {
  bytes_ -= BytesOf(*entry);
  if (entry->second.ended) ended_.erase(entry->second.place);
  entries_.erase(entry);
}

}  // namespace session_gateway
