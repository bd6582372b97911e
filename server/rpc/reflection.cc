#include "server/rpc/reflection.h"

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/support/status.h>

#include <set>
#include <string_view>

namespace session_gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using Kind = ReflectionRequest::Kind;

// No name that is linked in is as long. The pool looks for each part of a dotted name, and the loop waits.
constexpr std::size_t kNameSizeMax = 512;

std::string NotFound(std::string_view message) { return ErrorAnswer(grpc::StatusCode::NOT_FOUND, message); }

}  // namespace

class Reflection::Answering final : public GenericMethod {
 public:
  Answering(Reflection& reflection, GenericStream& call) : reflection_(reflection), call_(call) {}

  bool is_stream() const override { return true; }
  void Begin() override { call_.Read(); }
  void OnMessage(const std::string& message) override {
    const std::optional<ReflectionRequest> request = ParseReflectionRequest(message);
    if (!request) {
      return call_.Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "could not parse request"));
    }
    call_.Write(ReflectionResponse(request->host, message, reflection_.AnswerTo(*request)));
  }
  void OnNoMessage() override { call_.Finish(grpc::Status::OK); }
  void OnWritten() override { call_.Read(); }

 private:
  Reflection& reflection_;
  GenericStream& call_;
};

std::unique_ptr<GenericMethod> Reflection::Answer(GenericStream& call) {
  return std::make_unique<Answering>(*this, call);
}

std::string Reflection::AnswerTo(const ReflectionRequest& request) {
  // What has no name is not found either.
  const std::string name = request.name.size() > kNameSizeMax ? std::string() : request.name;
  switch (request.kind) {
    case Kind::kFileByFilename:
      return FilesOf(pool_.FindFileByName(name), "File not found.");
    case Kind::kFileContainingSymbol:
      return FilesOf(pool_.FindFileContainingSymbol(name), "Symbol not found.");
    case Kind::kFileContainingExtension: {
      const Descriptor* const type = pool_.FindMessageTypeByName(name);
      if (type == nullptr) return NotFound("Type not found.");
      const FieldDescriptor* const extension = pool_.FindExtensionByNumber(type, request.extension_number);
      return FilesOf(extension == nullptr ? nullptr : extension->file(), "Extension not found.");
    }
    case Kind::kAllExtensionNumbersOfType:
      return ExtensionNumbers(name);
    case Kind::kListServices:
      return ServicesAnswer(services_);
    case Kind::kNone:
      break;
  }
  return ErrorAnswer(grpc::StatusCode::UNIMPLEMENTED, "");
}

std::string Reflection::ExtensionNumbers(const std::string& type_name) const {
  const Descriptor* const type = pool_.FindMessageTypeByName(type_name);
  if (type == nullptr) return NotFound("Type not found.");
  std::vector<const FieldDescriptor*> extensions;
  pool_.FindAllExtensions(type, &extensions);
  std::vector<std::int32_t> numbers;
  for (const FieldDescriptor* const extension : extensions) numbers.push_back(extension->number());
  return ExtensionNumbersAnswer(type_name, numbers);
}

std::string Reflection::FilesOf(const FileDescriptor* file, std::string_view problem) {
  if (file == nullptr) return NotFound(problem);
  std::vector<std::string_view> files;
  std::set<const FileDescriptor*> seen = {file};
  // What is seen grows while it is gone through: bounded by the files that are linked in.
  std::vector<const FileDescriptor*> waiting = {file};
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    files.push_back(BytesOf(*waiting[i]));
    for (int j = 0; j < waiting[i]->dependency_count(); ++j) {
      const FileDescriptor* const imported = waiting[i]->dependency(j);
      if (seen.insert(imported).second) waiting.push_back(imported);
    }
  }
  return FileDescriptorsAnswer(files);
}

const std::string& Reflection::BytesOf(const FileDescriptor& file) {
  std::string& bytes = files_[&file];
  if (bytes.empty()) {
    google::protobuf::FileDescriptorProto proto;
    file.CopyTo(&proto);
    bytes = proto.SerializeAsString();
  }
  return bytes;
}

}  // namespace session_gateway
