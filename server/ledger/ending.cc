#include "server/ledger/ending.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>
#include <cstdint>
#include <utility>

#include "server/ledger/ending_record.pb.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr std::uint32_t kVersion = 1;
// A response that is larger is not kept; a repeat is told that it was done, and the id.
constexpr std::size_t kResponseBytesMax = 1024 * 1024;
constexpr int kCodeMax = static_cast<int>(absl::StatusCode::kUnauthenticated);
constexpr std::size_t kFieldHeadBytesMax = 10;  // a tag and a length

template <typename Enum>
std::optional<Enum> Named(std::string_view name, std::string_view (*name_of)(Enum), Enum last) {
  for (int value = 0; value <= static_cast<int>(last); ++value) {
    if (name_of(static_cast<Enum>(value)) == name) return static_cast<Enum>(value);
  }
  return std::nullopt;
}

// Adds the field to a record that is written already, so that a response is copied once.
std::string WithResponse(std::string record, const std::string& response) {
  std::array<std::uint8_t, kFieldHeadBytesMax> head = {};
  std::uint8_t* end = CodedOutputStream::WriteTagToArray(
      WireFormatLite::MakeTag(sessiongateway::ledger::EndingRecord::kResponseFieldNumber,
                              WireFormatLite::WIRETYPE_LENGTH_DELIMITED),
      head.data());
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(response.size()), end);
  record.reserve(record.size() + head.size() + response.size());
  record.append(head.data(), end).append(response);
  return record;
}

std::optional<RpcError> ReadFailure(Upstream upstream, const sessiongateway::ledger::Failure& failure) {
  const auto outcome = Named(failure.outcome(), OutcomeName, Outcome::kUnknown);
  const auto phase = Named(failure.phase(), PhaseName, Phase::kParse);
  const auto reason = Named(failure.reason(), ReasonName, Reason::kLedgerUnavailable);
  if (!outcome || !phase || !reason) return std::nullopt;
  // What is kept, and nothing else: a record must not make anybody repeat what may have happened.
  if (*outcome != Outcome::kDone && *outcome != Outcome::kUnknown) return std::nullopt;
  if (failure.code() <= static_cast<int>(absl::StatusCode::kOk) || failure.code() > kCodeMax ||
      failure.code() == static_cast<int>(absl::StatusCode::kUnavailable)) {
    return std::nullopt;
  }
  RpcError error = MakeError(upstream, static_cast<absl::StatusCode>(failure.code()), *reason, *outcome,
                             *phase, failure.message());
  error.http_status = failure.http_status();
  error.created_id = failure.created_id();
  return error;
}

}  // namespace

Outcome OutcomeOf(const CreateEnd& end) { return end.error ? end.error->outcome : Outcome::kDone; }

bool IsRemembered(const CreateEnd& end) {
  const Outcome outcome = OutcomeOf(end);
  return outcome == Outcome::kDone || outcome == Outcome::kUnknown;
}

std::string EndingRecord(std::string_view method, const CreateEnd& end) {
  sessiongateway::ledger::EndingRecord record;
  record.set_version(kVersion);
  record.set_method(std::string(method));
  if (!end.error && end.response.size() <= kResponseBytesMax) {
    return WithResponse(record.SerializeAsString(), end.response);
  }
  auto& failure = *record.mutable_failure();
  if (!end.error) {
    failure.set_code(static_cast<int>(absl::StatusCode::kInternal));
    failure.set_reason(std::string(ReasonName(Reason::kAnswerUnreadable)));
    failure.set_outcome(std::string(OutcomeName(Outcome::kDone)));
    failure.set_phase(std::string(PhaseName(Phase::kParse)));
    failure.set_message("it was created, but the answer was too large to be remembered");
    return record.SerializeAsString();
  }
  failure.set_code(static_cast<int>(end.error->code));
  failure.set_reason(std::string(ReasonName(end.error->reason)));
  failure.set_outcome(std::string(OutcomeName(end.error->outcome)));
  failure.set_phase(std::string(PhaseName(end.error->phase)));
  failure.set_message(end.error->message);
  failure.set_http_status(end.error->http_status);
  failure.set_created_id(end.error->created_id);
  return record.SerializeAsString();
}

CreateEnd ReadEnding(std::string_view method, Upstream upstream, const std::string& text) {
  sessiongateway::ledger::EndingRecord record;
  if (!record.ParseFromString(text) || record.version() == 0 || record.version() > kVersion ||
      record.method() != method) {
    return UnknownEnd(upstream, "its record is not one that this version of the gateway understands");
  }
  if (record.has_response()) {
    CreateEnd end;
    end.response = std::move(*record.mutable_response());
    return Replay(upstream, std::move(end));
  }
  auto error = ReadFailure(upstream, record.failure());
  if (!error) {
    return UnknownEnd(upstream, "its record is not one that this version of the gateway understands");
  }
  CreateEnd end;
  end.error = std::move(error);
  return Replay(upstream, std::move(end));
}

CreateEnd Replay(Upstream upstream, CreateEnd end) {
  if (OutcomeOf(end) == Outcome::kUnknown) {
    CreateEnd unknown = UnknownEnd(upstream, end.error->message);
    unknown.error->phase = end.error->phase;
    unknown.error->http_status = end.error->http_status;
    return unknown;
  }
  end.replayed = true;
  // The first caller's time ran out within the answer; this one's has not.
  if (end.error && end.error->reason == Reason::kDeadline && end.error->outcome == Outcome::kDone) {
    end.error->code = absl::StatusCode::kInternal;
    end.error->reason = Reason::kAnswerUnreadable;
  }
  return end;
}

CreateEnd UnknownEnd(Upstream upstream, std::string_view detail) {
  const std::string message =
      "it is not known what became of the first call with this request_id: " + std::string(detail);
  CreateEnd end;
  end.error = MakeError(upstream, absl::StatusCode::kUnknown, Reason::kOutcomeUnknown, Outcome::kUnknown,
                        Phase::kWait, std::string(CutUtf8(message, kMessageBytesMax)));
  end.replayed = true;
  return end;
}

}  // namespace session_gateway
