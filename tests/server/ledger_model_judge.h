// What must hold of the calls of the model, whatever is mixed with whatever. It knows what was created at the
// upstream, what callers were told, and what the store lost; the first thing that does not hold is the fault.
//
// A key has times: a new one begins when the store forgets the key since its retention is over. In one time
// - at most one session is created, and one more for each time that the store lost the entry;
// - what the store once took as done is told to all who come afterwards, with its id, unless it lost it.
//
// Thread rule: one thread. Never here: how calls, gateways and the store work.
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "server/ledger/ending.h"
#include "tests/server/virtual_time.h"

namespace session_gateway {

// One call, as its caller sees it.
struct JudgedCall {
  int gateway = 0;
  std::string key;
  char content = 0;
  TimePoint began = {};
  // When it began:
  int time = 0;
  std::size_t sessions = 0;  // of the key, but for those since the create that was on its way
  std::uint64_t departures = 0;
  bool on_its_way = false;  // a create of the key, at this gateway
  bool is_quiet = false;    // nothing was amiss with the gateway, and it had nothing to do with the key
  bool has_left = false;    // it was cancelled, or its time was over
  std::optional<std::string> settled = {};  // the id that it must be told
};

class LedgerJudge {
 public:
  // `can_ask`: the upstream is asked whether it has the session of a key.
  LedgerJudge(const Clock& clock, bool can_ask) : clock_(clock), began_(clock.Now()), can_ask_(can_ask) {}

  void OnBegin(JudgedCall& call);
  void OnTold(const JudgedCall& call, const CreateEnd& end, bool may_be_out_of_reach);
  // The end of a create that its caller did not wait for.
  void OnLateEnd(const JudgedCall& call, const CreateEnd& end);
  // Its gateway died, or it was given up for another reason: the caller knows nothing.
  void OnNothingTold(const JudgedCall& call);

  // How often the create was sent by the call's gateway.
  std::uint64_t Departures(const JudgedCall& call) {
    return keys_[call.key].roads[{call.gateway, call.content}].departures;
  }
  void OnDeparture(int gateway, const std::string& key, char content);
  // Returns the id of the session.
  std::string OnCreated(int gateway, const std::string& key, char content);
  // What the create that is on its way has made.
  std::string CreatedBy(int gateway, const std::string& key, char content);
  // The last create at this gateway is not on its way any more.
  void OnArrival(int gateway, const std::string& key, char content);

  // The upstream has deleted what it had of the key: nobody can come to know of it any more.
  void OnDeleted(const std::string& key);

  void OnRemembered(const std::string& key, const std::string& ending);
  void OnForgotten(const std::string& key);
  void OnLost(const std::string& key);
  bool WasLost(const std::string& key) { return keys_[key].losses > 0; }
  bool WasLostWithin(const std::string& key, Duration time) {
    return WasLost(key) && clock_.Now() - keys_[key].lost_at <= time;
  }

  // Nobody waits any more: every session is known to somebody.
  void OnAllTold();

  void Fail(const std::string& text);
  // A seed that is played again tells its story.
  void Tell(std::ostream& story) { story_ = &story; }
  template <typename... Parts>
  void Note(const std::string& key, const Parts&... parts) {
    if (story_ == nullptr) return;
    *story_ << Seconds() << ' ' << key;
    ((*story_ << ' ' << parts), ...);
    *story_ << '\n';
  }
  const std::optional<std::string>& fault() const { return fault_; }
  // How often each kind of end was told, and each event seen.
  std::map<std::string, std::int64_t>& seen() { return seen_; }
  std::int64_t sessions() const { return sessions_; }
  // Creates beyond the first, where the store had lost an entry.
  std::int64_t doubles() const { return doubles_; }

 private:
  struct Session {
    std::string id;
    char content = 0;
    int gateway = 0;
    bool was_told_done = false;  // to the caller whose exchange made it
    bool is_known = false;       // to somebody: done, or not known
  };
  struct Road {  // from one gateway, of one key and content
    std::uint64_t departures = 0;
    bool on_its_way = false;
    std::optional<std::size_t> session;  // which that made that is on its way
  };
  struct Key {
    int time = 0;
    int creates = 0;  // in this time
    int losses = 0;
    TimePoint lost_at = {};
    std::optional<std::string> settled;  // the id of what the store took as done in this time
    std::vector<Session> sessions;
    std::map<std::pair<int, char>, Road> roads;
  };

  double Seconds() const { return std::chrono::duration<double>(clock_.Now() - began_).count(); }
  // Made by an exchange that the call may have waited for.
  static bool IsOf(const Session& session, const JudgedCall& call) {
    return session.gateway == call.gateway && session.content == call.content;
  }
  void CheckDone(const JudgedCall& call, const CreateEnd& end);
  void CheckError(const JudgedCall& call, const RpcError& error, bool may_be_out_of_reach);
  void CheckSettled(const JudgedCall& call, const CreateEnd& end);
  void MarkKnown(const JudgedCall& call);
  Session* Find(Key& key, const std::string& id);

  const Clock& clock_;
  const TimePoint began_;
  const bool can_ask_;
  std::map<std::string, Key> keys_;
  std::optional<std::string> fault_;
  std::ostream* story_ = nullptr;
  std::map<std::string, std::int64_t> seen_;
  std::int64_t sessions_ = 0;
  std::int64_t doubles_ = 0;
};

}  // namespace session_gateway
