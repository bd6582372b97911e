#include "server/rpc/lanes.h"

#include <utility>

namespace session_gateway {
namespace {

// FNV-1a, of the lower case: a request_id may come in either, and is the same.
std::size_t HashOf(std::string_view request_id) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : request_id) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    hash = (hash ^ static_cast<unsigned char>(is_upper ? c - 'A' + 'a' : c)) * 1099511628211u;
  }
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace

Lanes::Lanes(const CallLimits& limits, const std::vector<ServerLane>& lanes, const Clock& clock, Log& log)
    : limits_(limits), clock_(clock), log_(log) {
  for (const ServerLane& lane : lanes) tables_.emplace_back(lane.loop, lane.handler);
}

CallTable& Lanes::Choose(std::string_view request_id) {
  if (tables_.size() == 1) return tables_.front();
  const std::size_t number = request_id.empty() ? turn_++ : HashOf(request_id);
  return tables_[number % tables_.size()];
}

bool Lanes::BeginRunning() {
  if (++running_ <= limits_.calls_max) return true;
  --running_;
  return false;
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
