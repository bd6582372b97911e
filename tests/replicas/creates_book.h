// What callers of several gateways were told about each request_id, against what the upstream has made for
// it.
//
// Thread rule: any thread. Never here: a call that is repeated by itself, but for AskUntilTold.
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <mutex>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tests/exchange/rpc_text.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway {

using Callee = std::shared_ptr<grpc::Channel>;

// One answer.
struct Told {
  bool ok = false;
  bool heard = true;  // else the gateway died, or the caller's own timer was faster
  std::string code;
  std::string reason;
  std::string outcome;
  std::string made;  // the id of what was created
  bool replayed = false;
  std::string text;  // all of it

  // `OK`, `OK replayed`, `UNKNOWN OUTCOME_UNKNOWN unknown`, or `unheard`.
  std::string Row() const;
};
std::ostream& operator<<(std::ostream& out, const Told& told);

inline constexpr std::chrono::milliseconds kCallPatience = std::chrono::seconds(30);

class CreatesBook {
 public:
  CreatesBook(SandboxUpstream upstream, std::uint64_t seed);

  std::string NewRequestId();

  // Another `content` is another request.
  Told Call(const Callee& callee, const std::string& request_id, std::chrono::milliseconds deadline,
            const std::string& content);
  Told Call(const Callee& callee, const std::string& request_id);
  // A call that may not be repeated.
  Told CallWithoutId(const Callee& callee);
  std::future<Told> Start(const Callee& callee, const std::string& request_id);
  // Again and again while nothing is sent or heard, as a client does: the last word.
  Told AskUntilTold(const Callee& callee, const std::string& request_id);

  // For each request_id at most one session, the same in all answers, and none without an answer that said
  // so or left it open. Every request_id was told a word.
  void ExpectHonest(const Sandbox& sandbox) const;

  std::vector<std::string> request_ids() const;
  // How often each word was told, a line each.
  std::string Words() const;
  std::size_t distinct() const;
  std::size_t answers() const;  // that were heard

 private:
  // `name` is what the upstream's row will have, a request_id or not.
  std::string Request(const std::string& name, const std::string& content) const;
  RpcResult Send(const Callee& callee, const std::string& request, std::chrono::milliseconds deadline) const;
  std::map<std::string, std::vector<std::string>> Made(const Sandbox& sandbox) const;
  Told Note(const std::string& request_id, Told told);

  const SandboxUpstream upstream_;
  mutable std::mutex mutex_;
  std::mt19937_64 random_;                         // guarded by mutex_
  std::map<std::string, std::vector<Told>> told_;  // by request_id; guarded by mutex_
  std::size_t answers_ = 0;                        // guarded by mutex_
};

}  // namespace session_gateway
