#include "tests/fuzz/answer_oracle.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <set>
#include <vector>

#include "tests/fuzz/invariant.h"

namespace session_gateway::fuzzing {
namespace {

using absl::StatusCode;

struct Row {
  StatusCode code;
  Reason reason;
  Outcome outcome;
};

struct Range {
  int first;
  int last;
  Row row;
};

// The first that holds the status counts.
const Range kTable[] = {
    {100, 299, {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kUnknown}},
    {400, 400, {StatusCode::kInvalidArgument, Reason::kUpstreamRefused, Outcome::kRefused}},
    {422, 422, {StatusCode::kInvalidArgument, Reason::kUpstreamRefused, Outcome::kRefused}},
    {403, 403, {StatusCode::kPermissionDenied, Reason::kUpstreamRefused, Outcome::kRefused}},
    {404, 404, {StatusCode::kNotFound, Reason::kUpstreamRefused, Outcome::kRefused}},
    {405, 406, {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kRefused}},
    {415, 415, {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kRefused}},
    {409, 409, {StatusCode::kAlreadyExists, Reason::kUpstreamRefused, Outcome::kRefused}},
    {413, 413, {StatusCode::kResourceExhausted, Reason::kUpstreamRefused, Outcome::kRefused}},
    {429, 429, {StatusCode::kResourceExhausted, Reason::kUpstreamRefused, Outcome::kRefused}},
    {408, 408, {StatusCode::kUnknown, Reason::kUpstreamFailed, Outcome::kUnknown}},
    {402, 499, {StatusCode::kFailedPrecondition, Reason::kUpstreamRefused, Outcome::kRefused}},
    {501, 501, {StatusCode::kUnimplemented, Reason::kUpstreamRefused, Outcome::kRefused}},
    {500, 500, {StatusCode::kInternal, Reason::kUpstreamFailed, Outcome::kUnknown}},
    {502, 599, {StatusCode::kUnknown, Reason::kUpstreamFailed, Outcome::kUnknown}},
};

Row ExpectedRow(Upstream upstream, CredentialOwner owner, const HttpReply& reply) {
  if (reply.status == 401 || reply.status / 100 == 3) {
    if (owner == CredentialOwner::kCaller)
      return {StatusCode::kUnauthenticated, Reason::kUpstreamRefused, Outcome::kRefused};
    return {StatusCode::kInternal, Reason::kLogonRefused, Outcome::kRefused};
  }
  const bool xsrf = reply.body.find("XSRF") != std::string::npos;
  if (upstream == Upstream::kQlik && reply.status == 403 && xsrf)
    return {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kRefused};
  const auto* const range = std::find_if(std::begin(kTable), std::end(kTable), [&](const Range& one) {
    return reply.status >= one.first && reply.status <= one.last;
  });
  Require(range != std::end(kTable), "every status has a row", std::to_string(reply.status));
  return range->row;
}

void RequireRow(const RpcError& error, const Row& row) {
  Require(error.code == row.code, "the code is the table's", absl::StatusCodeToString(error.code));
  Require(error.reason == row.reason, "the reason is the table's", ReasonName(error.reason));
  Require(error.outcome == row.outcome, "the outcome is the table's", OutcomeName(error.outcome));
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

std::string Trim(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\v\f\r\n");
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(" \t\v\f\r\n") + 1 - first);
}

// `Sun, 06 Nov 1994 08:49:37 GMT`: what the C library makes of the fields must read the same again.
std::optional<std::int64_t> SecondsOfDate(const std::string& text) {
  static const std::set<std::string> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  if (text.size() != 29 || kDays.count(text.substr(0, 3)) == 0) return std::nullopt;
  std::string normal = text;
  const bool leap = text.substr(22) == ":60 GMT";  // which the C library moves into the next minute
  if (leap) normal.replace(23, 2, "59");
  std::tm fields{};
  if (strptime(normal.c_str() + 5, "%d %b %Y %H:%M:%S GMT", &fields) == nullptr) return std::nullopt;
  const std::time_t seconds = timegm(&fields);
  std::tm again{};
  gmtime_r(&seconds, &again);
  std::string year = std::to_string(again.tm_year + 1900);
  year.insert(0, 4 - std::min<std::size_t>(4, year.size()), '0');
  char written[64] = {};
  strftime(written, sizeof written, ("%d %b " + year + " %H:%M:%S GMT").c_str(), &again);
  if (normal.substr(4) != " " + std::string(written) || text[3] != ',') return std::nullopt;
  return seconds + (leap ? 1 : 0);
}

}  // namespace

bool SaysHtml(const HttpReply& reply) {
  for (const HttpHeader& header : reply.headers) {
    if (header.name != "content-type") continue;
    std::string rest = Lower(header.value) + ",";
    for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
      const std::string element = rest.substr(0, comma);
      const std::string type = Trim(element.substr(0, element.find(';')));
      if (type == "text/html" || type == "application/xhtml+xml") return true;
      rest.erase(0, comma + 1);
    }
  }
  return false;
}

