#include "server/rpc/lanes.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "translator/ascii.h"

namespace session_gateway {
namespace {

// FNV-1a, of the lower case: a request_id may come in either, and is the same.
std::size_t HashOf(std::string_view request_id) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : request_id) {
    hash = (hash ^ static_cast<unsigned char>(LowerCase(c))) * 1099511628211u;
  }
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace

Lanes::Lanes(const CallLimits& limits, const std::vector<ServerLane>& lanes, const Clock& clock, Log& log)
    : limits_(limits), clock_(clock), log_(log) {
  for (const ServerLane& lane : lanes) tables_.emplace_back(lane.loop, lane.handler);
}

CallTable& Lanes::Choose(std::string_view request_id, CallTable& own) {
  if (!request_id.empty()) return tables_[HashOf(request_id) % tables_.size()];
  if (own.running() <= kLeadMax) return own;
  CallTable& emptiest = *std::min_element(
      tables_.begin(), tables_.end(), [](CallTable& a, CallTable& b) { return a.running() < b.running(); });
  return own.running() > emptiest.running() + kLeadMax ? emptiest : own;
}

bool Lanes::BeginRunning(CallTable& lane) {
  if (++running_ > limits_.calls_max) {
    --running_;
    return false;
  }
  ++lane.running();
  return true;
}

void Lanes::EndRunning(CallTable& lane) {
  --lane.running();
  --running_;
}

void Lanes::Leave() {
  if (--calls_ > 0) return;
  std::function<void()> on_empty;
  {
    const std::lock_guard lock(mutex_);
    on_empty = std::exchange(on_empty_, nullptr);
  }
  if (on_empty) on_empty();
}

void Lanes::OnEmpty(std::function<void()> on_empty) {
  const std::lock_guard lock(mutex_);
  on_empty_ = std::move(on_empty);
}

}  // namespace session_gateway
