#include "server/doctor/examiner.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/doctor/judge.h"
#include "server/doctor/tls_judge.h"
#include "server/upstream/dialer.h"
#include "server/upstream/http_engine.h"
#include "server/upstream/tls_connection.h"
#include "server/upstream/tls_sessions.h"

namespace session_gateway {
namespace {

// One step's context, stopped when its time is over. The timer's handler may outlive the step by a turn.
class StepTime {
 public:
  StepTime(Loop& loop, const Clock& clock, Duration timeout)
      : context_(std::make_shared<CallContext>(clock.Now() + timeout)), timer_(loop.get_executor()) {
    timer_.expires_at(context_->deadline());
    timer_.async_wait([weak = std::weak_ptr(context_)](const boost::system::error_code& error) {
      const auto context = weak.lock();
      if (context && !error) context->Stop(StopReason::kDeadline);
    });
  }
  CallContext& operator*() { return *context_; }

 private:
  std::shared_ptr<CallContext> context_;
  LoopTimer timer_;
};

// What the examination of one endpoint has come to.
class Examination {
 public:
  Examination(Loop& loop, const EngineLimits& limits, const Clock& clock, Duration step_timeout,
              Capture& capture, const Patient& patient, const Endpoint& endpoint)
      : loop_(loop),
        limits_(limits),
        clock_(clock),
        step_timeout_(step_timeout),
        capture_(capture),
        patient_(patient),
        endpoint_(endpoint) {}

  Task<EndpointReport> Run();

 private:
  bool secure() const { return endpoint_.scheme == "https"; }
  StepTime Begin() { return StepTime(loop_, clock_, step_timeout_); }
  // A log-on ends by itself, and then it is known how.
  StepTime BeginLogon() {
    constexpr std::chrono::seconds kMargin(1);
    return StepTime(loop_, clock_, std::max<Duration>(step_timeout_, patient_.logon_timeout + kMargin));
  }
  void Add(Step step) {
    failed_ = failed_ || step.status == StepStatus::kFailed;
    report_.steps.push_back(std::move(step));
  }
  void Replace(Step step);

  Task<bool> Resolve();
  Task<bool> ConnectPlain();
  Task<void> ConnectSecurely();
  Task<bool> SpeaksHttp();
  Task<bool> SpeaksTls();
  std::unique_ptr<HttpEngine> MakeEngine() const;
  Task<void> Converse();
  Task<bool> LogOn(Credentials& credentials, HttpRequest& attempt);
  Task<void> Read(Transport& transport, const HttpRequest& attempt);
  Task<void> Explain(const SendFailure& failure, Step step);
  void CheckClock();
  Finding Unauthorized() const;
  const HttpReply* LastAnswer() const;

