#include "server/upstream/logon_answer.h"

#include <utility>

#include "translator/upstream_status.h"

namespace session_gateway {
namespace {

SendFailure Failure(FailureKind kind, std::string detail, int http_status = 0) {
  return {kind, Phase::kLogon, false, std::move(detail), http_status};
}

FailureKind KindFor(FailureKind kind) {
  switch (kind) {
    case FailureKind::kUnreachable:
    case FailureKind::kLost:
    case FailureKind::kDeadline:
    case FailureKind::kCancelled:
      return FailureKind::kUnreachable;
    case FailureKind::kTls:
    case FailureKind::kTlsAlert:
      // The alert came to the log-on: of the create no byte has left.
      return FailureKind::kTls;
    case FailureKind::kOverloaded:
      return FailureKind::kOverloaded;
    case FailureKind::kLogonRefused:
    case FailureKind::kLogonContract:
    case FailureKind::kMalformed:
    case FailureKind::kRefusedText:
      break;
  }
  return FailureKind::kLogonContract;
}

SendFailure FromFailure(const SendFailure& failure) {
  if (failure.kind == FailureKind::kDeadline) {
    return Failure(FailureKind::kUnreachable, "the log-on was not answered in time");
  }
  return Failure(KindFor(failure.kind), "log-on: " + failure.detail, failure.http_status);
}

std::optional<SendFailure> FromStatus(int status) {
  const std::string number = std::to_string(status);
  if (status == 401 || status == 403) {
    return Failure(FailureKind::kLogonRefused, "the log-on was refused with status " + number, status);
  }
  if (status == 408 || status == 429 || status >= 500) {
    return Failure(FailureKind::kUnreachable, "the log-on failed with status " + number, status);
  }
  if (status < 200 || status >= 300) {
    return Failure(FailureKind::kLogonContract, "the log-on was answered with status " + number, status);
  }
  return std::nullopt;
}

// What keeps a success answer from being read.
std::optional<SendFailure> FromForm(const HttpReply& reply) {
  const auto contract = [&reply](std::string detail) {
    return Failure(FailureKind::kLogonContract, std::move(detail), reply.status);
  };
  if (IsHtml(reply)) return contract("the log-on was answered with an HTML page");
  switch (reply.body_state) {
    case BodyState::kWhole:
      break;
    case BodyState::kCut:
      return Failure(FailureKind::kUnreachable, "the answer to the log-on was cut off", reply.status);
    case BodyState::kDeadline:
      return Failure(FailureKind::kUnreachable, "the answer to the log-on did not end in time", reply.status);
    case BodyState::kMalformed:
    case BodyState::kTooLarge:
      return contract("the answer to the log-on is malformed or too large");
  }
  if (IsEncoded(reply)) return contract("the answer to the log-on is encoded, which was not asked for");
  return std::nullopt;
}

}  // namespace

LogonOutcome ReadLogonAnswer(SendResult& result, const LogonProtocol& protocol) {
  if (const auto* failure = std::get_if<SendFailure>(&result)) return FromFailure(*failure);
  auto& reply = std::get<HttpReply>(result);
  if (auto failure = FromStatus(reply.status)) return *std::move(failure);
  if (auto failure = FromForm(reply)) return *std::move(failure);
  auto read = protocol.ReadState(reply);
  if (auto* problem = std::get_if<std::string>(&read)) {
    return Failure(FailureKind::kLogonContract, "the answer to the log-on " + *problem, reply.status);
  }
  return std::get<LogonState>(std::move(read));
}

bool IsPage(const HttpReply& reply) { return reply.status >= 200 && reply.status < 300 && IsHtml(reply); }

bool MayChangeLogon(const HttpReply& reply) {
  return IsPage(reply) || reply.FindHeader("set-cookie") != nullptr;
}

}  // namespace session_gateway
