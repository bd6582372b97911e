// The messages of the bench, made from tests/data/, and what peers need to know of the contract.
//
//   bench-messages make DIR [--bytes N]     DIR/{symphony,qlik}.{request,reply,json,body}: the message of a
//   call and
//                                           of its answer, and the JSON text of the upstream's and the
//                                           gateway's. With a number the bodies have so many bytes, of more
//                                           of the same elements
//   bench-messages show symphony|qlik FILE  a reply as JSON
//   bench-messages descriptor FILE          the contract with the HTTP rules and JSON names that a generic
//   transcoder
//                                           needs; with --whole-answer for one that takes the upstream's
//                                           answer for the message itself, not for a field of it
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "server/client/json_tree.h"
#include "server/client/rest_body.h"
#include "sessiongateway/v1/rest_options.pb.h"
#include "sessiongateway/v1/session_gateway.pb.h"
#include "tests/bench/load/byte_stream.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"

namespace session_gateway::bench {
namespace {

namespace v1 = sessiongateway::v1;
namespace pb = google::protobuf;

constexpr char kSymphonyAnswer[] =
    R"({"sessionId":"593713426","applicationName":"symping7.3.2","clusterId":"c1"})";
constexpr int kHttpRule = 72295728;  // google.api.http, an extension of MethodOptions

std::string ReadFile(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  if (!in) Fail(name + " cannot be read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void WriteFile(const std::string& name, const std::string& bytes) {
  std::ofstream(name, std::ios::binary | std::ios::trunc) << bytes;
}

// More elements of the list, like its first, until the text is as long.
std::string Grown(const std::string& text, const nlohmann::ordered_json::json_pointer& list,
                  std::size_t bytes) {
  nlohmann::ordered_json body = nlohmann::ordered_json::parse(text);
  nlohmann::ordered_json& elements = body[list];
  const nlohmann::ordered_json element = elements[0];
  for (std::size_t size = body.dump().size(); size < bytes; size += element.dump().size() + 1) {
    elements.push_back(element);
  }
  return body.dump();
}

void Fill(std::string text, pb::Message& message) {
  std::variant<JsonNode, JsonFault> read = ParseJsonObject(text);
  if (!std::holds_alternative<JsonNode>(read)) Fail("a body cannot be read");
  for (const BodyProblem& problem : FillFromRestBody(std::get<JsonNode>(std::move(read)), message)) {
    Fail(problem.place + ": " + problem.rule);
  }
}

template <typename Translator>
Translator Made() {
  auto made = Translator::Make(DeclaredOptions);
  if (!std::holds_alternative<Translator>(made)) Fail("no translator");
  return std::get<Translator>(std::move(made));
}

void WriteAll(const std::string& stem, const pb::Message& request, const pb::Message& reply,
              const std::string& answer, const std::variant<HttpRequest, RpcError>& made) {
  if (!std::holds_alternative<HttpRequest>(made)) Fail("the translator refuses the message");
  WriteFile(stem + ".request", request.SerializeAsString());
  WriteFile(stem + ".reply", reply.SerializeAsString());
  WriteFile(stem + ".json", answer);
  WriteFile(stem + ".body", std::get<HttpRequest>(made).body);
}

void Make(const std::string& directory, std::size_t bytes) {
  const std::string data = SESSION_GATEWAY_SOURCE_DIR "/tests/data/";
  std::string session = ReadFile(data + "symphony.json");
  std::string row = ReadFile(data + "qlik.json");
  if (bytes > 0) session = Grown(session, "/dockerMountDefinition"_json_pointer, bytes);
  // Without the spaces of the file, as a server writes it.
  row = bytes > 0 ? Grown(row, "/executionResult/details"_json_pointer, bytes)
                  : nlohmann::ordered_json::parse(row).dump();
  v1::CreateSessionRequest symphony;
  symphony.set_application_name("symping7.3.2");
  symphony.set_cluster_id("c1");
  Fill(session, *symphony.mutable_session());
  v1::CreateSessionResponse session_reply;
  session_reply.set_session_id("593713426");
  session_reply.set_application_name("symping7.3.2");
  session_reply.set_cluster_id("c1");
  WriteAll(directory + "/symphony", symphony, session_reply, kSymphonyAnswer,
           Made<CreateSessionTranslator>().Request(symphony, CsrfTokenFrom::kGateway, {}));
  v1::CreateExecutionSessionRequest qlik;
  qlik.set_privileges(true);
  Fill(row, *qlik.mutable_execution_session());
  v1::CreateExecutionSessionResponse row_reply;
  *row_reply.mutable_execution_session() = qlik.execution_session();
  WriteAll(directory + "/qlik", qlik, row_reply, row,
           Made<CreateExecutionSessionTranslator>().Request(qlik, ""));
}

void Show(const std::string& kind, const std::string& file) {
  v1::CreateSessionResponse session;
  v1::CreateExecutionSessionResponse row;
  pb::Message& message = kind == "qlik" ? static_cast<pb::Message&>(row) : session;
  if (!message.ParseFromString(ReadFile(file))) Fail("no message");
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!pb::util::MessageToJsonString(message, &text, options).ok()) Fail("no JSON");
  std::puts(text.c_str());
}

void SetJsonNames(pb::DescriptorProto& message) {
  for (pb::FieldDescriptorProto& field : *message.mutable_field()) {
    const v1::RestField& rest = field.options().GetExtension(v1::rest);
    // Inside TypedValue the name is that of a type, which JSON of protobuf has no place for.
    if (!rest.name().empty() && message.name() != "TypedValue") field.set_json_name(rest.name());
  }
  for (pb::DescriptorProto& nested : *message.mutable_nested_type()) SetJsonNames(nested);
}

std::string HttpRule(const std::string& path, const std::string& body, const std::string& response_body) {
  pb::UnknownFieldSet rule;
  rule.AddLengthDelimited(4, path);  // post
  rule.AddLengthDelimited(7, body);
  if (!response_body.empty()) rule.AddLengthDelimited(12, response_body);
  std::string bytes;
  rule.SerializeToString(&bytes);
  return bytes;
}

void SetHttpRules(bool whole_answer, pb::ServiceDescriptorProto& service) {
  for (pb::MethodDescriptorProto& method : *service.mutable_method()) {
    const std::string rule =
        method.name() == "CreateSession"
            ? HttpRule("/platform/rest/symrest/v1/clientapi/session", "session", "")
            : HttpRule("/qrs/executionsession", "execution_session", "execution_session");
    if (whole_answer && method.name() == "CreateExecutionSession") {
      method.set_output_type(".sessiongateway.v1.ExecutionSession");
    }
    pb::MethodOptions& options = *method.mutable_options();
    options.GetReflection()->MutableUnknownFields(&options)->AddLengthDelimited(kHttpRule, rule);
  }
}

// The files that a file imports come before it.
void AddFile(const pb::FileDescriptor& file, bool whole_answer, pb::FileDescriptorSet& set) {
  for (const pb::FileDescriptorProto& there : set.file()) {
    if (there.name() == file.name()) return;
  }
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), whole_answer, set);
  pb::FileDescriptorProto& added = *set.add_file();
  file.CopyTo(&added);
  if (file.package() != "sessiongateway.v1") return;
  for (pb::DescriptorProto& message : *added.mutable_message_type()) SetJsonNames(message);
  for (pb::ServiceDescriptorProto& service : *added.mutable_service()) SetHttpRules(whole_answer, service);
}

