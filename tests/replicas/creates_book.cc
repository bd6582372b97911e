#include "tests/replicas/creates_book.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace session_gateway {
namespace {

// The value behind `name` in the first line that begins with it, without quotes.
std::string ValueOf(const std::string& text, const std::string& name) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    line.erase(0, line.find_first_not_of(' '));
    if (line.starts_with(name + ": ")) {
      std::string value = line.substr(name.size() + 2);
      if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
      return value;
    }
    at = end + 1;
  }
  return {};
}

std::string TextOf(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// A proxy adds metadata of its own.
std::string WithoutMetadata(const std::string& problems) {
  std::string rest;
  std::istringstream lines(problems);
  for (std::string line; std::getline(lines, line);) {
    const bool is_metadata = line.starts_with("initial metadata: ") || line.starts_with("another trailer: ");
    if (!is_metadata) rest += line + "\n";
  }
  return rest;
}

Told Read(const RpcResult& result, SandboxUpstream upstream) {
  Told told;
  told.ok = result.ok;
  told.code = result.code;
  told.text = result.text;
  told.outcome = result.ok ? "done" : result.outcome;
  told.reason = ValueOf(result.text, "reason");
  told.heard = result.ok || !told.reason.empty();
  told.made = ValueOf(result.text, upstream == SandboxUpstream::kSymphony ? "session_id" : "id");
  told.replayed = ValueOf(result.text, "replayed") == "true";
  if (told.heard) {
    EXPECT_EQ(WithoutMetadata(result.problems), "") << result.text;
  }
  return told;
}

bool IsWorthRepeating(const Told& told) { return !told.heard || told.outcome == "not_sent"; }

}  // namespace

std::string Told::Row() const {
  if (!heard) return "unheard";
  if (ok) return replayed ? "OK replayed" : "OK";
  return code + " " + reason + " " + outcome;
}

std::ostream& operator<<(std::ostream& out, const Told& told) {
  return out << told.Row() << " (" << told.text << ')';
}

CreatesBook::CreatesBook(SandboxUpstream upstream, std::uint64_t seed) : upstream_(upstream), random_(seed) {}

std::string CreatesBook::NewRequestId() {
  const std::lock_guard lock(mutex_);
  char text[37];
  const std::uint64_t high = random_();
  const std::uint64_t low = random_();
  std::snprintf(text, sizeof(text), "%08x-%04x-4%03x-8%03x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xFFFF), static_cast<unsigned>(high & 0xFFF),
                static_cast<unsigned>(low >> 48 & 0xFFF),
                static_cast<unsigned long long>(low & 0xFFFF'FFFF'FFFF));
  return text;
}

// The upstream's row shows whose it is.
std::string CreatesBook::Request(const std::string& name, const std::string& content) const {
  if (upstream_ == SandboxUpstream::kSymphony) {
    return " application_name: \"" + name + "\" session { session_meta_data: \"" + content + "\" }";
  }
  return " execution_session { user: \"" + name + "\" schema_path: \"" + content + "\" }";
}

RpcResult CreatesBook::Send(const Callee& callee, const std::string& request,
                            std::chrono::milliseconds deadline) const {
  const bool is_symphony = upstream_ == SandboxUpstream::kSymphony;
  return CallByText(callee, is_symphony ? "CreateSession" : "CreateExecutionSession", request, deadline);
}

Told CreatesBook::Call(const Callee& callee, const std::string& request_id,
                       std::chrono::milliseconds deadline, const std::string& content) {
  const std::string request = "request_id: \"" + request_id + "\"" + Request(request_id, content);
  return Note(request_id, Read(Send(callee, request, deadline), upstream_));
}

Told CreatesBook::CallWithoutId(const Callee& callee) {
  const std::string name = NewRequestId();
  return Note(name, Read(Send(callee, Request(name, "same"), kCallPatience), upstream_));
}

Told CreatesBook::Call(const Callee& callee, const std::string& request_id) {
  return Call(callee, request_id, kCallPatience, "same");
}

std::future<Told> CreatesBook::Start(const Callee& callee, const std::string& request_id) {
  return std::async(std::launch::async, [this, callee, request_id] { return Call(callee, request_id); });
}

Told CreatesBook::AskUntilTold(const Callee& callee, const std::string& request_id) {
  const auto end = std::chrono::steady_clock::now() + kCallPatience;
  for (;;) {
    Told told = Call(callee, request_id);
    if (!IsWorthRepeating(told) || std::chrono::steady_clock::now() > end) return told;
  }
}

Told CreatesBook::Note(const std::string& request_id, Told told) {
  const std::lock_guard lock(mutex_);
  told_[request_id].push_back(told);
  if (told.heard) ++answers_;
  return told;
}

std::map<std::string, std::vector<std::string>> CreatesBook::Made(const Sandbox& sandbox) const {
  const bool is_symphony = upstream_ == SandboxUpstream::kSymphony;
  std::map<std::string, std::vector<std::string>> made;
  for (const std::string& text : sandbox.rows(upstream_)) {
    const nlohmann::json row = nlohmann::json::parse(text);
    made[TextOf(row.at(is_symphony ? "applicationName" : "user"))].push_back(
        TextOf(row.at(is_symphony ? "sessionId" : "id")));
  }
  return made;
}

void CreatesBook::ExpectHonest(const Sandbox& sandbox) const {
  const auto made = Made(sandbox);
  const std::lock_guard lock(mutex_);
  std::size_t done_or_there = 0;
  for (const auto& [request_id, words] : told_) {
    const auto found = made.find(request_id);
    const std::vector<std::string> rows = found == made.end() ? std::vector<std::string>() : found->second;
    std::set<std::string> done;
    bool is_unknown = false;
    bool is_heard = false;
    std::string all;
    for (const Told& told : words) {
      all += told.Row() + " " + told.made + "\n";
      if (told.outcome == "done") done.insert(told.made);
      if (told.outcome == "unknown") is_unknown = true;
      if (told.heard) is_heard = true;
    }
    EXPECT_TRUE(is_heard) << request_id << ": nobody was told anything\n" << all;
    EXPECT_LE(rows.size(), 1u) << request_id << ": more than one session\n" << all;
    EXPECT_LE(done.size(), 1u) << request_id << ": two of them were told\n" << all;
    if (!done.empty()) {
      EXPECT_EQ(rows, std::vector<std::string>{*done.begin()}) << request_id << '\n' << all;
    }
    if (!rows.empty()) {
      EXPECT_TRUE(!done.empty() || is_unknown) << request_id << ": nobody knows\n" << all;
    }
    if (!done.empty() || (is_unknown && !rows.empty())) ++done_or_there;
  }
  EXPECT_EQ(sandbox.counters(upstream_).creates, done_or_there);
  EXPECT_LE(sandbox.counters(upstream_).creates, told_.size());
}

std::vector<std::string> CreatesBook::request_ids() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [request_id, words] : told_) all.push_back(request_id);
  return all;
}

std::string CreatesBook::Words() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, int> words;
  for (const auto& [request_id, all] : told_) {
    for (const Told& told : all) ++words[told.Row()];
  }
  std::string text;
  for (const auto& [row, count] : words) text += row + ": " + std::to_string(count) + "\n";
  return text;
}

std::size_t CreatesBook::distinct() const {
  const std::lock_guard lock(mutex_);
  return told_.size();
}

std::size_t CreatesBook::answers() const {
  const std::lock_guard lock(mutex_);
  return answers_;
}

}  // namespace session_gateway
