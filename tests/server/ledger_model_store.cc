#include "tests/server/ledger_model_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/ledger/ending.h"

namespace session_gateway {
namespace {

using Kind = StoreRequest::Kind;
using What = StoreReply::What;
using State = LedgerRecord::State;

What WhatOf(ClaimAnswer answer) {
  switch (answer) {
    case ClaimAnswer::kClaimed:
      return What::kClaimed;
    case ClaimAnswer::kOther:
      return What::kOther;
    case ClaimAnswer::kEnded:
      return What::kEnded;
    case ClaimAnswer::kDied:
      return What::kDied;
    case ClaimAnswer::kRunning:
      break;
  }
  return What::kRunning;
}

}  // namespace

const ModelStore::Entry* ModelStore::Find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

StoreReply ModelStore::Run(const StoreRequest& request) {
  OnTime();
  if (is_read_only_) return {What::kReadOnly};
  if (is_full_ && request.kind == Kind::kClaim) return {What::kFull};
  Entry entry;
  if (const Entry* const found = Find(request.key)) entry = *found;
  StoreReply reply;
  if (request.kind == Kind::kClaim) {
    reply = Claim(request, entry);
  } else {
    const bool was_absent = entry.record.is_absent();
    reply.what = Write(request, entry) ? What::kDone : What::kLost;
    reply.is_anew = was_absent && reply.what == What::kDone;
  }
  if (entry.record.is_absent()) {
    entries_.erase(request.key);
  } else {
    entries_[request.key] = entry;
  }
  watch_.ran(request, reply);
  if (reply.what == What::kDone && request.kind == Kind::kRemember && !entry.record.is_absent()) {
    watch_.remembered(request.key, entry);
  }
  return reply;
}

StoreReply ModelStore::Claim(const StoreRequest& request, Entry& entry) {
  if (sabotage_ == Sabotage::kDeadIsFree && entry.record.state == State::kDead) entry = {};
  const auto now = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.Now().time_since_epoch()).count());
  const std::uint64_t token = std::max(now, newest_token_ + 1);
  StoreReply reply;
  reply.what = WhatOf(ClaimRecord(entry.record, token, request.content));
  if (reply.what == What::kEnded) reply.ending = entry.record.ending;
  if (reply.what != What::kClaimed) return reply;
  newest_token_ = reply.token = token;
  entry.holder = request.holder;
  entry.lease_end = clock_.Now() + kModelLease;
  entry.kept_until = entry.lease_end + kModelRetention;
  return reply;
}

bool ModelStore::Write(const StoreRequest& request, Entry& entry) {
  const bool anyone = sabotage_ == Sabotage::kFencing && !entry.record.is_absent();
  const std::uint64_t token = anyone ? entry.record.token : request.token;
  switch (request.kind) {
    case Kind::kRenew:
      if (!RenewRecord(entry.record, token, request.content, request.holds)) return false;
      entry.lease_end = clock_.Now() + kModelLease;
      entry.kept_until = entry.lease_end + kModelRetention;
      return true;
    case Kind::kRemember:
      if (!RememberRecord(entry.record, token, request.content, request.ending)) return false;
      entry.kept_until = clock_.Now() + kModelRetention;
      if (sabotage_ == Sabotage::kEndingsDropped) entry = {};
      if (sabotage_ == Sabotage::kUnknownIsFree &&
          OutcomeOf(ReadEnding("Create", Upstream::kQlik, request.ending)) == Outcome::kUnknown) {
        entry = {};
      }
      return true;
    case Kind::kForget:
      return ForgetRecord(entry.record, token);
    case Kind::kGiveBack:
      return entry.holder == request.holder && ForgetRecord(entry.record, entry.record.token);
    case Kind::kClaim:
      break;
  }
  return false;
}

void ModelStore::OnTime() {
  const TimePoint now = clock_.Now();
  std::vector<std::string> forgotten;
  for (auto& [key, entry] : entries_) {
    if (entry.record.state == State::kRunning && entry.lease_end <= now) {
      entry.record.state = State::kDead;
      watch_.lapsed(key, entry);
    }
    if (entry.kept_until <= now) forgotten.push_back(key);
  }
  for (const std::string& key : forgotten) {
    entries_.erase(key);
    watch_.forgotten(key);
  }
}

void ModelStore::RestartEmpty() {
  for (const auto& [key, entry] : entries_) watch_.lost(key);
  entries_.clear();
  newest_token_ = 0;
}

void ModelStore::FailOver() {
  std::swap(entries_, replica_);
  std::erase_if(entries_, [this](const auto& entry) { return entry.second.kept_until <= clock_.Now(); });
  for (const auto& [key, entry] : replica_) {
    const Entry* const kept = Find(key);
    const bool is_same =
        kept != nullptr && kept->record == entry.record && kept->lease_end == entry.lease_end;
    if (!is_same) watch_.lost(key);
  }
  for (const auto& [key, entry] : entries_) {
    if (!replica_.contains(key)) watch_.lost(key);
  }
  replica_ = entries_;
  newest_token_ = 0;
  OnTime();
}

}  // namespace session_gateway
