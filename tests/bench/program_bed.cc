#include "tests/bench/program_bed.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/gateway/programs.h"
#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr int kInFlight = 8;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

RawServer::Script Answering(const OnceSample& sample) {
  const std::string status = sample.upstream == Upstream::kQlik ? "201 Created" : "200 OK";
  return [answer = "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " +
                   std::to_string(sample.answer.size()) + "\r\n\r\n" +
                   sample.answer](RawConnection& connection) {
    while (!connection.ReadRequest().empty()) {
      if (!connection.Send(answer)) return;
    }
  };
}

}  // namespace

class ProgramBed::Parts {
 public:
  explicit Parts(const OnceSample& sample)
      : is_qlik_(sample.upstream == Upstream::kQlik),
        upstream_(Answering(sample)),
        config_("listen:\n  address: 127.0.0.1:0\n" + Endpoints()),
        gateway_({"--config", config_.path()}),
        stub_(v1::SessionGateway::NewStub(
            grpc::CreateChannel(gateway_.address(), grpc::InsecureChannelCredentials()))) {
    session_.set_application_name("symping7.3.2");
    session_.mutable_session()->set_session_name("nightly risk");
    session_.mutable_session()->set_session_priority(5000);
    row_.mutable_execution_session()->mutable_reload_task()->set_name("nightly reload");
    if (clock_getcpuclockid(gateway_.process().pid(), &cpu_) != 0) Fail("the gateway's time cannot be read");
  }

  Duration Used() const {
    timespec time = {};
    clock_gettime(cpu_, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

  void Call(bool with_request_id) {
    const std::string id = with_request_id ? BenchRequestId(++made_) : "";
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const grpc::Status status =
        is_qlik_ ? Create(context, row_, id, &v1::SessionGateway::Stub::CreateExecutionSession)
                 : Create(context, session_, id, &v1::SessionGateway::Stub::CreateSession);
    if (!status.ok()) Fail("a call failed: " + status.error_message());
  }

 private:
  std::string Endpoints() const {
    const std::string endpoint = "http://127.0.0.1:" + std::to_string(upstream_.port());
    return is_qlik_ ? ConfigFor("", endpoint) : ConfigFor(endpoint, "");
  }

  template <typename Request, typename Response>
  grpc::Status Create(grpc::ClientContext& context, const Request& request, const std::string& id,
                      grpc::Status (v1::SessionGateway::Stub::*call)(grpc::ClientContext*, const Request&,
                                                                     Response*)) {
    Request own = request;
    if (!id.empty()) own.set_request_id(id);
    Response response;
    return (stub_.get()->*call)(&context, own, &response);
  }

  const bool is_qlik_;
  const RawServer upstream_;
  const TemporaryFile config_;
  GatewayProgram gateway_;
  const std::unique_ptr<v1::SessionGateway::Stub> stub_;
  v1::CreateSessionRequest session_;
  v1::CreateExecutionSessionRequest row_;
  clockid_t cpu_ = {};
  std::atomic<std::uint64_t> made_ = 0;
};

ProgramBed::ProgramBed(const OnceSample& sample) : parts_(std::make_unique<Parts>(sample)) {}
ProgramBed::~ProgramBed() = default;

Duration ProgramBed::Run(int calls, bool with_request_id) {
  const Duration before = parts_->Used();
  std::atomic<int> left = calls;
  std::vector<std::thread> callers;
  for (int i = 0; i < kInFlight; ++i) {
    callers.emplace_back([&] {
      while (left-- > 0) parts_->Call(with_request_id);
    });
  }
  for (std::thread& caller : callers) caller.join();
  return parts_->Used() - before;
}

}  // namespace session_gateway
