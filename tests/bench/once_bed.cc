#include "tests/bench/once_bed.h"

#include <google/protobuf/arena.h>

#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <variant>

#include "server/credential_files.h"
#include "server/ledger/request_key.h"
#include "server/once.h"
#include "server/session_creates.h"
#include "server/upstream/make_authentication.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr std::string_view kIdentity = "spiffe://mesh.example/ns/risk/sa/nightly";

// Hands out the same answer at once.
class InstantTransport final : public Transport {
 public:
  Task<SendResult> Send(const HttpRequest&, CallContext& context) override {
    context.BeginSending();
    co_return SendResult(reply);
  }
  HttpReply reply;
};

// The create of the service, with another transport.
template <typename Create>
class InstantCreate final : public OnceCreate {
 public:
  template <typename... Arguments>
  explicit InstantCreate(InstantTransport& transport, Arguments&&... arguments)
      : transport_(transport), create_(std::forward<Arguments>(arguments)...) {}

  Transport& transport() override { return transport_; }
  const HttpRequest& request() const override { return create_.request(); }
  CreateEnd Read(SendResult& result) override { return create_.Read(result); }
  const HttpRequest* question() override { return create_.question(); }
  Found ReadQuestion(SendResult& result, CreateEnd& end) override {
    return create_.ReadQuestion(result, end);
  }

 private:
  InstantTransport& transport_;
  Create create_;
};

constexpr char kSymphonyAnswer[] =
    R"({"sessionId":593713426,"applicationName":"symping7.3.2","clusterId":"c1"})";
constexpr char kQlikBody[] =
    R"({"reloadTask":{"id":"046b6c7f-0b8a-43b9-b35d-6489e6daee91"},"abortAt":"2026-01-23T04:56:07.000Z"})";
constexpr char kQlikAnswer[] = R"({
  "id": "046b6c7f-0b8a-43b9-b35d-6489e6daee91",
  "createdDate": "2026-01-23T03:56:07.123Z", "modifiedDate": "2026-01-23T03:56:07.123Z",
  "modifiedByUserName": "INTERNAL\\sa_api", "schemaPath": "ExecutionSession", "privileges": null,
  "executingNode": {"id": "2f1c7a70-5c5c-4d56-a3f4-0d4c7f9a4c11", "name": "Central", "hostName": "qlik.example",
                    "temporaryfilepath": "C:\\Temp", "privileges": null},
  "app": {"id": "98d0f4c4-6e6f-4c2f-9b0b-7c0d7d2a7a55", "name": "Risk", "appId": "", "publishTime":
          "2025-11-01T10:00:00.000Z", "published": true, "savedInProductVersion": "12.1", "migrationHash": "0a1b2c",
          "availabilityStatus": 0, "privileges": null},
  "reloadTask": {"id": "5c3ec3f1-8a64-4f0a-9f59-0d1ad6c4b7de", "name": "nightly reload", "taskType": 0,
                 "enabled": true, "taskSessionTimeout": 1440, "maxRetries": 0, "privileges": null},
  "executionId": "00000000-0000-0000-0000-000000000000", "retries": 0,
  "abortAt": "2026-01-23T04:56:07.000Z"
})";

