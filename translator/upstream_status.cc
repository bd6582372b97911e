#include "translator/upstream_status.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "translator/error_text.h"
#include "translator/given_away_id.h"
#include "translator/retry_after.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

using absl::StatusCode;

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

std::string_view Title(Upstream upstream) { return upstream == Upstream::kSymphony ? "Symphony" : "Qlik"; }

struct StatusRow {
  StatusCode code;
  Reason reason;
  Outcome outcome;
};

// An error that an HTTP answer is the cause of.
RpcError MakeHttpError(Upstream upstream, StatusRow row, Phase phase, int http_status, std::string message) {
  RpcError error = MakeError(upstream, row.code, row.reason, row.outcome, phase, std::move(message));
  error.http_status = http_status;
  return error;
}

StatusRow RowForClientError(int status) {
  switch (status) {
    case 400:
    case 422:
      return {StatusCode::kInvalidArgument, Reason::kUpstreamRefused, Outcome::kRefused};
    case 403:
      return {StatusCode::kPermissionDenied, Reason::kUpstreamRefused, Outcome::kRefused};
    case 404:
      return {StatusCode::kNotFound, Reason::kUpstreamRefused, Outcome::kRefused};
    case 405:
    case 406:
    case 415:
      return {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kRefused};
    case 408:
      return {StatusCode::kUnknown, Reason::kUpstreamFailed, Outcome::kUnknown};
    case 409:
      return {StatusCode::kAlreadyExists, Reason::kUpstreamRefused, Outcome::kRefused};
    case 413:
    case 429:
      return {StatusCode::kResourceExhausted, Reason::kUpstreamRefused, Outcome::kRefused};
    default:
      return {StatusCode::kFailedPrecondition, Reason::kUpstreamRefused, Outcome::kRefused};
  }
}

StatusRow RowFor(CredentialOwner owner, int status) {
  if (status == 401 || (status >= 300 && status < 400)) {
    return owner == CredentialOwner::kGateway
               ? StatusRow{StatusCode::kInternal, Reason::kLogonRefused, Outcome::kRefused}
               : StatusRow{StatusCode::kUnauthenticated, Reason::kUpstreamRefused, Outcome::kRefused};
  }
  if (status >= 400 && status < 500) return RowForClientError(status);
  if (status == 500) return {StatusCode::kInternal, Reason::kUpstreamFailed, Outcome::kUnknown};
  if (status == 501) return {StatusCode::kUnimplemented, Reason::kUpstreamRefused, Outcome::kRefused};
  if (status > 500) return {StatusCode::kUnknown, Reason::kUpstreamFailed, Outcome::kUnknown};
  // Another 2xx, or a 1xx that is no informational answer.
  return {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kUnknown};
}

// The Xrfkey pair is made by the gateway: a refusal of it is no lack of rights.
bool IsXsrfRefusal(Upstream upstream, const HttpReply& reply) {
  return upstream == Upstream::kQlik && reply.status == 403 && absl::StrContains(reply.body, "XSRF");
}

// Whether any header of that name holds an element for which `matches`; a name may come twice, and a list has
// commas.
template <typename Matches>
bool AnyHeaderElement(const HttpReply& reply, std::string_view name, Matches&& matches) {
  for (const HttpHeader& header : reply.headers) {
    if (header.name != name) continue;
    for (absl::string_view element : absl::StrSplit(header.value, ',')) {
      if (matches(absl::AsciiStrToLower(absl::StripAsciiWhitespace(element)))) return true;
    }
  }
  return false;
}

}  // namespace

bool AsksForLogon(const HttpReply& reply) {
  return reply.status == 401 || (reply.status >= 300 && reply.status < 400);
}

bool IsHtml(const HttpReply& reply) {
  return AnyHeaderElement(reply, "content-type", [](const std::string& type) {
    const absl::string_view essence =
        absl::StripAsciiWhitespace(absl::string_view(type).substr(0, type.find(';')));
    return essence == "text/html" || essence == "application/xhtml+xml";
  });
}

RpcError ErrorFromStatus(Upstream upstream, CredentialOwner owner, const HttpReply& reply) {
  StatusRow row = RowFor(owner, reply.status);
  if (IsXsrfRefusal(upstream, reply))
    row = {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kRefused};
  std::string message = absl::StrCat(ToAbsl(Title(upstream)), " answered ", reply.status);
  const std::string text = IsEncoded(reply) ? std::string() : ErrorText(reply);
  if (!text.empty()) absl::StrAppend(&message, ": ", text);
  RpcError error = MakeHttpError(upstream, row, Phase::kReceive, reply.status, std::move(message));
  if (reply.status == 413 || reply.status == 429) error.retry_after_seconds = RetryAfter(reply);
  return error;
}