  Loop& loop_;
  const EngineLimits& limits_;
  const Clock& clock_;
  const Duration step_timeout_;
  Capture& capture_;
  const Patient& patient_;
  const Endpoint& endpoint_;
  EndpointReport report_;
  std::vector<TcpAddress> addresses_;
  std::optional<TlsFacts> facts_;
  std::optional<CertificateFacts> own_;
  std::size_t captured_before_ = 0;
  bool failed_ = false;
};

void Examination::Replace(Step step) {
  for (Step& known : report_.steps) {
    if (known.kind != step.kind) continue;
    failed_ = failed_ || step.status == StepStatus::kFailed;
    known = std::move(step);
    return;
  }
  Add(std::move(step));
}

Task<EndpointReport> Examination::Run() {
  report_.upstream = patient_.upstream;
  report_.endpoint = endpoint_.Origin() + endpoint_.prefix;
  captured_before_ = capture_.exchanges().size();
  Add({StepKind::kCredentials, StepStatus::kOk, "read"});
  if (co_await Resolve()) {
    if (secure()) {
      co_await ConnectSecurely();
    } else if (co_await ConnectPlain()) {
      for (const StepKind kind : {StepKind::kTls, StepKind::kCertificate, StepKind::kClientCertificate}) {
        Add({kind, StepStatus::kSkipped, "the endpoint is http"});
      }
    }
    if (!failed_) co_await Converse();
  }
  SkipRest(report_);
  co_return std::move(report_);
}

Task<bool> Examination::Resolve() {
  StepTime time = Begin();
  NameResolver resolver(loop_.get_executor(), endpoint_);
  ResolveResult resolved = co_await resolver.Resolve(*time);
  if (const auto* failure = std::get_if<SendFailure>(&resolved)) {
    Add({StepKind::kResolve, StepStatus::kFailed, failure->detail, FindingOfFailure(*failure)});
    co_return false;
  }
  addresses_ = std::get<std::vector<TcpAddress>>(std::move(resolved));
  std::string seen;
  for (const TcpAddress& address : addresses_) {
    absl::StrAppend(&seen, seen.empty() ? "" : ", ", address.address().to_string());
  }
  Add({StepKind::kResolve, StepStatus::kOk, std::move(seen)});
  co_return true;
}

Step ConnectStep(const std::optional<SendFailure>& failure, const TcpSocket& socket) {
  if (failure) return {StepKind::kConnect, StepStatus::kFailed, failure->detail, FindingOfFailure(*failure)};
  boost::system::error_code ignored;
  const TcpAddress peer = socket.remote_endpoint(ignored);
  return {StepKind::kConnect, StepStatus::kOk,
          absl::StrCat("to ", peer.address().to_string(), " port ", peer.port())};
}

Task<bool> Examination::ConnectPlain() {
  StepTime time = Begin();
  TcpSocket socket(loop_.get_executor());
  const std::optional<SendFailure> failure = co_await Connect(socket, addresses_, *time, clock_);
  Add(ConnectStep(failure, socket));
  co_return !failure.has_value();
}

Task<void> Examination::ConnectSecurely() {
  const auto sessions = std::make_shared<TlsSessions>();
  const auto connection = std::make_shared<TlsConnection>(loop_.get_executor(), clock_.Now(), *patient_.tls,
                                                          sessions, endpoint_.host);
  {
    StepTime time = Begin();
    const std::optional<SendFailure> failure =
        co_await Connect(connection->socket, addresses_, *time, clock_);
    Add(ConnectStep(failure, connection->socket));
    if (failure) co_return;
  }
  StepTime time = Begin();
  const std::optional<SendFailure> failure = co_await connection->Handshake(*time);
  facts_ = connection->Facts();
  connection->Close();
  const SendFailure* const why = failure ? &*failure : nullptr;
  Step tls = JudgeTls(*facts_, why);
  if (tls.status == StepStatus::kFailed && co_await SpeaksHttp()) tls.finding = Finding::kPlainHttpOnTlsPort;
  Add(std::move(tls));
  const WallTime now = clock_.WallNow();
  const std::string& name =
      patient_.tls->server_name().empty() ? endpoint_.host : patient_.tls->server_name();
  Add(JudgeServerCertificate(*facts_, why, name, now));
  if (X509* certificate = SSL_CTX_get0_certificate(patient_.tls->context()->context.get())) {
    own_ = FactsOf(certificate);
  }
  Add(JudgeClientCertificate(*facts_, why, own_, now));
}

// Whether the port answers a plain request in plain HTTP.
Task<bool> Examination::SpeaksHttp() {
  Endpoint plain = endpoint_;
  plain.scheme = "http";
  HttpEngine engine(loop_, plain, limits_, clock_);
  StepTime time = Begin();
  const HttpRequest request{"GET", "/", {}, {{"accept", "application/json"}}, ""};
  const SendResult result = co_await engine.Send(request, *time);
  co_return std::holds_alternative<HttpReply>(result);
}

// Whether the port begins a TLS handshake, whatever its certificate is.
Task<bool> Examination::SpeaksTls() {
  TlsClient client("", TlsVersion::k12);
  if (client.Replace({})) co_return false;
  const auto connection = std::make_shared<TlsConnection>(loop_.get_executor(), clock_.Now(), client,
                                                          std::make_shared<TlsSessions>(), endpoint_.host);
  StepTime time = Begin();
  if (co_await Connect(connection->socket, addresses_, *time, clock_)) co_return false;
  const std::optional<SendFailure> failure = co_await connection->Handshake(*time);
  const TlsFacts facts = connection->Facts();
  connection->Close();
  co_return !failure || !facts.chain.empty() || facts.verify_error != 0;
}

std::unique_ptr<HttpEngine> Examination::MakeEngine() const {
  if (!secure()) return std::make_unique<HttpEngine>(loop_, endpoint_, limits_, clock_);
  return std::make_unique<HttpEngine>(loop_, endpoint_, limits_, clock_, *patient_.tls);
}

// Log-on, read and clock, over the engine and the credentials that a call would use.
Task<void> Examination::Converse() {
  const std::unique_ptr<HttpEngine> engine = MakeEngine();
  CapturingTransport transport(report_.endpoint, *engine, capture_);
  const std::unique_ptr<Credentials> credentials = patient_.authentication->ForEndpoint(transport);
  HttpRequest attempt = patient_.read;
  bool may_read = true;
  if (patient_.logs_on) {
    may_read = co_await LogOn(*credentials, attempt);
  } else {
    Add({StepKind::kLogon, StepStatus::kSkipped, patient_.skipped_because});
    if (patient_.reading == Patient::Reading::kAsGateway) {
      StepTime time = Begin();
      const ApplyResult applied = co_await credentials->Apply(attempt, *time);
      may_read = std::holds_alternative<AppliedCredentials>(applied);
    }
  }
  if (patient_.reading == Patient::Reading::kNothing) {
    Add({StepKind::kRead, StepStatus::kSkipped, "there is nothing to read without a caller"});
  } else if (may_read) {
    co_await Read(transport, attempt);
  }
  if (!failed_ || LastAnswer() != nullptr) {
    if (failed_ && report_.steps.back().kind == StepKind::kLogon) {
      Add({StepKind::kRead, StepStatus::kSkipped, "an earlier step failed"});
    }
    CheckClock();
  }
  credentials->Close();
  engine->Close();
}

bool HasToken(const HttpRequest& attempt) {
  return std::any_of(attempt.query.begin(), attempt.query.end(),
                     [](const QueryParam& param) { return param.name == "csrftoken"; });
}

Task<bool> Examination::LogOn(Credentials& credentials, HttpRequest& attempt) {
  StepTime time = BeginLogon();
  const ApplyResult applied = co_await credentials.Apply(attempt, *time);
  const auto* failure = std::get_if<SendFailure>(&applied);
  Step step = JudgeLogon(patient_.upstream, LastAnswer(), failure);
  if (failure == nullptr) {
    if (patient_.upstream == Upstream::kSymphony && !HasToken(attempt)) {
      step.status = StepStatus::kWarning;
      step.finding = Finding::kNoCsrfToken;
    }
    Add(std::move(step));
    co_return true;
  }
  // The exchange says more than what the credentials made of it.
  const SendFailure* exchange = nullptr;
  if (capture_.exchanges().size() > captured_before_) {
    exchange = std::get_if<SendFailure>(&capture_.exchanges().back().result);
  }
  co_await Explain(exchange == nullptr ? *failure : *exchange, std::move(step));
  co_return false;
}

// What a 401 to the read means.
Finding Examination::Unauthorized() const {
  if (!patient_.by_certificate) return Finding::kLogonRefused;
  // A server that has not asked for a certificate is not the one that takes it for a log-on.
  return facts_ && facts_->certificate_requested ? Finding::kClientCertificateRefused : Finding::kNotLoggedOn;
}

Task<void> Examination::Read(Transport& transport, const HttpRequest& attempt) {
  StepTime time = Begin();
  const SendResult result = co_await transport.Send(attempt, *time);
  Step step;
  switch (patient_.reading) {
    case Patient::Reading::kRenewal:
      step = JudgeRenewal(result);
      break;
    case Patient::Reading::kAsNobody:
      step = JudgePresence(result, patient_.callers_log_on);
      break;
    case Patient::Reading::kAsGateway:
    case Patient::Reading::kNothing:
      step = JudgeRead(patient_.upstream, Unauthorized(), result);
  }
  const auto* failure = std::get_if<SendFailure>(&result);
  if (failure == nullptr) {
    Add(std::move(step));
  } else {
    co_await Explain(*failure, std::move(step));
  }
}

// An exchange without an answer: the cause may be a matter of an earlier step.
Task<void> Examination::Explain(const SendFailure& failure, Step step) {
  if (facts_) {
    if (auto revised = RevisedClientCertificate(*facts_, failure, own_, clock_.WallNow())) {
      Replace(*std::move(revised));
      step = {step.kind, StepStatus::kSkipped, "an earlier step failed"};
    }
  } else if (failure.kind == FailureKind::kLost || failure.kind == FailureKind::kMalformed) {
    if (co_await SpeaksTls()) {
      Replace({StepKind::kTls, StepStatus::kFailed, failure.detail, Finding::kTlsOnPlainPort});
      step = {step.kind, StepStatus::kSkipped, "an earlier step failed"};
    }
  }
  Add(std::move(step));
}

const HttpReply* Examination::LastAnswer() const {
  const auto& exchanges = capture_.exchanges();
  for (std::size_t i = exchanges.size(); i > captured_before_; --i) {
    if (const auto* reply = std::get_if<HttpReply>(&exchanges[i - 1].result)) return reply;
  }
  return nullptr;
}

void Examination::CheckClock() {
  const HttpReply* answer = LastAnswer();
  if (answer != nullptr) return Add(JudgeClock(*answer, clock_.WallNow()));
  Add({StepKind::kClock, StepStatus::kSkipped, "there was no answer to look at"});
}

}  // namespace

Task<EndpointReport> Examiner::Examine(const Patient& patient, const Endpoint& endpoint) {
  Examination examination(loop_, limits_, clock_, step_timeout_, capture_, patient, endpoint);
  EndpointReport report = co_await examination.Run();
  co_return report;
}

}  // namespace session_gateway
