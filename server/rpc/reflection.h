// grpc.reflection: which services there are, and the files that describe their messages, from the descriptors
// that are linked in. The requests of a stream are answered one by one.
//
// Thread rule: one loop thread. Never here: the bytes of the messages (reflection_messages.h), how calls come
// and end.
#pragma once

#include <google/protobuf/descriptor.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/rpc/generic_method.h"
#include "server/rpc/reflection_messages.h"

namespace session_gateway {

class Reflection {
 public:
  explicit Reflection(std::vector<std::string> services) : services_(std::move(services)) {}
  Reflection(const Reflection&) = delete;
  Reflection& operator=(const Reflection&) = delete;

  // The logic of a call; the call outlives it, and so does this object.
  std::unique_ptr<GenericMethod> Answer(GenericStream& call);

 private:
  class Answering;

  std::string AnswerTo(const ReflectionRequest& request);
  // With all that it imports, each once, itself first.
  std::string FilesOf(const google::protobuf::FileDescriptor* file, std::string_view problem);
  std::string ExtensionNumbers(const std::string& type) const;
  const std::string& BytesOf(const google::protobuf::FileDescriptor& file);

  const google::protobuf::DescriptorPool& pool_ = *google::protobuf::DescriptorPool::generated_pool();
  const std::vector<std::string> services_;
  // Those that were asked for; bounded by the pool.
  std::map<const google::protobuf::FileDescriptor*, std::string> files_;
};

}  // namespace session_gateway
