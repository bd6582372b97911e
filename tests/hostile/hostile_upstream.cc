#include "tests/hostile/hostile_upstream.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tests/exchange/case_file.h"

namespace session_gateway {
namespace {

constexpr std::size_t kFloodBytesMax = 64 * 1024 * 1024;
constexpr std::chrono::milliseconds kDrip{50};  // from byte to byte
constexpr std::chrono::seconds kRoundMax{20};

std::string TagIn(const std::string& request) {
  const std::size_t begin = request.find("tag-");
  const std::size_t end = request.find("-end", begin);
  return begin == std::string::npos || end == std::string::npos ? std::string()
                                                                : request.substr(begin, end + 4 - begin);
}

// `<n text>`: the text n times.
std::string Repeat(std::string text) {
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    if (at + 1 >= text.size() || text[at + 1] < '0' || text[at + 1] > '9') continue;
    const std::size_t space = text.find(' ', at);
    const std::size_t end = text.find('>', at);
    const std::string what = text.substr(space + 1, end - space - 1);
    std::string many;
    for (int times = std::stoi(text.substr(at + 1)); times > 0; --times) many += what;
    text.replace(at, end + 1 - at, many);
  }
  return text;
}

std::string Hexadecimal(std::size_t number) {
  char text[17];
  std::snprintf(text, sizeof(text), "%zx", number);
  return text;
}

}  // namespace

const Api kSymphonyApi = {"CreateSession", "200 OK", "sessionId"};
const Api kQlikApi = {"CreateExecutionSession", "201 Created", "id"};

std::string TagOf(int number) { return "tag-" + std::to_string(number) + "-end"; }

HostileUpstream::HostileUpstream(const Behaviour& behaviour, const Api& api, const TlsServer* tls,
                                 std::string elsewhere)
    : behaviour_(behaviour),
      api_(api),
      tls_(tls),
      elsewhere_(std::move(elsewhere)),
      server_([this](RawConnection& raw) { Serve(raw); }) {}

HostileUpstream::~HostileUpstream() {
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  changed_.notify_all();
}

void HostileUpstream::ExpectRound(int requests) {
  const std::lock_guard lock(mutex_);
  expected_ = requests;
  arrived_ = 0;
  spoken_ = 0;
  ++round_;
}

void HostileUpstream::SpeakAtRest() {
  std::unique_lock lock(mutex_);
  rounds_spoken_ = round_;
  changed_.notify_all();
  changed_.wait_for(lock, kRoundMax, [this] { return spoken_ >= expected_; });
}

std::string HostileUpstream::Expand(std::string text, const std::string& request) const {
  const auto answer = [&](const std::string& id) {
    const std::string body = "{\"" + api_.id + "\":\"" + id + "\"}";
    return "HTTP/1.1 " + api_.status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  };
  const std::string tag = TagIn(request);
  const std::string body = "{\"" + api_.id + "\":\"" + tag + "\"}";
  text = ReplaceAll(std::move(text), "<good>", answer(tag));
  text = ReplaceAll(std::move(text), "<poison>", answer("poison"));
  text = ReplaceAll(std::move(text), "<chunk>", "<size>\r\n<body>\r\n");
  text = ReplaceAll(std::move(text), "<size>", Hexadecimal(body.size()));
  text = ReplaceAll(std::move(text), "<body>", body);
  text = ReplaceAll(std::move(text), "<length>", std::to_string(body.size()));
  text = ReplaceAll(std::move(text), "<ok>", "HTTP/1.1 " + api_.status);
  text = ReplaceAll(std::move(text), "<ok10>", "HTTP/1.0 " + api_.status);
  text = ReplaceAll(std::move(text), "<elsewhere>", elsewhere_);
  text = ReplaceAll(std::move(text), "<NUL>", std::string(1, '\0'));
  return Repeat(std::move(text));
}

// What is said early is said once the request's tag is there.
std::string HostileUpstream::ReadRequest(PeerWire& wire) const {
  if (!behaviour_.is_early || is_good_) return wire.ReadRequest();
  std::string seen;
  while (wire.ReadMore()) {
    seen += wire.TakeBuffered();
    const std::string tag = TagIn(seen);
    if (!tag.empty()) return tag;
  }
  return {};
}

void HostileUpstream::Serve(RawConnection& raw) {
  PeerWire wire(raw, tls_);
  if (!wire.Handshake()) return;
  for (std::string request = ReadRequest(wire); !request.empty(); request = ReadRequest(wire)) {
    const bool goes_on = is_good_ ? Say(wire, Expand("<good>", request), false) : Answer(wire, request);
    if (!goes_on) return;
  }
}

bool HostileUpstream::Answer(PeerWire& wire, const std::string& request) {
  if (!behaviour_.at_rest.empty()) {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait_for(lock, kRoundMax, [this] { return is_over_ || arrived_ >= expected_; });
  }
  if (!Say(wire, Expand(behaviour_.says, request), behaviour_.drips)) return false;
  if (!behaviour_.floods.empty()) Flood(wire);
  if (!behaviour_.at_rest.empty()) WaitAtRest(wire);
  if (behaviour_.then == Then::kCloses) {
    wire.EndSending();
    wire.raw().WaitForEnd();
    return false;
  }
  return behaviour_.floods.empty();
}

void HostileUpstream::WaitAtRest(PeerWire& wire) {
  std::unique_lock lock(mutex_);
  const int round = round_;
  changed_.wait_for(lock, kRoundMax, [&] { return is_over_ || rounds_spoken_ >= round; });
  lock.unlock();
  Say(wire, Expand(behaviour_.at_rest, {}), false);
  wire.raw().WaitUntilDelivered();
  lock.lock();
  ++spoken_;
  changed_.notify_all();
}

bool HostileUpstream::Say(PeerWire& wire, const std::string& text, bool drips) {
  std::vector<std::string> records;
  constexpr std::string_view kRecord = "<record>";
  std::string_view rest = text;
  for (std::size_t at = rest.find(kRecord); at != std::string_view::npos; at = rest.find(kRecord)) {
    records.emplace_back(rest.substr(0, at));
    rest.remove_prefix(at + kRecord.size());
  }
  records.emplace_back(rest);
  if (!drips) return wire.SendAtOnce(records);
  // The last record drips; what stands before comes at once.
  for (std::size_t i = 0; i + 1 < records.size(); ++i) {
    if (!wire.Send(records[i])) return false;
  }
  for (const char c : records.back()) {
    if (!wire.Send(std::string_view(&c, 1))) return false;
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kDrip, [this] { return is_over_.load(); })) return false;
  }
  return true;
}

void HostileUpstream::Flood(PeerWire& wire) {
  const std::string piece = Expand(behaviour_.floods, {});
  std::size_t sent = 0;
  while (sent < kFloodBytesMax && !is_over_ && wire.Send(piece)) sent += piece.size();
  std::size_t most = most_sent_;
  while (sent > most && !most_sent_.compare_exchange_weak(most, sent)) {
  }
}

}  // namespace session_gateway