void WriteDescriptor(const std::string& name, bool whole_answer) {
  pb::FileDescriptorSet set;
  const pb::FileDescriptor* const file =
      pb::DescriptorPool::generated_pool()->FindFileByName("sessiongateway/v1/session_gateway.proto");
  if (file == nullptr) Fail("no contract");
  AddFile(*file, whole_answer, set);
  WriteFile(name, set.SerializeAsString());
}

int Main(int argc, char** argv) {
  CLI::App app("The messages of the bench");
  app.require_subcommand(1);
  std::string directory;
  std::size_t bytes = 0;
  CLI::App& make = *app.add_subcommand("make");
  make.add_option("directory", directory)->required();
  make.add_option("--bytes", bytes);
  std::string kind;
  std::string file;
  CLI::App& show = *app.add_subcommand("show");
  show.add_option("kind", kind)->required();
  show.add_option("file", file)->required();
  CLI::App& descriptor = *app.add_subcommand("descriptor");
  descriptor.add_option("file", file)->required();
  bool whole_answer = false;
  descriptor.add_flag("--whole-answer", whole_answer);
  CLI11_PARSE(app, argc, argv);
  if (make) Make(directory, bytes);
  if (show) Show(kind, file);
  if (descriptor) WriteDescriptor(file, whole_answer);
  return 0;
}

}  // namespace
}  // namespace session_gateway::bench

int main(int argc, char** argv) { return session_gateway::bench::Main(argc, argv); }