std::optional<std::int64_t> ExpectedDelay(const HttpReply& reply) {
  const std::string* header = reply.FindHeader("retry-after");
  if (header == nullptr) return std::nullopt;
  std::optional<std::int64_t> seconds = SecondsOfDate(*header);
  if (seconds) {
    const std::string* date = reply.FindHeader("date");
    const std::optional<std::int64_t> now = date == nullptr ? std::nullopt : SecondsOfDate(*date);
    if (!now) return std::nullopt;
    seconds = std::max<std::int64_t>(0, *seconds - *now);
  } else {
    const std::string number = Trim(*header);
    char* end = nullptr;
    errno = 0;
    seconds = std::strtoll(number.c_str(), &end, 10);
    if (number.empty() || end != number.c_str() + number.size() || errno != 0) return std::nullopt;
  }
  return *seconds >= 0 && *seconds <= kDaySeconds ? seconds : std::nullopt;
}

void RequireNoSecret(const RpcError& error, const HttpReply& reply) {
  Require(!ShowsSecret(error.message, reply.secrets), "no secret is in the message", error.message);
  Require(!ShowsSecret(error.created_id, reply.secrets), "no secret is in the id", error.created_id);
  Require(!ShowsSecret(SerializeDetails(error), reply.secrets), "no secret is in the details");
}

void RequireErrorOfStatus(const RpcError& error, Upstream upstream, CredentialOwner owner,
                          const HttpReply& reply) {
  RequireSoundError(error);
  RequireRow(error, ExpectedRow(upstream, owner, reply));
  Require(error.outcome == Outcome::kRefused || error.outcome == Outcome::kUnknown,
          "an answer outside the success set is neither done nor not_sent");
  Require(error.phase == Phase::kReceive && error.http_status == reply.status, "the status is the answer's");
  const std::string lead = std::string(upstream == Upstream::kQlik ? "Qlik" : "Symphony") + " answered " +
                           std::to_string(reply.status);
  Require(error.message.compare(0, lead.size(), lead) == 0, "the message begins with the status",
          error.message);
  Require(error.message.size() <= lead.size() + 2 + kShownTextBytesMax, "the upstream's text has its bound");
  const bool may_wait = reply.status == 413 || reply.status == 429;
  Require(error.retry_after_seconds == (may_wait ? ExpectedDelay(reply) : std::nullopt),
          "the delay is the answer's");
  RequireNoSecret(error, reply);
}

void RequireErrorOfSuccess(const RpcError& error, const HttpReply& reply) {
  RequireSoundError(error);
  Require(error.http_status == reply.status, "the status is the answer's");
  RequireNoSecret(error, reply);
  if (SaysHtml(reply)) {
    RequireRow(error, {StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kUnknown});
    return;
  }
  const bool late = reply.body_state == BodyState::kDeadline;
  RequireRow(error, {late ? StatusCode::kDeadlineExceeded : StatusCode::kInternal,
                     late ? Reason::kDeadline : Reason::kAnswerUnreadable, Outcome::kDone});
  Require(error.created_id.find("***") != std::string::npos ||
              reply.body.find(error.created_id) != std::string::npos,
          "the id is the answer's", error.created_id);
}

namespace {

std::optional<std::string> Unchunked(std::string_view bytes) {
  std::string body;
  for (;;) {
    const std::size_t line = bytes.find("\r\n");
    if (line == std::string_view::npos) return std::nullopt;
    const unsigned long long size = std::strtoull(std::string(bytes.substr(0, line)).c_str(), nullptr, 16);
    bytes.remove_prefix(line + 2);
    if (size == 0) break;
    if (bytes.size() < 2 || size > bytes.size() - 2 || bytes.substr(size, 2) != "\r\n") return std::nullopt;
    body += bytes.substr(0, size);
    bytes.remove_prefix(size + 2);
  }
  // The trailers and their empty line.
  if (bytes.substr(0, 2) == "\r\n" || bytes.find("\r\n\r\n") != std::string_view::npos) return body;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> FramedBody(std::string_view bytes, const HttpReply& reply, bool ended) {
  for (int status = 100; status < 200;) {
    status = std::atoi(std::string(bytes.substr(9, 3)).c_str());
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    bytes.remove_prefix(end + 4);
    if (status >= 200 && status != reply.status) return std::nullopt;
  }
  if (reply.status == 204 || reply.status == 304) return "";
  if (const std::string* coding = reply.FindHeader("transfer-encoding")) {
    return Lower(Trim(*coding)) == "chunked" ? Unchunked(bytes) : std::nullopt;
  }
  if (const std::string* length = reply.FindHeader("content-length")) {
    const std::string digits = Trim(*length);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    const unsigned long long size = std::strtoull(digits.c_str(), nullptr, 10);
    if (size > bytes.size()) return std::nullopt;
    return std::string(bytes.substr(0, size));
  }
  return ended ? std::optional(std::string(bytes)) : std::nullopt;
}

}  // namespace session_gateway::fuzzing
