#include "tests/server/ledger_model_judge.h"

#include <algorithm>

namespace session_gateway {

namespace {

// The id that is told with an end that is done, whether its answer could be read or not.
std::optional<std::string> DoneId(const CreateEnd& end) {
  if (!end.error) return end.response;
  return end.error->outcome == Outcome::kDone ? std::optional(end.error->created_id) : std::nullopt;
}

}  // namespace

void LedgerJudge::Fail(const std::string& text) {
  if (!fault_) fault_ = text;
}

void LedgerJudge::OnBegin(JudgedCall& call) {
  Key& key = keys_[call.key];
  const Road& road = key.roads[{call.gateway, call.content}];
  call.began = clock_.Now();
  Note(call.key, "gateway", call.gateway, "is called with", call.content);
  call.time = key.time;
  call.on_its_way = road.on_its_way;
  call.departures = road.departures;
  call.sessions = road.on_its_way && road.session ? *road.session : key.sessions.size();
  if (call.is_quiet && key.losses == 0) call.settled = key.settled;
}

void LedgerJudge::OnDeparture(int gateway, const std::string& name, char content) {
  Key& key = keys_[name];
  for (const auto& [from, road] : key.roads) {
    if (from.first == gateway && road.on_its_way) Fail(name + " was sent twice at once by one gateway");
  }
  Note(name, "gateway", gateway, "sends", content);
  Road& road = key.roads[{gateway, content}];
  ++road.departures;
  road.on_its_way = true;
  road.session.reset();
}

std::string LedgerJudge::OnCreated(int gateway, const std::string& name, char content) {
  Key& key = keys_[name];
  key.roads[{gateway, content}].session = key.sessions.size();
  const std::string id = "session" + std::to_string(++sessions_);
  Note(name, "upstream makes", id);
  key.sessions.push_back({.id = id, .content = content, .gateway = gateway});
  ++key.creates;
  if (key.creates > 1) ++doubles_;
  if (key.creates > 1 + key.losses) {
    Fail(name + " was created " + std::to_string(key.creates) + " times, and lost " +
         std::to_string(key.losses) + " times");
  }
  return id;
}

std::string LedgerJudge::CreatedBy(int gateway, const std::string& name, char content) {
  Key& key = keys_[name];
  return key.sessions.at(*key.roads[{gateway, content}].session).id;
}

void LedgerJudge::OnArrival(int gateway, const std::string& key, char content) {
  keys_[key].roads[{gateway, content}].on_its_way = false;
}

void LedgerJudge::OnDeleted(const std::string& name) {
  Note(name, "upstream deletes it");
  for (Session& session : keys_[name].sessions) session.is_known = true;
}

void LedgerJudge::OnRemembered(const std::string& name, const std::string& ending) {
  Key& key = keys_[name];
  if (key.settled) return;
  const CreateEnd end = ReadEnding("Create", Upstream::kQlik, ending);
  key.settled = DoneId(end);
}

void LedgerJudge::OnForgotten(const std::string& name) {
  ++seen_["forgotten by age"];
  Note(name, "store forgets it");
  Key& key = keys_[name];
  ++key.time;
  key.creates = 0;
  key.losses = 0;
  key.settled.reset();
}

void LedgerJudge::OnLost(const std::string& name) {
  ++seen_["entry lost by the store"];
  Note(name, "store loses it");
  ++keys_[name].losses;
  keys_[name].lost_at = clock_.Now();
  keys_[name].settled.reset();
}

LedgerJudge::Session* LedgerJudge::Find(Key& key, const std::string& id) {
  const auto found = std::find_if(key.sessions.begin(), key.sessions.end(),
                                  [&id](const Session& session) { return session.id == id; });
  return found == key.sessions.end() ? nullptr : &*found;
}

void LedgerJudge::OnTold(const JudgedCall& call, const CreateEnd& end, bool may_be_out_of_reach) {
  Note(call.key, "gateway", call.gateway, "tells", call.content,
       end.error ? end.error->message : end.response, end.replayed ? "replayed" : "");
  CheckSettled(call, end);
  if (!end.error) {
    ++seen_[end.replayed ? "done, replayed" : "done"];
    return CheckDone(call, end);
  }
  ++seen_[std::string(ReasonName(end.error->reason)) + ' ' + std::string(OutcomeName(end.error->outcome))];
  if (end.error->outcome == Outcome::kDone) return CheckDone(call, end);
  CheckError(call, *end.error, may_be_out_of_reach);
}

void LedgerJudge::CheckDone(const JudgedCall& call, const CreateEnd& end) {
  Key& key = keys_[call.key];
  Session* const session = Find(key, *DoneId(end));
  if (session == nullptr) return Fail(call.key + " was told done, and no such session is there");
  // An upstream that is asked knows the id, not the content.
  const bool is_by_question = can_ask_ && end.replayed;
  if (session->content != call.content && !is_by_question) {
    return Fail(call.key + " was told of another content's session");
  }
  session->is_known = true;
  if (end.replayed || end.error) return;
  if (session->was_told_done) Fail(call.key + ": two callers were told that their own exchange made it");
  if (session->gateway != call.gateway) Fail(call.key + ": another gateway's exchange made it");
  session->was_told_done = true;
}

void LedgerJudge::CheckError(const JudgedCall& call, const RpcError& error, bool may_be_out_of_reach) {
  Key& key = keys_[call.key];
  const bool not_sent = error.outcome == Outcome::kNotSent;
  const auto text = [&] { return call.key + " was told " + error.message; };
  if ((error.code == absl::StatusCode::kUnavailable || error.code == absl::StatusCode::kResourceExhausted) &&
      !not_sent) {
    Fail(text() + ", and may be repeated by anybody");
  }
  if (error.reason == Reason::kLedgerUnavailable && !may_be_out_of_reach) {
    Fail(text() + ", although nothing was amiss");
  }
  if (error.outcome == Outcome::kUnknown) return MarkKnown(call);
  const Road& road = key.roads[{call.gateway, call.content}];
  if (not_sent && (call.on_its_way || road.departures != call.departures)) {
    Fail(text() + ", not sent, and it was sent");
  }
  for (std::size_t i = call.sessions; i < key.sessions.size(); ++i) {
    if (IsOf(key.sessions[i], call)) Fail(text() + ", and it was created");
  }
}

// What the store has is told; who could not ask it, or had no time, is told that nothing was sent.
void LedgerJudge::CheckSettled(const JudgedCall& call, const CreateEnd& end) {
  const Key& key = keys_[call.key];
  if (!call.settled || key.time != call.time || key.losses > 0) return;
  if (const auto id = DoneId(end)) {
    ++seen_["repeat of what is settled"];
    if (!end.replayed || *id != *call.settled) Fail(call.key + ": not what was told before");
    return;
  }
  if (call.has_left) return;
  const Reason reason = end.error->reason;
  if (reason == Reason::kOutcomeUnknown || reason == Reason::kUpstreamRefused ||
      reason == Reason::kUpstreamFailed || reason == Reason::kUpstreamUnreachable) {
    Fail(call.key + " was done, and a repeat was told " + end.error->message);
  }
}

void LedgerJudge::OnLateEnd(const JudgedCall& call, const CreateEnd& end) {
  ++seen_["late end"];
  const auto id = DoneId(end);
  if (id && Find(keys_[call.key], *id) == nullptr) {
    Fail(call.key + " ended done, and no such session is there");
  }
}

void LedgerJudge::OnNothingTold(const JudgedCall& call) { MarkKnown(call); }

void LedgerJudge::MarkKnown(const JudgedCall& call) {
  Key& key = keys_[call.key];
  for (std::size_t i = call.sessions; i < key.sessions.size(); ++i) {
    if (IsOf(key.sessions[i], call)) key.sessions[i].is_known = true;
  }
}

void LedgerJudge::OnAllTold() {
  for (const auto& [name, key] : keys_) {
    for (const Session& session : key.sessions) {
      if (!session.is_known) Fail(name + ": nobody was told of " + session.id);
    }
  }
}

}  // namespace session_gateway
