// What messages and their translation cost alone, in one thread and in memory that stays: nanoseconds of the
// processor for each part of a call, as JSON.
//
//   bench-parts DIR     DIR as `bench-messages make` fills it
#include <google/protobuf/arena.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "translator/create_execution_session.h"
#include "translator/create_session.h"

namespace session_gateway::bench {
namespace {

namespace v1 = sessiongateway::v1;

constexpr int kBatches = 15;
constexpr double kBatchNs = 8e6;
constexpr std::size_t kPadding = 64;  // that the parser reads beyond a text

std::string ReadFile(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

double Now() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// The median of some batches, each long enough for the clock.
double NanosecondsOf(const std::function<void()>& work) {
  int count = 1;
  for (;; count *= 2) {
    const double begin = Now();
    for (int i = 0; i < count; ++i) work();
    if (Now() - begin > kBatchNs) break;
  }
  std::vector<double> batches;
  for (int batch = 0; batch < kBatches; ++batch) {
    const double begin = Now();
    for (int i = 0; i < count; ++i) work();
    batches.push_back((Now() - begin) / count);
  }
  std::sort(batches.begin(), batches.end());
  return batches[batches.size() / 2];
}

template <typename Translator>
Translator Made() {
  auto made = Translator::Make(DeclaredOptions);
  if (!std::holds_alternative<Translator>(made)) Fail("no translator");
  return std::get<Translator>(std::move(made));
}

auto RequestOf(const CreateSessionTranslator& translator, const v1::CreateSessionRequest& message) {
  return translator.Request(message, CsrfTokenFrom::kGateway, {});
}
auto RequestOf(const CreateExecutionSessionTranslator& translator,
               const v1::CreateExecutionSessionRequest& message) {
  return translator.Request(message, "");
}
auto ResponseOf(const CreateSessionTranslator& translator, SendResult& result, JsonReader& reader,
                v1::CreateSessionResponse& response) {
  return translator.Response(result, CredentialOwner::kGateway, reader, response);
}
auto ResponseOf(const CreateExecutionSessionTranslator& translator, SendResult& result, JsonReader& reader,
                v1::CreateExecutionSessionResponse& response) {
  return translator.Response(result, reader, response);
}

template <typename Translator, typename Request, typename Response>
nlohmann::json Parts(const std::string& stem, int status) {
  const auto translator = Made<Translator>();
  const std::string bytes = ReadFile(stem + ".request");
  Request request;
  if (bytes.empty() || !request.ParseFromString(bytes)) Fail("no request");
  HttpReply reply;
  reply.status = status;
  reply.endpoint = "http://127.0.0.1:1";
  reply.body = ReadFile(stem + ".json");
  reply.body.reserve(reply.body.size() + kPadding);
  SendResult result = std::move(reply);
  JsonReader reader;
  Response response;
  if (ResponseOf(translator, result, reader, response)) Fail("no response");
  // An arena whose first block is reused, as a server does that keeps one for each call.
  std::vector<char> block(256 * 1024);
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  google::protobuf::Arena arena(options);
  std::string out;
  nlohmann::json parts;
  parts["parse"] = NanosecondsOf([&] {
    google::protobuf::Arena::CreateMessage<Request>(&arena)->ParseFromString(bytes);
    arena.Reset();
  });
  parts["serialize"] = NanosecondsOf([&] { response.SerializeToString(&out); });
  parts["to_rest"] = NanosecondsOf([&] {
    if (RequestOf(translator, request).index() != 0) Fail("refused");
  });
  parts["from_rest"] = NanosecondsOf([&] {
    auto* const message = google::protobuf::Arena::CreateMessage<Response>(&arena);
    if (ResponseOf(translator, result, reader, *message)) Fail("unreadable");
    arena.Reset();
  });
  return parts;
}

int Main(const std::string& directory) {
  nlohmann::json parts;
  parts["symphony"] = Parts<CreateSessionTranslator, v1::CreateSessionRequest, v1::CreateSessionResponse>(
      directory + "/symphony", 200);
  parts["qlik"] = Parts<CreateExecutionSessionTranslator, v1::CreateExecutionSessionRequest,
                        v1::CreateExecutionSessionResponse>(directory + "/qlik", 201);
  std::puts(parts.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace session_gateway::bench

int main(int argc, char** argv) { return argc == 2 ? session_gateway::bench::Main(argv[1]) : 2; }
