// What gRPC alone costs: an asynchronous server of one queue and one thread that takes the bytes of each
// request and gives fixed bytes back, with the notice of a caller that leaves, as the gateway's own server
// has it.
//
//   bench-echo --symphony FILE --qlik FILE     the messages of its answers; prints `port N`
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "sessiongateway/v1/session_gateway.grpc.pb.h"

namespace session_gateway::bench {
namespace {

using Base = sessiongateway::v1::SessionGateway;
using Service = Base::WithRawMethod_CreateSession<Base::WithRawMethod_CreateExecutionSession<Base::Service>>;

constexpr int kWaitingCalls = 128;  // for the next requests, of each method

enum class Kind { kSymphony, kQlik };

class Echo;

// A call has two operations at a time: its own, and the notice that it is over.
struct Tag {
  Echo* call;
  bool is_notice;
};

struct Shared {
  Service service;
  grpc::ServerCompletionQueue* queue = nullptr;
  grpc::ByteBuffer answers[2];
};

class Echo {
 public:
  Echo(Shared& shared, Kind kind) : shared_(shared), kind_(kind) {
    context_.AsyncNotifyWhenDone(&notice_);
    if (kind_ == Kind::kSymphony) {
      shared_.service.RequestCreateSession(&context_, &request_, &writer_, shared_.queue, shared_.queue,
                                           &operation_);
    } else {
      shared_.service.RequestCreateExecutionSession(&context_, &request_, &writer_, shared_.queue,
                                                    shared_.queue, &operation_);
    }
  }

  void OnEvent(bool is_notice) {
    if (!is_notice && !answered_) {
      answered_ = true;
      new Echo(shared_, kind_);  // owned by its events, as this one
      writer_.Finish(shared_.answers[static_cast<int>(kind_)], grpc::Status::OK, &operation_);
      return;
    }
    if (++ends_ == 2) delete this;
  }

 private:
  Shared& shared_;
  const Kind kind_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_{&context_};
  Tag operation_{this, false};
  Tag notice_{this, true};
  bool answered_ = false;
  int ends_ = 0;
};

grpc::ByteBuffer ReadFile(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

int Main(int argc, char** argv) {
  std::string symphony;
  std::string qlik;
  CLI::App app("gRPC alone");
  app.add_option("--symphony", symphony)->required();
  app.add_option("--qlik", qlik)->required();
  CLI11_PARSE(app, argc, argv);
  Shared shared;
  shared.answers[0] = ReadFile(symphony);
  shared.answers[1] = ReadFile(qlik);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&shared.service);
  const auto queue = builder.AddCompletionQueue();
  shared.queue = queue.get();
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  for (int i = 0; i < kWaitingCalls; ++i) {
    new Echo(shared, Kind::kSymphony);
    new Echo(shared, Kind::kQlik);
  }
  std::printf("port %d\n", port);
  std::fflush(stdout);
  void* tag = nullptr;
  bool ok = false;
  // It ends by a signal; an operation that failed is one of a caller that has left.
  while (queue->Next(&tag, &ok)) static_cast<Tag*>(tag)->call->OnEvent(static_cast<Tag*>(tag)->is_notice);
  return 0;
}

}  // namespace
}  // namespace session_gateway::bench

int main(int argc, char** argv) { return session_gateway::bench::Main(argc, argv); }
