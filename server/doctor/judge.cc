#include "server/doctor/judge.h"

#include <cerrno>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "translator/error_text.h"
#include "translator/http_date.h"
#include "translator/upstream_status.h"

namespace session_gateway {
namespace {

constexpr std::chrono::seconds kSkewMax(60);

std::string SeenAnswer(const HttpReply& answer) {
  std::string seen = absl::StrCat("answered ", answer.status);
  if (const std::string* type = answer.FindHeader("content-type")) absl::StrAppend(&seen, ", ", *type);
  const std::string text = answer.status >= 400 ? ErrorText(answer) : std::string();
  if (!text.empty()) absl::StrAppend(&seen, ": ", text);
  return seen;
}

Step Failed(StepKind kind, std::string seen, Finding finding) {
  return {kind, StepStatus::kFailed, std::move(seen), finding};
}

// What a refusal of Qlik says in its own words. They differ between releases; the known ones are looked for.
std::optional<Finding> FindingOfQlikText(const HttpReply& answer) {
  const std::string text = absl::AsciiStrToLower(answer.body);
  if (absl::StrContains(text, "xsrf")) return Finding::kXsrfRefused;
  if (absl::StrContains(text, "inactive")) return Finding::kUserInactive;
  if (absl::StrContains(text, "x-qlik-user") || absl::StrContains(text, "unknown user") ||
      absl::StrContains(text, "malformed")) {
    return Finding::kMalformedUser;
  }
  if (absl::StrContains(text, "access pass")) return Finding::kNoAccessPass;
  if (absl::StrContains(text, "session") &&
      (absl::StrContains(text, "too many") || absl::StrContains(text, "parallel") ||
       absl::StrContains(text, "maximum"))) {
    return Finding::kTooManySessions;
  }
  return std::nullopt;
}

Finding FindingOfStatus(Upstream upstream, Finding unauthorized, const HttpReply& answer) {
  if (upstream == Upstream::kQlik && answer.status >= 400) {
    if (const auto finding = FindingOfQlikText(answer)) return *finding;
  }
  if (answer.status >= 300 && answer.status < 400) return Finding::kNotLoggedOn;
  switch (answer.status) {
    case 401:
      return unauthorized;
    case 403:
      return Finding::kNoRight;
    case 404:
    case 405:
      return Finding::kWrongPath;
    case 429:
      return Finding::kTooManyRequests;
    default:
      return answer.status >= 500 ? Finding::kServerError : Finding::kNotThisApi;
  }
}

bool SaysLocked(const HttpReply& answer) {
  return absl::StrContains(absl::AsciiStrToLower(answer.body), "locked");
}

bool SaysJson(const HttpReply& answer) {
  const std::size_t first = answer.body.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string::npos && (answer.body[first] == '{' || answer.body[first] == '[');
}

}  // namespace

Finding FindingOfFailure(const SendFailure& failure) {
  const bool late = failure.kind == FailureKind::kDeadline || failure.system_error == ETIMEDOUT;
  switch (failure.phase) {
    case Phase::kResolve:
      return Finding::kUnknownHost;
    case Phase::kConnect:
      if (failure.system_error == ECONNREFUSED) return Finding::kConnectionRefused;
      return late ? Finding::kConnectionTimedOut : Finding::kConnectionFailed;
    case Phase::kHandshake:
      return failure.kind == FailureKind::kTlsAlert ? Finding::kClientCertificateRefused
                                                    : Finding::kTlsFailed;
    case Phase::kValidate:
    case Phase::kQueue:
    case Phase::kLogon:
    case Phase::kSend:
    case Phase::kWait:
    case Phase::kReceive:
    case Phase::kParse:
      break;
  }
  if (failure.kind == FailureKind::kTlsAlert) return Finding::kClientCertificateRefused;
  return failure.kind == FailureKind::kMalformed ? Finding::kNotThisApi : Finding::kNoAnswer;
}

Step JudgeLogon(Upstream upstream, const HttpReply* answer, const SendFailure* failure) {
  constexpr StepKind kKind = StepKind::kLogon;
  if (answer == nullptr) {
    const Finding finding = failure == nullptr ? Finding::kNoAnswer : FindingOfFailure(*failure);
    return Failed(kKind, failure == nullptr ? "no answer" : failure->detail, finding);
  }
  const std::string seen = SeenAnswer(*answer);
  if (failure == nullptr) return {kKind, StepStatus::kOk, seen};
  if (upstream == Upstream::kQlik && answer->status >= 400) {
    if (const auto finding = FindingOfQlikText(*answer)) return Failed(kKind, seen, *finding);
  }
  if (answer->status == 404 || answer->status == 405) return Failed(kKind, seen, Finding::kNoLogonPath);
  if (IsHtml(*answer) || (answer->status >= 300 && answer->status < 400)) {
    return Failed(kKind, seen, Finding::kLogonPage);
  }
  switch (answer->status) {
    case 200:
      return Failed(kKind, absl::StrCat(seen, "; ", failure->detail), Finding::kNoLogonCookie);
    case 400:
    case 401:
      return Failed(kKind, seen, SaysLocked(*answer) ? Finding::kAccountLocked : Finding::kLogonRefused);
    case 403:
      // A proxy of Qlik knows the user by then.
      return Failed(kKind, seen, upstream == Upstream::kQlik ? Finding::kNoRight : Finding::kAccountLocked);
    default:
      return Failed(kKind, seen, FindingOfStatus(upstream, Finding::kLogonRefused, *answer));
  }
}

Step JudgeRead(Upstream upstream, Finding unauthorized, const SendResult& result) {
  constexpr StepKind kKind = StepKind::kRead;
  if (const auto* failure = std::get_if<SendFailure>(&result)) {
    return Failed(kKind, failure->detail, FindingOfFailure(*failure));
  }
  const auto& answer = std::get<HttpReply>(result);
  const std::string seen = SeenAnswer(answer);
  if (answer.status != 200) return Failed(kKind, seen, FindingOfStatus(upstream, unauthorized, answer));
  if (IsHtml(answer)) return Failed(kKind, seen, Finding::kLogonPage);
  if (!SaysJson(answer)) return Failed(kKind, seen, Finding::kNotThisApi);
  return {kKind, StepStatus::kOk, seen};
}

Step JudgeRenewal(const SendResult& result) {
  constexpr StepKind kKind = StepKind::kRead;
  if (const auto* failure = std::get_if<SendFailure>(&result)) {
    return {kKind, StepStatus::kWarning, failure->detail, Finding::kRenewalFailed};
  }
  const auto& answer = std::get<HttpReply>(result);
  if (answer.status != 200 || IsHtml(answer)) {
    return {kKind, StepStatus::kWarning, "the renewal " + SeenAnswer(answer), Finding::kRenewalFailed};
  }
  return {kKind, StepStatus::kOk, "the renewal " + SeenAnswer(answer)};
}

Step JudgePresence(const SendResult& result, bool path_is_used) {
  constexpr StepKind kKind = StepKind::kRead;
  if (const auto* failure = std::get_if<SendFailure>(&result)) {
    return Failed(kKind, failure->detail, FindingOfFailure(*failure));
  }
  const auto& answer = std::get<HttpReply>(result);
  const std::string seen = "without a log-on it " + SeenAnswer(answer);
  if (IsHtml(answer) || (answer.status >= 300 && answer.status < 400)) {
    return Failed(kKind, seen, Finding::kLogonPage);
  }
  if (answer.status == 404 && path_is_used) return Failed(kKind, seen, Finding::kNoLogonPath);
  if (answer.status == 429 || answer.status >= 500) {
    return Failed(kKind, seen, FindingOfStatus(Upstream::kSymphony, Finding::kLogonRefused, answer));
  }
  return {kKind, StepStatus::kOk, seen};
}

Step JudgeClock(const HttpReply& answer, WallTime now) {
  constexpr StepKind kKind = StepKind::kClock;
  const std::string* date = answer.FindHeader("date");
  if (date == nullptr) return {kKind, StepStatus::kSkipped, "the server does not say its time"};
  const auto theirs = ParseHttpDate(*date);
  if (!theirs) return {kKind, StepStatus::kSkipped, "the server's time is not readable"};
  const auto skew =
      std::chrono::duration_cast<std::chrono::seconds>(now - WallTime(std::chrono::seconds(*theirs)));
  const auto size = std::chrono::abs(skew);
  if (size <= kSkewMax) return {kKind, StepStatus::kOk, absl::StrCat("differs by ", size.count(), " s")};
  return {kKind, StepStatus::kWarning,
          absl::StrCat("the server's clock is ", size.count(), " s ", skew.count() > 0 ? "behind" : "ahead"),
          Finding::kClockSkew};
}

}  // namespace session_gateway
