// What a chaos proxy does to one connection: how it is accepted, and for each direction how fast its bytes go
// on, where they end and in which way.
//
// Thread rule: values; a plan chooser is called by the proxy's thread, under its lock. Never here: sockets.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace session_gateway {

enum class ChaosAccept {
  kForward,
  kReset,    // reset before a byte was read
  kClose,    // ended in good order before a byte was read
  kIgnore,   // black hole: nothing is read, nothing is answered
  kSwallow,  // all is read, nothing is forwarded or answered
};

// What happens once a direction has forwarded all that its plan lets through.
enum class ChaosEnd {
  kClose,      // both connections end in good order (FIN); what still comes is read and dropped
  kReset,      // both are reset, once all that was forwarded has been delivered
  kHalfClose,  // this direction ends in good order (FIN), the other goes on
  kStall,      // this direction is not read any more, the other goes on
  kDrop,       // this direction is read on and dropped, the other goes on
};

// A place in a stream of TLS: `bytes` of that record (its header of five bytes included), counted from 0. A
// shorter record ends it behind its last byte.
struct ChaosRecordPoint {
  std::size_t record = 0;
  std::size_t bytes = 0;
};

struct ChaosDirection {
  std::chrono::milliseconds delay{0};  // each piece is held back so long
  std::size_t drip_bytes = 0;          // so many at most in one interval; 0: no drip
  std::chrono::milliseconds drip_interval{10};
  // Where the direction ends, counted over the whole connection; unset: nowhere. An end after nothing waits
  // for the first byte that comes.
  std::optional<std::uint64_t> end_after = {};
  std::optional<ChaosRecordPoint> end_at_record = {};
  ChaosEnd end = ChaosEnd::kClose;
};

struct ChaosPlan {
  ChaosAccept accept = ChaosAccept::kForward;
  ChaosDirection request = {};  // towards the upstream
  ChaosDirection answer = {};   // towards the gateway
  int upstream_port = 0;        // 0: the proxy's own
};

// `index` counts the accepted connections from 0. It must not call the proxy.
using ChaosChooser = std::function<ChaosPlan(int index)>;

// Shares of a random mixture, each of 1 and together at most 1; the rest of the connections is forwarded.
struct ChaosMix {
  double refuse = 0;      // reset or ended at once
  double black_hole = 0;  // both kinds
  double delay = 0;
  double drip = 0;
  double cut_request = 0;  // by FIN, reset or half-close
  double cut_answer = 0;
  double stall = 0;  // either direction
  // Where a direction is cut or stalled: evenly below these. A kept connection carries many exchanges.
  std::uint64_t request_bytes_max = 4096;
  std::uint64_t answer_bytes_max = 4096;
  std::chrono::milliseconds delay_max{50};
  // Whoever is forwarded ends in good order somewhere below so many bytes of answers, so that a client that
  // keeps its connections meets the faults of others; 0: never.
  std::uint64_t life_bytes_max = 0;
};

// A mixture in which each of the faults has the same share, together `faulty` of 1.
ChaosMix EvenMix(double faulty);

// The same seed gives the same plans in the same order.
ChaosChooser RandomPlans(std::uint64_t seed, const ChaosMix& mix);

// Reads what DescribePlan writes, any part of it left out: `accept=forward request.delay=10
// request.drip=1/20 request.end=reset@17 answer.end=stall@record:2+5 upstream=4242`. The text says what is
// wrong.
std::variant<ChaosPlan, std::string> ParsePlan(std::string_view text);
std::string DescribePlan(const ChaosPlan& plan);

}  // namespace session_gateway
