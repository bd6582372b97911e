// Status, headers and body of an answer -> the error of a call.
//
// Input: a byte of choices, two bytes for the status, lines `name: value` up to an empty one, then the body.
#include <cstdint>

#include "tests/fuzz/answer_oracle.h"
#include "tests/fuzz/invariant.h"
#include "translator/given_away_id.h"
#include "translator/upstream_status.h"

namespace session_gateway::fuzzing {
namespace {

constexpr std::uint8_t kQlik = 1;
constexpr std::uint8_t kCallersCredential = 2;
constexpr int kBodyStateShift = 2;
constexpr std::size_t kHeadBytes = 3;

HttpReply Decode(std::string_view data) {
  HttpReply reply;
  const int low = static_cast<std::uint8_t>(data[1]);
  const int high = static_cast<std::uint8_t>(data[2]);
  reply.status = 200 + (low + 256 * high) % 400;
  reply.secrets = Canaries();
  reply.body_state = static_cast<BodyState>((static_cast<std::uint8_t>(data[0]) >> kBodyStateShift) % 5);
  data.remove_prefix(kHeadBytes);
  while (!data.empty()) {
    const std::size_t end = data.find('\n');
    const std::string_view line = data.substr(0, end);
    data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    reply.headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
  }
  reply.body = data;
  return reply;
}

void Fuzz(std::uint8_t choices, const HttpReply& reply) {
  const Upstream upstream = (choices & kQlik) != 0 ? Upstream::kQlik : Upstream::kSymphony;
  const CredentialOwner owner =
      (choices & kCallersCredential) != 0 ? CredentialOwner::kCaller : CredentialOwner::kGateway;
  Require(IsHtml(reply) == SaysHtml(reply), "HTML is what says so");
  RequireErrorOfStatus(ErrorFromStatus(upstream, owner, reply), upstream, owner, reply);

  const char* id_member = upstream == Upstream::kQlik ? "id" : "sessionId";
  if (const auto error = ErrorFromSuccess(upstream, id_member, reply)) {
    RequireErrorOfSuccess(*error, reply);
  } else {
    Require(reply.body_state == BodyState::kWhole && !SaysHtml(reply), "what is not whole is an error");
  }
  const RpcError unreadable = UnreadableAnswer(upstream, id_member, "is not JSON", reply);
  RequireSoundError(unreadable);
  RequireNoSecret(unreadable, reply);
}

}  // namespace
}  // namespace session_gateway::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzzing = session_gateway::fuzzing;
  if (size < fuzzing::kHeadBytes) return 0;
  fuzzing::Fuzz(data[0], fuzzing::Decode({reinterpret_cast<const char*>(data), size}));
  return 0;
}
