// What a store of several gateways does with one key: the rules of the scripts that run in Redis, as plain
// functions. redis_model_test.cc holds them against the real Redis; the model of the ledger runs on them.
//
// Thread rule: values. Never here: time, which makes a running record a dead one, and drops it at last.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace session_gateway {

struct LedgerRecord {
  enum class State {
    kAbsent,
    kRunning,
    kDead,  // running, and its lease is over
    kEnded,
  };
  State state = State::kAbsent;
  std::uint64_t token = 0;
  std::uint8_t content = 0;
  std::string ending;
  auto operator<=>(const LedgerRecord&) const = default;

  bool is_absent() const { return state == State::kAbsent; }
  bool is_open() const { return state == State::kRunning || state == State::kDead; }
};

enum class ClaimAnswer { kClaimed, kOther, kEnded, kDied, kRunning };

inline ClaimAnswer ClaimRecord(LedgerRecord& record, std::uint64_t next_token, std::uint8_t content) {
  using State = LedgerRecord::State;
  if (record.is_absent()) {
    record = {State::kRunning, next_token, content, ""};
    return ClaimAnswer::kClaimed;
  }
  if (record.content != content) return ClaimAnswer::kOther;
  if (record.state == State::kEnded) return ClaimAnswer::kEnded;
  return record.state == State::kDead ? ClaimAnswer::kDied : ClaimAnswer::kRunning;
}

// These are true when the store did it, else the claim is lost. A record that is not there is written again:
// the store lost it. `holds`: whether the holder's own clock says that it still holds the claim.
inline bool RenewRecord(LedgerRecord& record, std::uint64_t token, std::uint8_t content, bool holds) {
  const bool own = record.state == LedgerRecord::State::kRunning && record.token == token;
  if (!own && !(record.is_absent() && holds)) return false;
  record = {LedgerRecord::State::kRunning, token, content, ""};
  return true;
}

inline bool RememberRecord(LedgerRecord& record, std::uint64_t token, std::uint8_t content,
                           std::string ending) {
  if (!record.is_absent() && record.token != token) return false;
  record = {LedgerRecord::State::kEnded, token, content, std::move(ending)};
  return true;
}

inline bool ForgetRecord(LedgerRecord& record, std::uint64_t token) {
  if (!record.is_open() || record.token != token) return false;
  record = {};
  return true;
}

}  // namespace session_gateway
