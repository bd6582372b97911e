#include "tests/chaos/chaos_expectation.h"

#include <algorithm>
#include <cctype>

namespace session_gateway {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kStatusAt = 9;  // behind `HTTP/1.1 `

std::size_t BodyBytes(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::string_view kName = "\r\ncontent-length: ";
  const std::size_t at = head.find(kName);
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + kName.size()));
}

}  // namespace

std::string DemandedRow(const ChaosConnection& connection, const ChaosMark& from) {
  if (connection.request.received <= from.request) return "UNAVAILABLE UPSTREAM_UNREACHABLE not_sent";
  const std::string answer =
      connection.answer.text.substr(std::min<std::size_t>(from.answer, connection.answer.text.size()));
  const std::size_t head = answer.find(kHeadEnd);
  if (head == std::string::npos) return "UNKNOWN OUTCOME_UNKNOWN unknown";
  const std::string status = answer.substr(kStatusAt, 3);
  // The sandbox's word for a request that ended in its middle.
  if (status == "400") return "INVALID_ARGUMENT UPSTREAM_REFUSED refused";
  if (status != "200" && status != "201") return "an answer that was not foreseen: " + status;
  const std::uint64_t body = connection.answer.forwarded - from.answer - head - kHeadEnd.size();
  return body >= BodyBytes(answer.substr(0, head + kHeadEnd.size())) ? "OK"
                                                                     : "INTERNAL ANSWER_UNREADABLE done";
}

}  // namespace session_gateway