namespace {

Outcome OutcomeOf(const SendFailure& failure) {
  if (failure.kind == FailureKind::kTlsAlert) return Outcome::kRefused;
  if (failure.sent) return Outcome::kUnknown;
  return failure.refused_before ? Outcome::kRefused : Outcome::kNotSent;
}

}  // namespace

RpcError ErrorFromFailure(Upstream upstream, const SendFailure& failure) {
  const Outcome outcome = OutcomeOf(failure);
  const auto make = [&](StatusCode code, Reason reason) {
    const std::string message = absl::StrCat(ToAbsl(Title(upstream)), ": ", failure.detail);
    return MakeHttpError(upstream, {code, reason, outcome}, failure.phase, failure.http_status,
                         std::string(CutUtf8(message, kMessageBytesMax)));
  };
  switch (failure.kind) {
    case FailureKind::kUnreachable:
    case FailureKind::kLost:
      if (failure.sent) return make(StatusCode::kUnknown, Reason::kOutcomeUnknown);
      // UNAVAILABLE only while nothing was sent: before the first byte a lost connection is as good as none.
      return make(failure.refused_before ? StatusCode::kInternal : StatusCode::kUnavailable,
                  Reason::kUpstreamUnreachable);
    case FailureKind::kTls:
    case FailureKind::kTlsAlert:
      return make(StatusCode::kInternal, Reason::kUpstreamTls);
    case FailureKind::kLogonRefused:
      return make(StatusCode::kInternal, Reason::kLogonRefused);
    case FailureKind::kLogonContract:
      return make(StatusCode::kInternal, Reason::kUpstreamContract);
    case FailureKind::kMalformed:
      return make(StatusCode::kInternal, Reason::kUpstreamContract);
    case FailureKind::kDeadline:
      return make(StatusCode::kDeadlineExceeded, Reason::kDeadline);
    case FailureKind::kCancelled:
      // Nobody waits for it; but what is logged must not say CANCELLED of a create that may have happened.
      return failure.sent ? make(StatusCode::kUnknown, Reason::kOutcomeUnknown)
                          : make(StatusCode::kCancelled, Reason::kDeadline);
    case FailureKind::kRefusedText:
      return make(StatusCode::kInternal, Reason::kUpstreamContract);
    case FailureKind::kOverloaded:
      // A renewal that fails is nothing that the caller could wait for.
      return make(failure.refused_before && failure.phase == Phase::kLogon ? StatusCode::kInternal
                                                                           : StatusCode::kResourceExhausted,
                  Reason::kOverloaded);
  }
  return make(StatusCode::kInternal, Reason::kUpstreamFailed);
}

RpcError UnreadableAnswer(Upstream upstream, std::string_view id_member, std::string_view what,
                          const HttpReply& reply) {
  RpcError error = MakeHttpError(
      upstream, {StatusCode::kInternal, Reason::kAnswerUnreadable, Outcome::kDone}, Phase::kParse,
      reply.status, absl::StrCat(ToAbsl(Title(upstream)), " created it, but the answer ", ToAbsl(what)));
  error.created_id = FindGivenAwayId(reply.body, id_member, reply.secrets);
  return error;
}

bool IsEncoded(const HttpReply& reply) {
  return AnyHeaderElement(reply, "content-encoding",
                          [](const std::string& coding) { return !coding.empty() && coding != "identity"; });
}

std::optional<RpcError> ErrorFromSuccess(Upstream upstream, std::string_view id_member,
                                         const HttpReply& reply) {
  if (IsHtml(reply)) {
    return MakeHttpError(upstream, {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kUnknown},
                         Phase::kReceive, reply.status,
                         absl::StrCat(ToAbsl(Title(upstream)), " answered ", reply.status,
                                      " with an HTML page, as a log-on page would be"));
  }
  const auto received = [&](std::string_view what) {
    RpcError error = UnreadableAnswer(upstream, id_member, what, reply);
    error.phase = Phase::kReceive;
    return error;
  };
  switch (reply.body_state) {
    case BodyState::kCut:
      return received("was cut off");
    case BodyState::kMalformed:
      return received("has broken chunks");
    case BodyState::kTooLarge:
      return received("is larger than the limit");
    case BodyState::kDeadline: {
      RpcError error = received("did not end before the deadline");
      error.code = StatusCode::kDeadlineExceeded;
      error.reason = Reason::kDeadline;
      return error;
    }
    case BodyState::kWhole:
      break;
  }
  if (IsEncoded(reply)) {
    RpcError error = received("is encoded, which was not asked for");
    error.phase = Phase::kParse;
    error.created_id.clear();
    return error;
  }
  return std::nullopt;
}

}  // namespace session_gateway