std::string ReadFile(const char* name) {
  std::ifstream in(std::string(SESSION_GATEWAY_SOURCE_DIR "/tests/data/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What a bench cannot go on without.
[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

template <typename T, typename Variant>
T Made(Variant made) {
  if (!std::holds_alternative<T>(made)) Fail("a part of the bench cannot be made");
  return std::get<T>(std::move(made));
}

// As the frame of an RPC makes the response.
template <typename Response>
Response* Message(google::protobuf::Arena& arena) {
  return google::protobuf::Arena::CreateMessage<Response>(&arena);
}

void RunLoop(Loop& loop, Task<void> task) {
  boost::asio::co_spawn(loop, std::move(task), [](const std::exception_ptr& exception) {
    if (exception) std::rethrow_exception(exception);
  });
  loop.restart();
  loop.run();
}

}  // namespace

class OnceBed::Parts {
 public:
  Parts(const OnceSample& sample, const Clock& clock, Ledger& ledger);

  Task<void> Plain(int calls);
  Task<void> Once(int calls, std::uint64_t first, Outcome expected, bool replayed);
  Task<void> Fill(int entries, std::uint64_t first);

  bool is_qlik() const { return upstream_ == Upstream::kQlik; }
  std::string_view method() const { return is_qlik() ? "CreateExecutionSession" : "CreateSession"; }

  Loop loop_{1};
  const Upstream upstream_;
  const Clock& clock_;
  Ledger& ledger_;
  SystemRandom random_;
  CredentialFiles files_{loop_, clock_, std::chrono::seconds(5), [](auto&&...) {}};
  CreateSessionTranslator symphony_;
  CreateExecutionSessionTranslator qlik_;
  UpstreamStack stack_;  // of it: whose credentials they are
  JsonReader reader_;
  Exchanges exchanges_;
  session_gateway::Once once_;
  CallerIdentities identities_;
  InstantTransport transport_;
  HttpRequest request_;
  Caller caller_;
  ContentHash content_ = {};
  std::uint64_t made_ = 0;

 private:
  CallContext& Begin(std::optional<CallContext>& context) const {
    context.emplace(clock_.Now() + std::chrono::seconds(20));
    context->set_caller(caller_);
    return *context;
  }
  template <typename Create>
  std::unique_ptr<OnceCreate> MakeCreate(const std::string& id,
                                         std::shared_ptr<typename Create::Place> place);
  template <typename Create, typename Response>
  Task<CreateEnd> RunOnce(std::uint64_t number, Response& response);
  template <typename Response>
  Task<std::optional<RpcError>> RunPlain(Response& response);
  template <typename Response>
  std::optional<RpcError> Read(SendResult& result, Response& response);
};

OnceBed::Parts::Parts(const OnceSample& sample, const Clock& clock, Ledger& ledger)
    : upstream_(sample.upstream),
      clock_(clock),
      ledger_(ledger),
      symphony_(Made<CreateSessionTranslator>(CreateSessionTranslator::Make(DeclaredOptions))),
      qlik_(Made<CreateExecutionSessionTranslator>(CreateExecutionSessionTranslator::Make(DeclaredOptions))),
      stack_({loop_, clock, random_}, {{"http", "127.0.0.1", 1, ""}}, {},
             Made<std::unique_ptr<Authentication>>(MakeSymphonyAuthentication(
                 {}, {loop_, clock, random_, files_,
                      [](const std::string&) { return std::optional<Secret>(); }})),
             [](std::string_view, EndpointEvent) {}),
      exchanges_(loop_, clock, std::chrono::seconds(10)),
      once_(exchanges_, clock, ledger, OncePauses()),
      identities_(KeyedHash(random_)) {
  caller_.identity = kIdentity;
  request_.method = "POST";
  request_.path = is_qlik() ? "/qrs/executionsession" : "/platform/rest/symrest/v1/clientapi/session";
  request_.headers = {{"content-type", "application/json"}};
  request_.body = sample.body;
  if (!is_qlik()) request_.query = {{"applicationName", "symping7.3.2"}};
  request_.repeat = Repeat::kOnlyIfNotSent;
  content_ = ContentOf(request_);
  transport_.reply.status = is_qlik() ? 201 : 200;
  transport_.reply.body = sample.answer;
  transport_.reply.endpoint = "http://127.0.0.1:8050";
}

template <>
std::optional<RpcError> OnceBed::Parts::Read(SendResult& result, v1::CreateSessionResponse& response) {
  return symphony_.Response(result, CredentialOwner::kGateway, reader_, response);
}

template <>
std::optional<RpcError> OnceBed::Parts::Read(SendResult& result,
                                             v1::CreateExecutionSessionResponse& response) {
  return qlik_.Response(result, reader_, response);
}

template <>
std::unique_ptr<OnceCreate> OnceBed::Parts::MakeCreate<SymphonyCreate>(
    const std::string&, std::shared_ptr<SymphonyCreate::Place> place) {
  return std::make_unique<InstantCreate<SymphonyCreate>>(
      transport_, CreateParts<CreateSessionTranslator>{symphony_, stack_, reader_}, HttpRequest(request_),
      std::move(place));
}

template <>
std::unique_ptr<OnceCreate> OnceBed::Parts::MakeCreate<QlikCreate>(const std::string& id,
                                                                   std::shared_ptr<QlikCreate::Place> place) {
  return std::make_unique<InstantCreate<QlikCreate>>(
      transport_, CreateParts<CreateExecutionSessionTranslator>{qlik_, stack_, reader_},
      HttpRequest(request_), std::move(place), DerivedRowId(kIdentity, id), false);
}

// As SessionService does it.
template <typename Create, typename Response>
Task<CreateEnd> OnceBed::Parts::RunOnce(std::uint64_t number, Response& response) {
  std::optional<CallContext> holder;
  CallContext& context = Begin(holder);
  const std::string id = BenchRequestId(number);
  const std::string identity = identities_.Of(context.caller(), Secret());
  auto place = std::make_shared<typename Create::Place>();
  place->waiting = &response;
  OnceCall call{.method = method(),
                .upstream = upstream_,
                .key = RequestKey(method(), identity, id),
                .content = content_,
                .create = MakeCreate<Create>(id, place)};
  bool lingers = false;
  const std::function<session_gateway::Once::LateEnd()> make_late_end =
      [&lingers]() -> session_gateway::Once::LateEnd {
    lingers = true;
    return [](const CreateEnd&, std::string_view, Duration) {};
  };
  CreateEnd end = co_await once_.Run(std::move(call), context, make_late_end);
  const bool has_answer = place->has_answer && !end.replayed;
  if (!end.error && !has_answer && !response.ParseFromString(end.response)) {
    Fail("the ledger holds no answer");
  }
  if (!end.error && end.replayed) response.set_replayed(true);
  place->waiting = nullptr;
  co_return end;
}

template <typename Response>
Task<std::optional<RpcError>> OnceBed::Parts::RunPlain(Response& response) {
  std::optional<CallContext> holder;
  CallContext& context = Begin(holder);
  bool lingers = false;
  const std::function<Exchanges::LateEnd()> make_late_end = [&lingers]() -> Exchanges::LateEnd {
    lingers = true;
    return [](LateResult&) {};
  };
  SendResult result = co_await exchanges_.Send(transport_, HttpRequest(request_), context, make_late_end);
  co_return Read(result, response);
}

Task<void> OnceBed::Parts::Once(int calls, std::uint64_t first, Outcome expected, bool replayed) {
  for (int i = 0; i < calls; ++i) {
    google::protobuf::Arena arena;
    const std::uint64_t number = first + static_cast<std::uint64_t>(i);
    CreateEnd end;
    if (is_qlik()) {
      end = co_await RunOnce<QlikCreate>(number, *Message<v1::CreateExecutionSessionResponse>(arena));
    } else {
      end = co_await RunOnce<SymphonyCreate>(number, *Message<v1::CreateSessionResponse>(arena));
    }
    if (OutcomeOf(end) != expected || end.replayed != replayed) Fail("a call ended otherwise");
  }
}

Task<void> OnceBed::Parts::Plain(int calls) {
  for (int i = 0; i < calls; ++i) {
    google::protobuf::Arena arena;
    std::optional<RpcError> error;
    if (is_qlik()) {
      error = co_await RunPlain(*Message<v1::CreateExecutionSessionResponse>(arena));
    } else {
      error = co_await RunPlain(*Message<v1::CreateSessionResponse>(arena));
    }
    if (error) Fail("a call failed");
  }
}

Task<void> OnceBed::Parts::Fill(int entries, std::uint64_t first) {
  SendResult result(transport_.reply);
  const std::unique_ptr<OnceCreate> create =
      is_qlik() ? MakeCreate<QlikCreate>(BenchRequestId(0), std::make_shared<QlikCreate::Place>())
                : MakeCreate<SymphonyCreate>(BenchRequestId(0), std::make_shared<SymphonyCreate::Place>());
  const std::string record = EndingRecord(method(), create->Read(result));
  for (int i = 0; i < entries; ++i) {
    CallContext context(TimePoint::max());
    const std::string key =
        RequestKey(method(), kIdentity, BenchRequestId(first + static_cast<std::uint64_t>(i)));
    const ClaimResult claimed = co_await ledger_.Claim(key, content_, context);
    const auto* const claim = std::get_if<LedgerClaim>(&claimed);
    if (claim == nullptr) Fail("the ledger is full");
    co_await ledger_.Remember(*claim, record);
  }
}

std::string BenchRequestId(std::uint64_t number) {
  std::string id = "10000000-0000-4000-8000-000000000000";
  for (std::size_t i = id.size(); number > 0; number /= 16) id[--i] = "0123456789abcdef"[number % 16];
  return id;
}

OnceSample SymphonySample() { return {Upstream::kSymphony, ReadFile("symphony.json"), kSymphonyAnswer}; }

OnceSample QlikSample() { return {Upstream::kQlik, kQlikBody, kQlikAnswer}; }

OnceSample LargestQlikSample() {
  const std::string row = ReadFile("qlik.json");
  return {Upstream::kQlik, row, row};
}

OnceBed::OnceBed(const OnceSample& sample, const Clock& clock, Ledger& ledger)
    : parts_(std::make_unique<Parts>(sample, clock, ledger)) {}

OnceBed::~OnceBed() {
  parts_->stack_.Close();
  parts_->loop_.restart();
  parts_->loop_.run();
}

void OnceBed::Plain(int calls) { RunLoop(parts_->loop_, parts_->Plain(calls)); }

void OnceBed::Once(int calls) {
  const std::uint64_t first = parts_->made_;
  parts_->made_ += static_cast<std::uint64_t>(calls);
  RunLoop(parts_->loop_, parts_->Once(calls, first, Outcome::kDone, false));
}

void OnceBed::Repeat(int calls) {
  const std::uint64_t first = parts_->made_ - static_cast<std::uint64_t>(calls);
  RunLoop(parts_->loop_, parts_->Once(calls, first, Outcome::kDone, true));
}

void OnceBed::Refused(int calls) {
  const int status = std::exchange(parts_->transport_.reply.status, 400);
  const std::uint64_t first = parts_->made_;
  parts_->made_ += static_cast<std::uint64_t>(calls);
  RunLoop(parts_->loop_, parts_->Once(calls, first, Outcome::kRefused, false));
  parts_->transport_.reply.status = status;
}

void OnceBed::Content(int calls) {
  for (int i = 0; i < calls; ++i) {
    if (ContentOf(parts_->request_) != parts_->content_) Fail("a content has another hash");
  }
}

void OnceBed::Fill(int entries) {
  const std::uint64_t first = parts_->made_;
  parts_->made_ += static_cast<std::uint64_t>(entries);
  RunLoop(parts_->loop_, parts_->Fill(entries, first));
}

}  // namespace session_gateway
