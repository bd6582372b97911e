#include "tests/sandbox/upstream_host.h"

#include <ctime>
#include <nlohmann/json.hpp>

#include "tests/sandbox/transcript.h"
#include "tests/sandbox/value_rules.h"

namespace session_gateway::sandbox {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kControlPrefix = "/sandbox/";
constexpr char kLogonPage[] =
    "<!DOCTYPE html>\n<html><head><title>Log on</title></head><body><form>User "
    "<input></form></body></html>\n";
constexpr std::string_view kGarbage("\x16\x03\x01\x00\xff\x00\x01sandbox garbage\xfe\xff\r\r\n\n\x00\x80",
                                    30);

bool Creates(const SandboxFault& fault) {
  switch (fault.kind) {
    case SandboxFaultKind::kDelay:
    case SandboxFaultKind::kCut:
      return true;
    case SandboxFaultKind::kGarbage:
    case SandboxFaultKind::kReset:
      return fault.create.value_or(true);
    case SandboxFaultKind::kHtml:
    case SandboxFaultKind::kRaw:
      return fault.create.value_or(false);
    case SandboxFaultKind::kStatus:
      return false;
  }
  return false;
}

// Turns the answer that would have been into the one that was ordered.
void Apply(const SandboxFault& fault, HttpAnswer& answer) {
  Delivery& delivery = answer.delivery;
  switch (fault.kind) {
    case SandboxFaultKind::kDelay:
    case SandboxFaultKind::kCut:
    case SandboxFaultKind::kReset:
      delivery.pause = fault.wait;
      delivery.pause_after = fault.after_bytes;
      if (fault.kind == SandboxFaultKind::kDelay) return;
      delivery.end_after = fault.after_bytes;
      delivery.ending = fault.kind == SandboxFaultKind::kCut ? Ending::kClose : Ending::kReset;
      return;
    case SandboxFaultKind::kStatus:
      answer.status = fault.status == 0 ? 500 : fault.status;
      answer.content_type = "text/plain";
      answer.body = fault.body;
      answer.headers = fault.headers;
      return;
    case SandboxFaultKind::kHtml:
      answer.status = fault.status == 0 ? 200 : fault.status;
      answer.content_type = "text/html";
      answer.body = fault.body.empty() ? kLogonPage : fault.body;
      answer.headers = fault.headers;
      return;
    case SandboxFaultKind::kGarbage:
      delivery.raw = fault.body.empty() ? std::string(kGarbage) : fault.body;
      delivery.ending = Ending::kClose;
      return;
    case SandboxFaultKind::kRaw:
      delivery.raw = fault.body;
      delivery.ending = Ending::kClose;
      return;
  }
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json ToJson(const SandboxRequest& request) {
  Json headers = Json::array();
  for (const auto& [name, value] : request.headers) headers.push_back({{"name", name}, {"value", value}});
  return {{"method", request.method}, {"target", request.target}, {"headers", headers},
          {"body", request.body},     {"status", request.status}, {"refusal", request.refusal},
          {"fault", request.fault},   {"answer", request.answer}};
}

Json ToJson(const SandboxCounters& counters) {
  return {{"requests", counters.requests},
          {"creates", counters.creates},
          {"refused", counters.refused},
          {"faulted", counters.faulted},
          {"connections", counters.connections},
          {"logons", counters.logons},
          {"renewals", counters.renewals},
          {"refused_logons", counters.refused_logons},
          {"locked", counters.locked},
          {"sessions", counters.sessions},
          {"tls_handshakes", counters.tls_handshakes},
          {"tls_resumed", counters.tls_resumed},
          {"tls_failed", counters.tls_failed}};
}

HttpAnswer Control(int status, const std::string& text) {
  HttpAnswer answer{.status = status, .body = text, .control = true};
  if (status != 200) answer.content_type = "text/plain";
  return answer;
}

// Both members as text, or nothing.
std::optional<std::pair<std::string, std::string>> ReadPair(const std::string& body, const char* first,
                                                            const char* second) {
  const Json parsed = Json::parse(body, nullptr, false);
  if (!parsed.is_object() || parsed.size() != 2 || !parsed.contains(first) || !parsed.contains(second)) {
    return std::nullopt;
  }
  if (!parsed[first].is_string() || !parsed[second].is_string()) return std::nullopt;
  return std::pair(parsed[first].get<std::string>(), parsed[second].get<std::string>());
}

std::optional<std::string> Secure(HttpServer& server, const TlsRules& rules) {
  auto context = MakeTlsContext(rules);
  if (auto* problem = std::get_if<std::string>(&context)) return *problem;
  server.SetTls(std::get<TlsContext>(context));
  return std::nullopt;
}

}  // namespace

UpstreamHost::UpstreamHost(std::unique_ptr<Api> api, const SandboxOptions& options)
    : api_(std::move(api)),
      now_(options.now),
      date_skew_(options.date_skew),
      requests_max_(options.requests_max),
      recorded_body_max_(options.recorded_body_max),
      server_([this](const ReceivedRequest& request) { return Handle(request, Door::kDirect); }),
      proxy_server_([this](const ReceivedRequest& request) { return Handle(request, Door::kProxy); }) {}

void UpstreamHost::SetTls(std::optional<TlsRules> direct, std::optional<TlsRules> proxy) {
  tls_ = std::move(direct);
  proxy_tls_ = std::move(proxy);
}

std::optional<std::string> UpstreamHost::Start(const std::string& host, int port,
                                               std::optional<int> proxy_port) {
  for (auto& [server, rules] : {std::pair(&server_, &tls_), std::pair(&proxy_server_, &proxy_tls_)}) {
    if (!*rules) continue;
    if (const auto problem = Secure(*server, **rules)) return "TLS: " + *problem;
  }
  const auto cannot = [&host](int wanted) {
    return "cannot listen on " + host + ':' + std::to_string(wanted);
  };
  if (!server_.Start(host, port)) return cannot(port);
  if (!proxy_port || proxy_server_.Start(host, *proxy_port)) return std::nullopt;
  server_.Stop();
  return cannot(*proxy_port);
}

void UpstreamHost::Stop() {
  server_.Stop();
  proxy_server_.Stop();
}

std::optional<std::string> UpstreamHost::ReplaceTlsIdentity(Door door, SandboxTlsIdentity identity) {
  std::lock_guard lock(mutex_);
  std::optional<TlsRules>& rules = door == Door::kDirect ? tls_ : proxy_tls_;
  if (!rules) return "there is no TLS here";
  TlsRules fresh = *rules;
  fresh.identity = std::move(identity);
  if (auto problem = Secure(door == Door::kDirect ? server_ : proxy_server_, fresh)) return problem;
  rules = std::move(fresh);
  return std::nullopt;
}

std::vector<std::string> UpstreamHost::tls_problems() const {
  std::vector<std::string> problems = server_.tls_counts().problems;
  for (std::string& problem : proxy_server_.tls_counts().problems) problems.push_back(std::move(problem));
  return problems;
}

void UpstreamHost::ExpireLogons() {
  std::lock_guard lock(mutex_);
  api_->ExpireLogons();
}

bool UpstreamHost::SetPassword(const std::string& user, const std::string& password) {
  std::lock_guard lock(mutex_);
  return api_->SetPassword(user, password);
}

SandboxCounters UpstreamHost::counters() const {
  std::lock_guard lock(mutex_);
  SandboxCounters counters = counters_;
  api_->AddCounts(counters);
  for (const HttpServer* server : {&server_, &proxy_server_}) {
    const TlsCounts tls = server->tls_counts();
    counters.tls_handshakes += tls.handshakes;
    counters.tls_resumed += tls.resumed;
    counters.tls_failed += tls.failed;
  }
  return counters;
}

std::vector<std::string> UpstreamHost::rows() const {
  std::lock_guard lock(mutex_);
  return api_->Rows();
}

std::vector<SandboxRequest> UpstreamHost::requests() const {
  std::lock_guard lock(mutex_);
  return {requests_.begin(), requests_.end()};
}

bool UpstreamHost::AddFault(SandboxFault fault) {
  std::lock_guard lock(mutex_);
  return faults_.Add(std::move(fault));
}

void UpstreamHost::ClearFaults() {
  std::lock_guard lock(mutex_);
  faults_.Clear();
}

void UpstreamHost::Reset() {
  std::lock_guard lock(mutex_);
  counters_ = {};
  requests_.clear();
  faults_.Clear();
  api_->Clear();
  server_.ForgetTlsCounts();
  proxy_server_.ForgetTlsCounts();
}

HttpAnswer UpstreamHost::Handle(const ReceivedRequest& request, Door door) {
  const bool is_control = SplitTarget(request.target).path.starts_with(kControlPrefix);
  HttpAnswer answer = is_control ? HandleControl(request, door) : HandleUpstream(request, door);
  AddDate(answer);
  return answer;
}

void UpstreamHost::AddDate(HttpAnswer& answer) const {
  if (!date_skew_) return;
  for (const auto& [name, value] : answer.headers) {
    if (AsciiLower(name) == "date") return;  // a fault brought its own
  }
  const std::time_t time = std::chrono::system_clock::to_time_t(now_() + *date_skew_);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[40];
  std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  answer.headers.emplace_back("Date", text);
}

HttpAnswer UpstreamHost::HandleUpstream(const ReceivedRequest& request, Door door) {
  SandboxRequest record{.method = request.method,
                        .target = request.target,
                        .headers = request.headers,
                        .body = request.body.substr(0, recorded_body_max_)};
  // Judged before the lock is taken: the judging is the costly part, and it touches no state.
  std::variant<Refusal, Accepted> judged = Refusal{};
  if (Checked wrong = CheckFraming(request)) {
    judged = *std::move(wrong);
  } else {
    judged = api_->Judge(request, door);
  }
  std::lock_guard lock(mutex_);
  ++counters_.requests;
  if (request.earlier_on_connection == 0) ++counters_.connections;
  if (auto* refusal = std::get_if<Refusal>(&judged)) return AnswerRefusal(*refusal, std::move(record));
  const Accepted& accepted = std::get<Accepted>(judged);
  if (accepted.admit) {
    if (Checked wrong = accepted.admit()) return AnswerRefusal(*wrong, std::move(record));
  }
  const std::optional<SandboxFault> fault = faults_.Take(request.method, SplitTarget(request.target).path);
  const bool changes = accepted.creates || accepted.changes_log_on;
  HttpAnswer answer;
  if (!fault || !changes || Creates(*fault)) {
    auto served = accepted.serve();
    if (auto* refusal = std::get_if<Refusal>(&served)) return AnswerRefusal(*refusal, std::move(record));
    answer = std::get<HttpAnswer>(std::move(served));
    if (accepted.creates) ++counters_.creates;
  }
  if (fault) {
    ++counters_.faulted;
    record.fault = FaultKindName(fault->kind);
    Apply(*fault, answer);
  }
  const Delivery& delivery = answer.delivery;
  const bool whole = !delivery.raw && delivery.end_after == kWholeAnswer;
  record.status = whole ? answer.status : 0;
  if (whole) record.answer = answer.body.substr(0, recorded_body_max_);
  Record(std::move(record));
  return answer;
}

HttpAnswer UpstreamHost::AnswerRefusal(const Refusal& refusal, SandboxRequest record) {
  ++counters_.refused;
  HttpAnswer answer{.status = refusal.status,
                    .content_type = "text/plain",
                    .body = refusal.text,
                    .headers = refusal.headers};
  if (!refusal.allow.empty()) answer.headers.emplace_back("Allow", refusal.allow);
  if (refusal.end_connection) {
    answer.headers.emplace_back("Connection", "close");
    answer.delivery.ending = Ending::kClose;
  }
  record.status = refusal.status;
  record.refusal = refusal.text;
  record.answer = refusal.text;
  Record(std::move(record));
  return answer;
}

void UpstreamHost::Record(SandboxRequest record) {
  requests_.push_back(std::move(record));
  if (requests_.size() > requests_max_) requests_.pop_front();
}

std::optional<HttpAnswer> UpstreamHost::HandleSecurityControl(const std::string& call,
                                                              const std::string& body, Door door) {
  if (call == "POST expire") {
    ExpireLogons();
    return Control(200, "{}");
  }
  if (call == "POST users") {
    const auto given = ReadPair(body, "user", "password");
    if (!given) return Control(400, R"(expected {"user":"..","password":".."})");
    return SetPassword(given->first, given->second)
               ? Control(200, "{}")
               : Control(400, "there is no log-on here, or there are too many users");
  }
  if (call == "GET tls") {
    const SandboxCounters now = counters();
    return Control(200, Dump({{"handshakes", now.tls_handshakes},
                              {"resumed", now.tls_resumed},
                              {"failed", now.tls_failed},
                              {"problems", tls_problems()}}));
  }
  if (call == "POST tls") {
    const auto given = ReadPair(body, "certificate", "key");
    if (!given) return Control(400, R"(expected {"certificate":"PEM","key":"PEM"})");
    const auto problem = ReplaceTlsIdentity(door, {given->first, given->second});
    return problem ? Control(400, *problem) : Control(200, "{}");
  }
  return std::nullopt;
}

HttpAnswer UpstreamHost::HandleControl(const ReceivedRequest& request, Door door) {
  const std::string_view name = SplitTarget(request.target).path.substr(kControlPrefix.size());
  const std::string call = request.method + ' ' + std::string(name);
  if (call == "GET counters") return Control(200, Dump(ToJson(counters())));
  if (call == "GET requests") {
    Json list = Json::array();
    for (const SandboxRequest& recorded : requests()) list.push_back(ToJson(recorded));
    return Control(200, Dump(list));
  }
  if (call == "GET rows") {
    // As text, so that the numbers of the rows keep their digits.
    std::string text;
    for (const std::string& row : rows()) text += (text.empty() ? "[" : ",") + row;
    return Control(200, text.empty() ? "[]" : text + ']');
  }
  if (call == "GET transcript") {
    HttpAnswer answer = Control(200, Transcript(requests()));
    answer.content_type = "text/plain; charset=utf-8";
    return answer;
  }
  if (call == "POST compare") {
    const std::string difference = DifferenceFromNewestRow(request.body, rows());
    return difference.empty() ? Control(200, "{}") : Control(409, difference);
  }
  if (call == "POST faults") {
    auto parsed = ParseFault(request.body);
    if (auto* problem = std::get_if<std::string>(&parsed)) return Control(400, *problem);
    const bool added = AddFault(std::get<SandboxFault>(std::move(parsed)));
    return added ? Control(200, "{}") : Control(400, "the queue is full, or a value is out of its bounds");
  }
  if (call == "DELETE faults") {
    ClearFaults();
    return Control(200, "{}");
  }
  if (call == "POST reset") {
    Reset();
    return Control(200, "{}");
  }
  if (auto answer = HandleSecurityControl(call, request.body, door)) return *std::move(answer);
  return Control(404,
                 "the control plane has GET counters, GET requests, GET transcript, GET rows, POST compare, "
                 "POST and DELETE faults, POST reset, POST expire, POST users, GET and POST tls");
}

}  // namespace session_gateway::sandbox
