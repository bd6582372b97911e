#include "server/upstream/exchange_end.h"

namespace session_gateway {

Phase PhaseOf(const Connection::Write& write, bool started) {
  if (started) return Phase::kReceive;
  return write.ended && !write.error ? Phase::kWait : Phase::kSend;
}

SendFailure StoppedExchange(StopReason reason, Phase phase, bool sent) {
  if (reason == StopReason::kCancelled) return {FailureKind::kCancelled, phase, sent, "the caller left"};
  return {FailureKind::kDeadline, phase, sent, "the deadline came"};
}

SendFailure LostExchange(const Connection::Write& write, const Connection::Fault& fault, bool started,
                         const Connection::ErrorCode& read_error) {
  const Phase phase = PhaseOf(write, started);
  const bool sent = write.bytes > 0;
  if (fault.certificate_refused && !started) return {FailureKind::kTlsAlert, phase, sent, fault.words};
  if (!fault.words.empty()) {
    return {FailureKind::kLost, phase, sent, "the connection was lost: " + fault.words};
  }
  // A write that was only given up says nothing about the cause.
  const bool by_write = write.error && write.error != boost::asio::error::operation_aborted && !started;
  const Connection::ErrorCode& cause = by_write ? write.error : read_error;
  return {FailureKind::kLost, phase, sent, "the connection was lost: " + cause.message()};
}

}  // namespace session_gateway
