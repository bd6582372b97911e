#include "tests/steps/step_bench.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "tests/exchange/channel.h"
#include "tests/sandbox_test_client.h"
#include "tests/steps/allocations.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kDeadline = seconds(20);
constexpr char kName[] = "localhost";
constexpr char kUser[] = "svc_gateway";
constexpr char kPassword[] = "pass-word 1";
constexpr char kToken[] = "eyJhbGciOiJSUzI1NiJ9.eyJ1c2VyIjoic2EifQ.c2ln";
constexpr std::size_t kRowsMax = 100'000;
constexpr int kCallsMax = 100'000;

// Where in an answer's body the sandbox pauses, so that there is a step between its header and its end.
std::size_t PauseInBody(const Sandbox& plain) {
  const RawReply reply = ExchangeOnce(plain.symphony_port(), ControlRequest("GET", "rows"));
  constexpr std::size_t kIntoTheBody = 14;
  return reply.bytes.size() - reply.body.size() + kIntoTheBody;
}

std::size_t PauseInBody() {
  Sandbox sandbox{SandboxOptions()};
  EXPECT_EQ(sandbox.Start(), std::nullopt);
  return PauseInBody(sandbox);
}

std::string LineOf(const std::string& text, const std::string& name) {
  const std::size_t begin = ("\n" + text).find("\n" + name + ": ");
  if (begin == std::string::npos) return {};
  const std::size_t value = begin + name.size() + 2;
  return text.substr(value, text.find('\n', value) - value);
}

