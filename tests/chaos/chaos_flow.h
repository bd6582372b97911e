// One direction of a proxied connection without its sockets: what came, what may go on now, when more may,
// and where it ends by its plan.
//
// Thread rule: one owner. Never here: sockets, the clock (the time is handed in).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "tests/chaos/chaos_proxy.h"

namespace session_gateway {

class ChaosFlow {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  ChaosFlow(const ChaosDirection& plan, const ChaosOptions& options);

  const ChaosDirection& plan() const { return plan_; }
  // How much may be put in.
  std::size_t room() const { return kBufferBytes - (buffer_.size() - begin_); }
  bool empty() const { return buffer_.size() == begin_; }

  void Put(std::string_view bytes, TimePoint now);
  // Counts bytes that are dropped, as behind the end.
  void Drop(std::string_view bytes);

  // What may go on now; empty: nothing.
  std::string_view Ready(TimePoint now);
  void Sent(std::size_t bytes, TimePoint now);
  // When Ready will have something without more being put in.
  std::optional<TimePoint> NextDue() const;
  // All that the plan lets through has gone on.
  bool AtEnd() const;
  // The end was carried out.
  void End();

  const ChaosFlowCount& count() const { return count_; }

 private:
  struct Piece {
    TimePoint due;
    std::size_t bytes = 0;
  };

  void ScanRecords(std::string_view bytes);
  void BeginRecord();
  void LimitBefore(std::uint64_t next_record);
  std::optional<std::uint64_t> Limit() const;
  std::uint64_t Allowed() const;  // of what is buffered, by the plan's end

  const ChaosDirection plan_;
  const ChaosOptions options_;
  ChaosFlowCount count_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what has not gone on
  std::deque<Piece> pieces_;
  std::size_t drip_left_ = 0;
  TimePoint drip_next_ = {};

  // The records of TLS.
  std::string header_;             // of the record that begins
  std::uint64_t record_left_ = 0;  // bytes of the record's body that have not come
  std::size_t records_begun_ = 0;  // whose header is whole
  std::uint64_t scanned_ = 0;
  std::optional<std::uint64_t> record_limit_;
};

}  // namespace session_gateway
