#include "server/upstream/httplib_exchange.h"

#include <utility>

#include "server/upstream/exchange_end.h"
#include "server/upstream/http_answer.h"

namespace session_gateway {
namespace {

// So much is read of what has come by the time of a stop.
constexpr int kLooksMax = 8;

}  // namespace

void HttplibExchange::Work(WorkerTools& tools) {
  {
    const std::lock_guard lock(mutex_);
    tools.wakeup.Drain();
    wakeup_ = &tools.wakeup;
  }
  bool agreed = false;
  try {
    agreed = tools.reader.Read(*this);
  } catch (const std::exception&) {  // no memory, or a fault of the library
  }
  const std::lock_guard lock(mutex_);
  disagreed_ = !agreed;
  wakeup_ = nullptr;
}

// Not after a stop: what has left by then may have been told already.
IoNeed HttplibExchange::WriteOn() {
  const std::lock_guard lock(mutex_);
  const bool is_over = connection_.write().ended || is_abandoned_ || is_cut_;
  return is_over ? IoNeed::kNothing : connection_.ContinueWrite();
}

// True: nothing more is waited for.
bool HttplibExchange::TakeStop() {
  const std::lock_guard lock(mutex_);
  if (is_abandoned_) {
    if (!std::exchange(ended_by_stop_, true)) LookOnceMore();
    return true;
  }
  if (is_cut_) {
    read_error_ = boost::asio::error::operation_aborted;
    gate_.FeedLoss();
  }
  return is_cut_;
}

// Bytes that have come by the time of the end still count. Under the mutex.
void HttplibExchange::LookOnceMore() {
  read_error_ = boost::asio::error::operation_aborted;
  if (connection_.write().bytes == 0) return;
  for (int i = 0; i < kLooksMax && gate_.state() == AnswerGate::State::kReading; ++i) {
    std::string_view bytes;
    boost::system::error_code error;
    if (connection_.Read(bytes, error) != IoNeed::kNothing) return;
    if (!bytes.empty()) gate_.Feed(bytes);
    if (error == boost::asio::error::eof) gate_.FeedEnd();
    if (error) return;
  }
}

bool HttplibExchange::Pull() {
  for (;;) {
    const bool was_stopped = ended_by_stop_;
    if (TakeStop()) return !was_stopped && !gate_.text().empty();
    const IoNeed write_need = WriteOn();
    std::string_view bytes;
    const IoNeed read_need = connection_.Read(bytes, read_error_);
    if (read_need == IoNeed::kNothing) {
      Feed(bytes);
      return true;
    }
    wakeup_->WaitFor(connection_.descriptor(), write_need, read_need);
  }
}

void HttplibExchange::Feed(std::string_view bytes) {
  bool is_error_body = false;
  {
    const std::lock_guard lock(mutex_);
    if (!bytes.empty()) gate_.Feed(bytes);
    if (read_error_ == boost::asio::error::eof) {
      gate_.FeedEnd();
    } else if (read_error_) {
      gate_.FeedLoss();
    }
    is_error_body = gate_.header_done() && gate_.state() == AnswerGate::State::kReading &&
                    (gate_.status() < 200 || gate_.status() >= 300);
  }
  if (is_error_body && !std::exchange(error_body_told_, true)) on_error_body_();
}

void HttplibExchange::TakeBody(std::string_view piece) {
  const std::lock_guard lock(mutex_);
  body_ += piece;
}

bool HttplibExchange::has_left() const {
  const std::lock_guard lock(mutex_);
  return connection_.write().ended;
}

SendResult HttplibExchange::Peek(StopReason reason) const {
  const std::lock_guard lock(mutex_);
  if (!gate_.header_done() || reason != StopReason::kDeadline) {
    const Connection::Write& write = connection_.write();
    return StoppedExchange(reason, PhaseOf(write, gate_.started()), write.bytes > 0);
  }
  const bool is_whole = gate_.state() == AnswerGate::State::kReply && body_.size() == gate_.body_bytes();
  return Reply(body_, is_whole ? gate_.body_state() : BodyState::kDeadline);
}

void HttplibExchange::Abandon() {
  const std::lock_guard lock(mutex_);
  is_abandoned_ = true;
  if (wakeup_ != nullptr) wakeup_->Wake();
}

void HttplibExchange::CutBody() {
  const std::lock_guard lock(mutex_);
  is_cut_ = true;
  if (wakeup_ != nullptr) wakeup_->Wake();
}

bool HttplibExchange::IsClean() const {
  const Connection::Write& write = connection_.write();
  return !disagreed_ && !is_abandoned_ && !is_cut_ && write.ended && !write.error && gate_.reusable();
}

HttpReply HttplibExchange::Reply(std::string body, BodyState body_state) const {
  HttpReply reply;
  reply.status = gate_.status();
  reply.headers = gate_.headers();
  reply.body = std::move(body);
  reply.body.reserve(reply.body.size() + kBodyPadding);
  reply.body_state = body_state;
  reply.endpoint = origin_;
  return reply;
}

SendResult HttplibExchange::Conclude(StopReason stopped) {
  const Connection::Write& write = connection_.write();
  const bool sent = write.bytes > 0;
  const Phase phase = PhaseOf(write, gate_.started());
  switch (gate_.state()) {
    case AnswerGate::State::kReading:
      // Only a stop ends an exchange in the middle of an answer, or want of memory.
      if (stopped == StopReason::kNone) {
        return LostExchange(write, {}, gate_.started(), boost::asio::error::no_memory);
      }
      if (stopped != StopReason::kDeadline || !gate_.header_done()) {
        return StoppedExchange(stopped, phase, sent);
      }
      return Reply(std::move(body_), BodyState::kDeadline);
    case AnswerGate::State::kReply:
      // What was said before anything was asked is not an answer.
      if (!sent) return SendFailure{FailureKind::kLost, phase, false, "the peer spoke before the request"};
      return Reply(std::move(body_), disagreed_ ? BodyState::kMalformed : gate_.body_state());
    case AnswerGate::State::kMalformed:
      return SendFailure{FailureKind::kMalformed, phase, sent, std::string(gate_.fault()),
                         gate_.fault_status()};
    case AnswerGate::State::kLost:
      break;
  }
  return LostExchange(write, connection_.fault(), gate_.started(), read_error_);
}

}  // namespace session_gateway