bool IsAnyOf(const std::string& word, std::initializer_list<const char*> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string SettingName(const StepSetting& setting) {
  std::string name = setting.upstream == SandboxUpstream::kSymphony ? "Symphony" : "Qlik";
  name += setting.tls ? "Tls" : "Plain";
  if (setting.logon == StepLogon::kFirst) name += "FirstLogon";
  if (setting.logon == StepLogon::kAgain) name += "LogonAgain";
  name += setting.kept ? "Kept" : "New";
  if (setting.by_name) name += "ByName";
  if (setting.once) name += "Once";
  return name;
}

StepBench::StepBench(const StepSetting& setting) : setting_(setting), sandbox_(Options()) {
  static const std::size_t kPause = PauseInBody();
  EXPECT_EQ(sandbox_.Start(), std::nullopt);
  SandboxFault pause;
  pause.kind = SandboxFaultKind::kDelay;
  pause.count = kCallsMax;
  pause.method = "POST";
  pause.wait = milliseconds(1);
  pause.after_bytes = kPause;
  EXPECT_TRUE(sandbox_.AddFault(setting_.upstream, pause));
  Renew();
}

StepBench::~StepBench() { gateway_.reset(); }

SandboxOptions StepBench::Options() const {
  SandboxOptions options;
  options.rows_max = kRowsMax;
  if (setting_.tls) options.tls.emplace();
  if (setting_.logon != StepLogon::kNone) {
    options.symphony_logon.emplace().users = {{kUser, kPassword}};
    options.qlik_proxy.emplace().tokens = {{kToken, "DIR\\ann"}};
    options.qlik_proxy->sessions_per_user_max = kRowsMax;
  }
  return options;
}

GatewaySetup StepBench::Setup() const {
  const bool has_logon = setting_.logon != StepLogon::kNone;
  const bool is_symphony = setting_.upstream == SandboxUpstream::kSymphony;
  GatewaySetup setup;
  setup.around = NoteAllocationsOf;
  if (setting_.tls) {
    const SandboxTlsMaterial material = sandbox_.tls_material();
    setup.tls.emplace();
    setup.tls->ca = Secret(material.ca_pem);
    setup.tls->certificate = Secret(material.client_pem);
    setup.tls->key = Secret(material.client_key_pem);
  }
  setup.environment = {{"PASSWORD", Secret(kPassword)}, {"TOKEN", Secret(kToken)}};
  if (!setting_.kept && setting_.logon != StepLogon::kFirst) setup.limits.engine.idle_connections = 0;
  const std::string endpoint =
      has_logon && !is_symphony ? sandbox_.QlikProxyEndpoint() : sandbox_.Endpoint(setting_.upstream);
  (is_symphony ? setup.symphony : setup.qlik) = std::get<Endpoint>(ParseEndpoint(endpoint));
  if (setting_.by_name) (is_symphony ? setup.symphony : setup.qlik)->host = kName;
  setup.qlik_auth.user_directory = "INTERNAL";
  setup.qlik_auth.user_id = "sa_api";
  if (has_logon) {
    setup.symphony_auth.mode = SymphonyAuthMode::kServiceAccount;
    setup.symphony_auth.user = kUser;
    setup.symphony_auth.password_env = "PASSWORD";
    setup.symphony_auth.limits.renew_min_age = milliseconds(0);
    setup.qlik_auth.mode = QlikAuthMode::kJwt;
    setup.qlik_auth.token_env = "TOKEN";
    setup.qlik_auth.limits.renew_min_age = milliseconds(0);
  }
  return setup;
}

// A new gateway in the place of the old.
void StepBench::Renew() {
  channel_.reset();
  gateway_.reset();
  EXPECT_EQ(OpenUpstreamSockets(), 0u) << "the gateway left a socket open";
  log_.clear();
  gateway_.emplace(Setup(), log_);
  channel_ = ConnectTo(gateway_->address());
  WatchSteps(gateway_->loop_thread());
}

// What an exchange of this kind needs before it.
void StepBench::Prepare() {
  switch (setting_.logon) {
    case StepLogon::kNone:
      if (setting_.kept) CallAnew("warm");
      return;
    case StepLogon::kFirst:
      sandbox_.ExpireLogons(setting_.upstream);
      return Renew();
    case StepLogon::kAgain:
      CallAnew("warm");
      sandbox_.ExpireLogons(setting_.upstream);
      return;
  }
}

RpcResult StepBench::Call(const std::string& tag) {
  ++calls_;
  return SendCall(tag);
}

RpcResult StepBench::SendCall(const std::string& tag) const {
  std::string request_id;
  if (setting_.once) {
    request_id = absl::StrFormat(" request_id: '5e551000-0000-4000-8000-%012x'", calls_);
  }
  return setting_.upstream == SandboxUpstream::kSymphony
             ? CallByText(channel_, "CreateSession", "application_name: \"" + tag + "\"" + request_id,
                          kDeadline)
             : CallByText(channel_, "CreateExecutionSession",
                          "execution_session { user: \"" + tag + "\" }" + request_id, kDeadline);
}

// Whatever failed, the ledger is left as the answer said.
void StepBench::RepeatAfter(const std::string& tag, const std::string& where, const RpcResult& first) {
  if (!setting_.once) return;
  const RpcResult repeat = SendCall(tag);
  const std::string said = "the repeat after " + where + "\n" + first.text + "\n" + repeat.text;
  if (repeat.ok) {
    EXPECT_NE(first.outcome, "done") << said;
    told_[tag].how = "OK";
    return;
  }
  EXPECT_FALSE(first.ok) << said;
  EXPECT_TRUE(IsAnyOf(first.outcome, {"unknown", "done"})) << said;
  EXPECT_EQ(repeat.outcome, first.outcome) << said;
}

// One that nothing happens to.
RpcResult StepBench::CallAnew(const std::string& tag) {
  RpcResult result = Call(tag);
  EXPECT_TRUE(result.ok) << result.text;
  return result;
}

std::vector<StepCall> StepBench::CleanSteps() {
  Prepare();
  BeginSteps();
  CallAnew("clean");
  return EndSteps().all;
}

bool StepBench::Fail(const StepFault& fault, int number) {
  Prepare();
  const std::string tag = "run-" + std::to_string(++runs_);
  BeginSteps(fault, number);
  const RpcResult result = Call(tag);
  const StepReport steps = EndSteps();
  if (!steps.met) {
    EXPECT_TRUE(result.ok) << result.text;
    return false;
  }
  const std::string where = std::string(fault.name) + " of " + steps.step + " (" + tag + ")";
  const std::string how = result.ok ? "OK" : result.outcome;
  told_[tag] = {where, how, how};
  Judge(where, result, steps);
  RepeatAfter(tag, where, result);
  ExpectAllWellAfter(where);
  return true;
}

int StepBench::CleanAllocations() {
  Prepare();
  BeginAllocations(0);
  CallAnew("clean");
  return EndAllocations().all;
}

bool StepBench::FailAllocation(int number) {
  Prepare();
  const std::string tag = "run-" + std::to_string(++runs_);
  BeginSteps();
  BeginAllocations(number);
  const RpcResult result = Call(tag);
  const bool met = EndAllocations().met;
  const StepReport steps = EndSteps();
  if (!met) {
    EXPECT_TRUE(result.ok) << result.text;
    return false;
  }
  const std::string where = "allocation " + std::to_string(number) + " (" + tag + ")";
  const std::string how = result.ok ? "OK" : result.outcome;
  told_[tag] = {where, how, how};
  JudgeWithoutMemory(where, result, steps);
  RepeatAfter(tag, where, result);
  ExpectAllWellAfter(where);
  return true;
}

void StepBench::ExpectAllWellAfter(const std::string& where) {
  const RpcResult next = Call("next");
  EXPECT_TRUE(next.ok) << "the call after " << where << ": " << next.text;
  const std::size_t kept_at_most = Setup().limits.engine.idle_connections == 0 ? 0 : 2;
  EXPECT_LE(OpenUpstreamSockets(), kept_at_most) << where;
}

void StepBench::JudgeWithoutMemory(const std::string& where, const RpcResult& result,
                                   const StepReport& steps) const {
  EXPECT_EQ(result.problems, "") << where;
  if (result.ok) return;
  const std::string said =
      where + "\n" + result.text + "\nbytes of creates that left: " + std::to_string(steps.create_bytes);
  EXPECT_EQ(steps.create_bytes, 0u) << said;
  EXPECT_EQ(result.code, "RESOURCE_EXHAUSTED") << said;
  EXPECT_EQ(LineOf(result.text, "reason"), "OVERLOADED") << said;
  EXPECT_EQ(result.outcome, "not_sent") << said;
}

void StepBench::Judge(const std::string& where, const RpcResult& result, const StepReport& steps) const {
  EXPECT_EQ(result.problems, "") << where;
  if (result.ok) return;
  const std::string phase = LineOf(result.text, "phase");
  const std::string reason = LineOf(result.text, "reason");
  const std::string said =
      where + "\n" + result.text + "\nbytes of creates that left: " + std::to_string(steps.create_bytes);
  const bool again = setting_.logon == StepLogon::kAgain;
  if (result.outcome == "not_sent") {
    EXPECT_EQ(steps.create_bytes, 0u) << said;
    EXPECT_EQ(result.code, "UNAVAILABLE") << said;
    EXPECT_EQ(reason, "UPSTREAM_UNREACHABLE") << said;
    EXPECT_TRUE(IsAnyOf(phase, {"resolve", "connect", "handshake", "logon", "send"})) << said;
  } else if (result.outcome == "refused") {
    EXPECT_TRUE(again) << said;
    EXPECT_EQ(result.code, "INTERNAL") << said;
    EXPECT_EQ(reason, "UPSTREAM_UNREACHABLE") << said;
  } else if (result.outcome == "unknown") {
    EXPECT_GT(steps.create_bytes, 0u) << said;
    EXPECT_EQ(result.code, "UNKNOWN") << said;
    EXPECT_EQ(reason, "OUTCOME_UNKNOWN") << said;
    EXPECT_TRUE(IsAnyOf(phase, {"send", "wait", "receive"})) << said;
  } else {
    EXPECT_EQ(result.outcome, "done") << said;
    EXPECT_GT(steps.create_bytes, 0u) << said;
    EXPECT_EQ(result.code, "INTERNAL") << said;
    EXPECT_EQ(reason, "ANSWER_UNREADABLE") << said;
    EXPECT_TRUE(IsAnyOf(phase, {"receive", "parse"})) << said;
  }
}

std::map<std::string, int> StepBench::SessionsByTag() const {
  std::map<std::string, int> sessions;
  for (const std::string& text : sandbox_.rows(setting_.upstream)) {
    const auto row = nlohmann::json::parse(text);
    const bool is_symphony = setting_.upstream == SandboxUpstream::kSymphony;
    ++sessions[row.at(is_symphony ? "applicationName" : "user").get<std::string>()];
  }
  return sessions;
}

void StepBench::Settle() {
  channel_.reset();
  gateway_.reset();
  EXPECT_EQ(OpenUpstreamSockets(), 0u) << "the gateway left a socket open";
  // Whatever was still under way is a row by then.
  sandbox_.Stop();
  const auto sessions = SessionsByTag();
  for (const auto& [tag, told] : told_) {
    const auto found = sessions.find(tag);
    const int created = found == sessions.end() ? 0 : found->second;
    const bool done = told.how == "OK" || told.how == "done";
    EXPECT_GE(created, done ? 1 : 0) << told.where << " ended as " << told.how;
    EXPECT_LE(created, done || told.how == "unknown" ? 1 : 0) << told.where << " ended as " << told.how;
  }
}

int StepBench::Ended(const std::string& how) const {
  return static_cast<int>(
      std::count_if(told_.begin(), told_.end(), [&how](const auto& one) { return one.second.first == how; }));
}

}  // namespace session_gateway
