#include "server/once_counts.h"

namespace session_gateway {

OnceCounts& OnceCounts::operator+=(const OnceCounts& more) {
  for (std::uint64_t OnceCounts::*const count :
       {&OnceCounts::sent, &OnceCounts::joined, &OnceCounts::replayed, &OnceCounts::still_unknown,
        &OnceCounts::other_content, &OnceCounts::full, &OnceCounts::unreachable, &OnceCounts::left,
        &OnceCounts::done, &OnceCounts::unknown, &OnceCounts::refused, &OnceCounts::not_sent,
        &OnceCounts::asked, &OnceCounts::found, &OnceCounts::absent, &OnceCounts::lost}) {
    this->*count += more.*count;
  }
  return *this;
}

void LogCounts(Log& log, const OnceCounts& counts) {
  const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  log.Event(LogLevel::kInfo, "ledger",
            {{"sent", number(counts.sent)},
             {"joined", number(counts.joined)},
             {"replayed", number(counts.replayed)},
             {"still_unknown", number(counts.still_unknown)},
             {"other_content", number(counts.other_content)},
             {"full", number(counts.full)},
             {"unreachable", number(counts.unreachable)},
             {"left", number(counts.left)},
             {"done", number(counts.done)},
             {"unknown", number(counts.unknown)},
             {"refused", number(counts.refused)},
             {"not_sent", number(counts.not_sent)},
             {"asked", number(counts.asked)},
             {"found", number(counts.found)},
             {"absent", number(counts.absent)},
             {"lost", number(counts.lost)}});
}

}  // namespace session_gateway
