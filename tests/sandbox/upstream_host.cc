#include "tests/sandbox/upstream_host.h"

#include <nlohmann/json.hpp>

#include "tests/sandbox/transcript.h"

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
          {"connections", counters.connections}};
}

HttpAnswer Control(int status, const std::string& text) {
  HttpAnswer answer{.status = status, .body = text, .control = true};
  if (status != 200) answer.content_type = "text/plain";
  return answer;
}

}  // namespace

UpstreamHost::UpstreamHost(std::unique_ptr<Api> api, const SandboxOptions& options)
    : api_(std::move(api)),
      requests_max_(options.requests_max),
      recorded_body_max_(options.recorded_body_max),
      server_([this](const ReceivedRequest& request) { return Handle(request); }) {}

SandboxCounters UpstreamHost::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
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
}

HttpAnswer UpstreamHost::Handle(const ReceivedRequest& request) {
  if (SplitTarget(request.target).path.starts_with(kControlPrefix)) return HandleControl(request);
  return HandleUpstream(request);
}

HttpAnswer UpstreamHost::HandleUpstream(const ReceivedRequest& request) {
  SandboxRequest record{.method = request.method,
                        .target = request.target,
                        .headers = request.headers,
                        .body = request.body.substr(0, recorded_body_max_)};
  // Judged before the lock is taken: the judging is the costly part, and it touches no state.
  std::variant<Refusal, Accepted> judged = Refusal{};
  if (Checked wrong = CheckFraming(request)) {
    judged = *std::move(wrong);
  } else {
    judged = api_->Judge(request);
  }
  std::lock_guard lock(mutex_);
  ++counters_.requests;
  if (request.earlier_on_connection == 0) ++counters_.connections;
  if (auto* refusal = std::get_if<Refusal>(&judged)) return AnswerRefusal(*refusal, std::move(record));
  const Accepted& accepted = std::get<Accepted>(judged);
  const std::optional<SandboxFault> fault = faults_.Take(request.method);
  HttpAnswer answer;
  if (!fault || !accepted.creates || Creates(*fault)) {
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
  HttpAnswer answer{.status = refusal.status, .content_type = "text/plain", .body = refusal.text};
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

HttpAnswer UpstreamHost::HandleControl(const ReceivedRequest& request) {
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
  return Control(404,
                 "the control plane has GET counters, GET requests, GET transcript, GET rows, POST compare, "
                 "POST and DELETE "
                 "faults, POST reset");
}

}  // namespace session_gateway::sandbox
