#include "tests/chaos/chaos_flow.h"

#include <algorithm>

namespace session_gateway {
namespace {

constexpr std::size_t kRecordHeaderBytes = 5;

}  // namespace

ChaosFlow::ChaosFlow(const ChaosDirection& plan, const ChaosOptions& options)
    : plan_(plan), options_(options) {
  LimitBefore(0);
}

void ChaosFlow::Put(std::string_view bytes, TimePoint now) {
  Drop(bytes);
  if (begin_ > 0 && begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
  } else if (begin_ > kBufferBytes) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
  pieces_.push_back({now + plan_.delay, bytes.size()});
}

void ChaosFlow::Drop(std::string_view bytes) {
  count_.received += bytes.size();
  ScanRecords(bytes);
}

std::string_view ChaosFlow::Ready(TimePoint now) {
  std::uint64_t bytes = 0;
  for (const Piece& piece : pieces_) {
    if (piece.due > now) break;
    bytes += piece.bytes;
  }
  bytes = std::min(bytes, Allowed());
  if (plan_.drip_bytes > 0) {
    if (drip_left_ == 0 && now >= drip_next_) drip_left_ = plan_.drip_bytes;
    bytes = std::min<std::uint64_t>(bytes, drip_left_);
  }
  return std::string_view(buffer_).substr(begin_, bytes);
}

void ChaosFlow::Sent(std::size_t bytes, TimePoint now) {
  if (count_.text.size() < options_.keep_bytes) {
    count_.text.append(buffer_, begin_, std::min(bytes, options_.keep_bytes - count_.text.size()));
  }
  count_.forwarded += bytes;
  begin_ += bytes;
  if (plan_.drip_bytes > 0) {
    drip_left_ -= bytes;
    if (drip_left_ == 0) drip_next_ = now + plan_.drip_interval;
  }
  while (bytes > 0) {
    const std::size_t taken = std::min(bytes, pieces_.front().bytes);
    pieces_.front().bytes -= taken;
    bytes -= taken;
    if (pieces_.front().bytes == 0) pieces_.pop_front();
  }
}

std::optional<ChaosFlow::TimePoint> ChaosFlow::NextDue() const {
  if (empty() || Allowed() == 0) return std::nullopt;
  const TimePoint due = pieces_.front().due;
  return plan_.drip_bytes > 0 && drip_left_ == 0 ? std::max(due, drip_next_) : due;
}

bool ChaosFlow::AtEnd() const {
  const std::optional<std::uint64_t> limit = Limit();
  return limit && count_.received > 0 && count_.forwarded >= *limit;
}

void ChaosFlow::End() {
  count_.ended = true;
  buffer_.clear();
  begin_ = 0;
  pieces_.clear();
}

std::optional<std::uint64_t> ChaosFlow::Limit() const {
  if (plan_.end_after && record_limit_) return std::min(*plan_.end_after, *record_limit_);
  return plan_.end_after ? plan_.end_after : record_limit_;
}

std::uint64_t ChaosFlow::Allowed() const {
  const std::uint64_t buffered = buffer_.size() - begin_;
  const std::optional<std::uint64_t> limit = Limit();
  return limit ? std::min(buffered, *limit - std::min(*limit, count_.forwarded)) : buffered;
}

// The place of the end is known before the bytes in front of it go on: a record's header says where the next
// begins.
void ChaosFlow::ScanRecords(std::string_view bytes) {
  if (options_.keep_records == 0 && !plan_.end_at_record) return;
  while (!bytes.empty()) {
    const std::uint64_t wanted = record_left_ > 0 ? record_left_ : kRecordHeaderBytes - header_.size();
    const std::size_t taken = std::min<std::uint64_t>(wanted, bytes.size());
    if (record_left_ > 0) {
      record_left_ -= taken;
    } else {
      header_.append(bytes.substr(0, taken));
    }
    scanned_ += taken;
    bytes.remove_prefix(taken);
    if (header_.size() == kRecordHeaderBytes) BeginRecord();
  }
}

void ChaosFlow::BeginRecord() {
  record_left_ = static_cast<std::uint8_t>(header_[3]) * 256u + static_cast<std::uint8_t>(header_[4]);
  if (plan_.end_at_record && plan_.end_at_record->record == records_begun_ && !record_limit_) {
    record_limit_ =
        scanned_ + std::min<std::uint64_t>(plan_.end_at_record->bytes - kRecordHeaderBytes, record_left_);
  }
  if (count_.records.size() < options_.keep_records) {
    count_.records.push_back({static_cast<std::uint8_t>(header_[0]), kRecordHeaderBytes + record_left_});
  }
  ++records_begun_;
  header_.clear();
  LimitBefore(scanned_ + record_left_);
}

void ChaosFlow::LimitBefore(std::uint64_t next_record) {
  if (!plan_.end_at_record || plan_.end_at_record->record != records_begun_) return;
  if (plan_.end_at_record->bytes <= kRecordHeaderBytes)
    record_limit_ = next_record + plan_.end_at_record->bytes;
}

}  // namespace session_gateway
